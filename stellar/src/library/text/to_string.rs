use crate::library::prelude::*;

pub(super) const TO_STRING: Function = Function::new(
    "TO_STRING",
    "The text of a value.",
    &[required("input", "Any value.").null_gives("null")],
    "the text; null for null",
    |call| Ok(call.any_text(0)?.map_or(Value::Null, Value::Str)),
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("TO_STRING(1e7)", "\"1.0E7\""),
    ("TO_STRING([1, 'a', null])", "\"[1, a, null]\""),
    ("TO_STRING({'a': 1.0})", "\"{a=1.0}\""),
    ("TO_STRING(null)", "null"),
]);
