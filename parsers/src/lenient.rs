//! Readers of scalars that convert as Jackson does, and take null for "not given".

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;

use crate::config::Settings;

pub(crate) fn text<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(source)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Bool(truth) => Ok(Some(truth.to_string())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Array(_) | Value::Object(_) => Err(D::Error::custom("expected text")),
    }
}

pub(crate) fn boolean<'de, D: Deserializer<'de>>(source: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(source)? {
        Value::Null => Ok(None),
        Value::Bool(truth) => Ok(Some(truth)),
        Value::Number(number) => Ok(Some(number.as_f64() != Some(0.0))),
        Value::String(text) => match text.trim() {
            "true" | "True" => Ok(Some(true)),
            "false" | "False" => Ok(Some(false)),
            "" => Ok(None),
            other => Err(D::Error::custom(format!(
                "expected true or false, found \"{other}\""
            ))),
        },
        Value::Array(_) | Value::Object(_) => Err(D::Error::custom("expected true or false")),
    }
}

pub(crate) fn integer<'de, D: Deserializer<'de>>(source: D) -> Result<Option<i64>, D::Error> {
    match Value::deserialize(source)? {
        Value::Null => Ok(None),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(Some(whole)),
            (None, Some(float)) => Ok(Some(float as i64)),
            (None, None) => Err(D::Error::custom("expected a whole number")),
        },
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => text
            .trim()
            .parse()
            .map(Some)
            .map_err(|_| D::Error::custom(format!("expected a whole number, found \"{text}\""))),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(D::Error::custom("expected a whole number"))
        }
    }
}

pub(crate) fn map<'de, D: Deserializer<'de>>(source: D) -> Result<Settings, D::Error> {
    Ok(Option::<Settings>::deserialize(source)?.unwrap_or_default())
}

pub(crate) fn list<'de, D, T>(source: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Vec<T>>::deserialize(source)?.unwrap_or_default())
}

/// A text is a list of one; what is neither text nor list is ignored, as upstream does.
pub(crate) fn text_or_list<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(source)? {
        Value::String(text) => vec![text],
        Value::Array(members) => members.iter().map(plain_text).collect(),
        _ => Vec::new(),
    })
}

/// A JSON value as Java's `toString` would have it: text without quotes.
pub(crate) fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
