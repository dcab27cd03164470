//! Reading JSON as upstream's reader takes it, and a little more: the first value counts, a number may stand in quotes,
//! unknown fields are passed over.

use serde_json::Value;

/// The first JSON value in the bytes; what follows it is ignored, as upstream does.
pub(crate) fn first_value(bytes: &[u8]) -> Result<Value, String> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("it is empty".to_owned()),
    }
}

/// A text field: null or absent is nothing, a number or a truth value becomes its text.
pub(crate) fn text(object: &Value, field: &str) -> Result<Option<String>, String> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(scalar @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(scalar.to_string())),
        Some(_) => Err(format!("field \"{field}\" must be a text")),
    }
}

/// A whole number: null or absent is nothing, a number in quotes counts.
pub(crate) fn integer(object: &Value, field: &str) -> Result<Option<i64>, String> {
    let wrong = || format!("field \"{field}\" must be a whole number");
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_i64().map(Some).ok_or_else(wrong),
        Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| wrong()),
        Some(_) => Err(wrong()),
    }
}
