//! Bro's (Zeek's) logs in JSON form.

use std::fmt::Write;

use alidade_event::{Event, FieldName, Map, Value, field};
use alidade_stellar::ConfigProblem;

use super::{MessageParser, Run, Setup};
use crate::charset::Charset;
use crate::java_order::{self, Filled};
use crate::json;

#[derive(Debug)]
struct BroParser {
    charset: Charset,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let charset = setup.charset().map_err(|problem| vec![problem])?;
    Ok(Box::new(BroParser { charset }))
}

/// Old and new names; of several old ones, the first that is there is renamed.
const RENAMED: [(&str, [&str; 2]); 4] = [
    (field::IP_SRC_ADDR, ["source_ip", "id.orig_h"]),
    (field::IP_DST_ADDR, ["dest_ip", "id.resp_h"]),
    (field::IP_SRC_PORT, ["source_port", "id.orig_p"]),
    (field::IP_DST_PORT, ["dest_port", "id.resp_p"]),
];
/// Lists whose first member stands in for an address that is missing.
const HOST_LISTS: [(&str, &str); 2] = [
    (field::IP_SRC_ADDR, "tx_hosts"),
    (field::IP_DST_ADDR, "rx_hosts"),
];

fn parse_message(text: &str) -> Result<Event, String> {
    let outer = json::read_event(text, json::SIMPLE)?;
    let outer: Event = outer
        .into_iter()
        .map(|(name, value)| (cleaned(&name), value))
        .collect();
    let (protocol, mut event) = match outer.get("type") {
        Some(Value::Str(protocol)) => (protocol.to_string(), outer.clone()),
        Some(_) => return Err("the field type holds no text".to_owned()),
        None => {
            let (protocol, payload) = first_entry(&outer).ok_or("the object is empty")?;
            (protocol, payload?)
        }
    };
    if event.iter().any(|(_, value)| value.is_null()) {
        return Err("a field holds null".to_owned());
    }
    let original = original_string(&protocol, &event);
    event.set(field::ORIGINAL_STRING, original);
    if let Some(time) = event.remove("ts") {
        let seconds = time.as_f64().ok_or("the field ts holds no number")?;
        event.set("bro_timestamp", decimal(seconds));
        event.set(field::TIMESTAMP, (seconds * 1000.0) as i64);
    }
    for (new, old) in RENAMED {
        let found = old.iter().find_map(|name| event.remove(name));
        if let Some(value) = found {
            event.set(new, value);
        } else if let Some((_, list)) = HOST_LISTS.iter().find(|(address, _)| *address == new)
            && let Some(Value::List(hosts)) = event.remove(list)
            && let Some(host) = hosts.first()
        {
            event.set(new, host.clone());
        }
    }
    event.set(field::PROTOCOL, protocol);
    Ok(event)
}

fn cleaned(name: &str) -> FieldName {
    if name.chars().all(is_plain) {
        return FieldName::new(name);
    }
    FieldName::from(name.chars().filter(|c| is_plain(*c)).collect::<String>())
}

fn is_plain(c: char) -> bool {
    matches!(c, '.' | '_' | 'a'..='z' | 'A'..='Z' | '0'..='9')
}

/// The entry that a Java map lists first.
fn first_entry(outer: &Event) -> Option<(String, Result<Event, String>)> {
    let entries: Vec<(&FieldName, &Value)> = outer.iter().collect();
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    let first = *java_order::order(&names, Filled::OneByOne).first()?;
    let (name, value) = entries.get(first)?;
    let payload = match value {
        Value::Map(map) => Ok(as_event(map)),
        other => Err(format!(
            "the field {name} holds a {}, not an object",
            other.type_name()
        )),
    };
    Some((name.to_string(), payload))
}

fn as_event(map: &Map) -> Event {
    map.iter()
        .map(|(key, value)| {
            (
                FieldName::new(key.as_str().unwrap_or_default()),
                value.clone(),
            )
        })
        .collect()
}

/// `PROTOCOL | key:value key:value`, in the order of a Java map.
fn original_string(protocol: &str, event: &Event) -> String {
    let fields: Vec<(&FieldName, &Value)> = event.iter().collect();
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = format!("{} |", protocol.to_uppercase());
    for at in java_order::order(&names, Filled::OneByOne) {
        let Some((name, value)) = fields.get(at) else {
            continue;
        };
        // Writing to a String cannot fail.
        let _ = match value {
            Value::Str(plain) => write!(text, " {name}:{plain}"),
            Value::Double(number) => write!(text, " {name}:{}", decimal(*number)),
            other => write!(text, " {name}:{}", other.to_json()),
        };
    }
    text
}

/// At least one and at most six decimals.
fn decimal(number: f64) -> String {
    let text = format!("{number:.6}");
    let short = text.trim_end_matches('0');
    if short.ends_with('.') {
        return format!("{short}0");
    }
    short.to_owned()
}

impl MessageParser for BroParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        match parse_message(&text) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(format!("Unable to parse Message: {text} ({reason})")),
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }
}
