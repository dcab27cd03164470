use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::{Event, FieldName, Map, Str, Value};

/// Which of upstream's JSON readers to follow for the width of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberStyle {
    /// json-simple (messages between stages): `Long` and `Double` only.
    Simple,
    /// Jackson (configuration, envelopes, model answers): `Int` where it fits, else `Long`.
    Jackson,
}

/// Bytes that are not the JSON that was expected.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(#[from] serde_json::Error);

/// Reads one JSON value.
///
/// # Errors
/// When the bytes are not exactly one JSON value, or nest deeper than 128 levels.
pub fn read_value(bytes: &[u8], numbers: NumberStyle) -> Result<Value, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = ValueSeed(numbers).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

pub(crate) fn read_event(bytes: &[u8], numbers: NumberStyle) -> Result<Event, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let event = EventSeed(numbers).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(event)
}

struct EventSeed(NumberStyle);

impl<'de> DeserializeSeed<'de> for EventSeed {
    type Value = Event;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Event, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EventSeed {
    type Value = Event;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Event, A::Error> {
        let mut event = Event::with_capacity(24);
        while let Some(name) = access.next_key_seed(StrSeed)? {
            let value = access.next_value_seed(ValueSeed(self.0))?;
            event.set(FieldName::from(name), value);
        }
        Ok(event)
    }
}

/// Text straight into a [`Str`], without a `String` in between.
struct StrSeed;

impl<'de> DeserializeSeed<'de> for StrSeed {
    type Value = Str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Str, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for StrSeed {
    type Value = Str;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Str, E> {
        Ok(Str::new(text))
    }
}

#[derive(Clone, Copy)]
struct ValueSeed(NumberStyle);

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(match (self.0, i32::try_from(number)) {
            (NumberStyle::Jackson, Ok(small)) => Value::Int(small),
            _ => Value::Long(number),
        })
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        match i64::try_from(number) {
            Ok(fits) => self.visit_i64(fits),
            Err(_) => Ok(Value::BigInt(smol_str::format_smolstr!("{number}"))),
        }
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Double(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Str(Str::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_element_seed(self)? {
            members.push(member);
        }
        Ok(Value::list(members))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key_seed(StrSeed)? {
            let value = access.next_value_seed(self)?;
            map.insert(Value::Str(key), value);
        }
        if map.len() > MAX_MEMBERS {
            return Err(A::Error::custom("object has too many members"));
        }
        Ok(Value::map(map))
    }
}

/// More members than any record of a sane size holds.
const MAX_MEMBERS: usize = 1 << 20;

impl Value {
    /// The value as `serde_json` has it; objects become text, NaN and infinity null.
    pub fn to_serde(&self) -> serde_json::Value {
        serde_json::from_str(&self.to_json()).unwrap_or(serde_json::Value::Null)
    }

    /// From a `serde_json` value, with the number widths of `numbers`.
    pub fn from_serde(json: &serde_json::Value, numbers: NumberStyle) -> Value {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(truth) => Value::Bool(*truth),
            serde_json::Value::Number(number) => {
                let seed = ValueSeed(numbers);
                let read: Result<Value, serde_json::Error> = if let Some(whole) = number.as_i64() {
                    seed.visit_i64(whole)
                } else if let Some(whole) = number.as_u64() {
                    seed.visit_u64(whole)
                } else {
                    Ok(Value::Double(number.as_f64().unwrap_or(f64::NAN)))
                };
                read.unwrap_or(Value::Null)
            }
            serde_json::Value::String(text) => Value::str(text),
            serde_json::Value::Array(members) => Value::list(
                members
                    .iter()
                    .map(|member| Value::from_serde(member, numbers))
                    .collect(),
            ),
            serde_json::Value::Object(members) => Value::map(
                members
                    .iter()
                    .map(|(key, value)| (Value::str(key), Value::from_serde(value, numbers)))
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_widths_follow_the_reader() {
        let read = |style| read_value(b"[1,2147483648,1.5,18446744073709551615]", style).unwrap();
        let simple = read(NumberStyle::Simple);
        let jackson = read(NumberStyle::Jackson);
        let types = |value: &Value| match value {
            Value::List(members) => members.iter().map(Value::type_name).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        assert_eq!(types(&simple), ["Long", "Long", "Double", "BigInteger"]);
        assert_eq!(types(&jackson), ["Integer", "Long", "Double", "BigInteger"]);
    }

    #[test]
    fn an_event_reads_back_what_it_wrote() {
        let text = r#"{"a":"x\/y","b":null,"c":[1,{"d":true}],"e":1.5}"#;
        let event = Event::read_json(text.as_bytes(), NumberStyle::Simple).unwrap();
        assert_eq!(event.to_json(), text);
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        for bad in [
            "",
            "[]",
            "1",
            "{\"a\":1} x",
            "{\"a\":",
            "\u{0}",
            "{\"a\":1,}",
        ] {
            assert!(
                Event::read_json(bad.as_bytes(), NumberStyle::Simple).is_err(),
                "{bad}"
            );
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        assert!(Event::read_json(deep.as_bytes(), NumberStyle::Simple).is_err());
        assert!(Event::read_json(b"{\"a\":\"\xff\"}", NumberStyle::Simple).is_err());
    }
}
