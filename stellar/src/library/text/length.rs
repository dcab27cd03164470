use super::units::utf16_length;
use crate::convert::is_void;
use crate::library::prelude::*;

pub(super) const LENGTH: Function = Function::new(
    "LENGTH",
    "The length of a text, or the number of members of a list, set or map.",
    &[optional("input", "The text or the collection.").null_gives("0")],
    "the length; 0 for everything else",
    length,
)
.gives(Types::INTEGER)
.quick()
.examples(&[
    ("LENGTH('abc')", "3"),
    ("LENGTH([1, 2])", "2"),
    ("LENGTH({})", "0"),
    ("LENGTH(5)", "0"),
    ("LENGTH(null)", "0"),
]);

pub(super) const IS_EMPTY: Function = Function::new(
    "IS_EMPTY",
    "Whether a value is null, an empty text, or an empty list, set or map.",
    &[optional("input", "Any value.").null_gives("true")],
    "true or false",
    |call| {
        let value = call.get(0);
        let is_empty_text = matches!(value, Value::Str(text) if text.is_empty());
        Ok(Value::Bool(is_empty_text || is_void(value)))
    },
)
.gives(Types::BOOLEAN)
.quick()
.examples(&[
    ("IS_EMPTY('')", "true"),
    ("IS_EMPTY([])", "true"),
    ("IS_EMPTY(null)", "true"),
    ("IS_EMPTY(' ')", "false"),
    ("IS_EMPTY(0)", "false"),
]);

fn length(call: &mut Call) -> Outcome {
    let length = match call.get(0) {
        Value::Str(text) => utf16_length(text),
        Value::List(members) => members.len(),
        Value::Set(members) => members.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    };
    Ok(Value::Int(i32::try_from(length).unwrap_or(i32::MAX)))
}
