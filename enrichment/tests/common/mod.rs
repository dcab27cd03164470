//! Comparison of JSON documents in which some values stand for many.

use serde_json::Value;

/// Whether `actual` is what `expected` says. `<ts>` stands for epoch milliseconds as text, and the names of Java's
/// special numbers for the null that they are written as.
pub fn matches(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::String(text), actual) if text == "<ts>" => is_timestamp(actual),
        (Value::String(text), Value::Null) => {
            matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity")
        }
        (Value::Object(expected), Value::Object(actual)) => {
            expected.len() == actual.len()
                && expected
                    .iter()
                    .all(|(key, value)| actual.get(key).is_some_and(|found| matches(value, found)))
        }
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len()
                && expected
                    .iter()
                    .zip(actual)
                    .all(|(expected, actual)| matches(expected, actual))
        }
        (expected, actual) => expected == actual,
    }
}

fn is_timestamp(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What differs between two objects, for a message to a person.
pub fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let (Some(wanted), Some(found)) = (expected.as_object(), actual.as_object()) else {
        return vec![format!("expected {expected}, found {actual}")];
    };
    let mut lines = Vec::new();
    for (key, value) in wanted {
        match found.get(key) {
            None => lines.push(format!("{key}: expected {value}, missing")),
            Some(other) if !matches(value, other) => {
                lines.push(format!("{key}: expected {value}, found {other}"));
            }
            Some(_) => {}
        }
    }
    let surplus = found.iter().filter(|(key, _)| !wanted.contains_key(*key));
    lines.extend(surplus.map(|(key, value)| format!("{key}: not expected, found {value}")));
    lines
}
