//! Deserializers that are as lenient as upstream's JSON reader where it is harmless to be so.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

struct ScalarText(String);

impl<'de> Deserialize<'de> for ScalarText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = ScalarText;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ScalarText, E> {
        Ok(ScalarText(text.to_owned()))
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<ScalarText, E> {
        Ok(ScalarText(truth.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<ScalarText, E> {
        Ok(ScalarText(number.to_string()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<ScalarText, E> {
        Ok(ScalarText(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<ScalarText, E> {
        Ok(ScalarText(format!("{number:?}")))
    }
}

/// A text; a number or boolean in its place is read as the text it is written with, as upstream does.
///
/// # Errors
/// When there is neither.
pub fn scalar_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    ScalarText::deserialize(deserializer).map(|text| text.0)
}

pub(crate) fn optional_scalar_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = Option::<ScalarText>::deserialize(deserializer)?;
    Ok(text.map(|text| text.0))
}

/// The default where the document says `null`.
///
/// # Errors
/// When there is a value of another type.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
