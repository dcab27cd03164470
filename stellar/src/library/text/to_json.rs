use alidade_event::{NumberStyle, read_value};
use serde_json::value::RawValue;

use crate::convert::java_trim;
use crate::library::prelude::*;

const INPUT: Parameter = required("json", "A JSON document. The empty text gives itself.")
    .of(Types::TEXT)
    .null_gives("null");

pub(super) const TO_JSON_OBJECT: Function = Function::new(
    "TO_JSON_OBJECT",
    "The value that a JSON document holds.",
    &[INPUT],
    "the value",
    |call| read(call, "a JSON value", |_| true),
)
.gives(
    Types::BOOLEAN
        .or(Types::NUMBER)
        .or(Types::TEXT)
        .or(Types::LIST)
        .or(Types::MAP)
        .or(Types::NULL),
)
.examples(&[
    ("TO_JSON_OBJECT('{\"a\": [1, 2.5]}')", "{\"a\":[1,2.5]}"),
    ("TO_JSON_OBJECT('5')", "5"),
    ("TO_JSON_OBJECT('')", "\"\""),
    ("TO_JSON_OBJECT(null)", "null"),
]);

pub(super) const TO_JSON_MAP: Function = Function::new(
    "TO_JSON_MAP",
    "The map that a JSON document holds.",
    &[INPUT],
    "the map",
    |call| {
        read(call, "a JSON object", |value| {
            matches!(value, Value::Map(_))
        })
    },
)
.gives(Types::MAP.or(Types::TEXT).or(Types::NULL))
.examples(&[("MAP_GET('a', TO_JSON_MAP('{\"a\": 1}'))", "1")]);

pub(super) const TO_JSON_LIST: Function = Function::new(
    "TO_JSON_LIST",
    "The list that a JSON document holds.",
    &[INPUT],
    "the list",
    |call| {
        read(call, "a JSON array", |value| {
            matches!(value, Value::List(_))
        })
    },
)
.gives(Types::LIST.or(Types::TEXT).or(Types::NULL))
.examples(&[("TO_JSON_LIST('[1, null]')", "[1,null]")]);

fn read(call: &mut Call, expected: &str, fits: fn(&Value) -> bool) -> Outcome {
    let Some(text) = call.text_or_null(0)? else {
        return Ok(Value::Null);
    };
    if text.is_empty() {
        return Ok(Value::Str(text.clone()));
    }
    // What follows the first document is ignored, as upstream does.
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let first = match documents.next() {
        Some(Ok(first)) => first.get(),
        Some(Err(error)) => return call.fail(format_args!("not JSON: {error}")),
        None => return call.fail("not JSON: there is no document"),
    };
    // The reader would take it for a decimal number.
    let first = if java_trim(first) == "-0" { "0" } else { first };
    match read_value(java_trim(first).as_bytes(), NumberStyle::Jackson) {
        Ok(Value::Null) => Ok(Value::Null),
        Ok(value) if fits(&value) => Ok(value),
        Ok(value) => call.fail(format_args!(
            "the document is not {expected} but {}",
            crate::operators::described(&value)
        )),
        Err(error) => call.fail(format_args!("not JSON: {error}")),
    }
}
