use crate::library::prelude::*;

const INPUT: Parameter =
    required("input", "Any value; what is not text is taken by its text.").null_gives("null");

pub(super) const TO_LOWER: Function = Function::new(
    "TO_LOWER",
    "The text in lower case.",
    &[INPUT],
    "the text; null for null",
    |call| cased(call, |text| text.to_lowercase()),
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("TO_LOWER('Mixed')", "\"mixed\""),
    ("TO_LOWER(null)", "null"),
]);

pub(super) const TO_UPPER: Function = Function::new(
    "TO_UPPER",
    "The text in upper case.",
    &[INPUT],
    "the text; null for null",
    |call| cased(call, |text| text.to_uppercase()),
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("TO_UPPER('Mixed')", "\"MIXED\""),
    ("TO_UPPER(true)", "\"TRUE\""),
]);

fn cased(call: &mut Call, change: fn(&str) -> String) -> Outcome {
    let text = call.any_text(0)?;
    Ok(text.map_or(Value::Null, |text| Value::Str(change(&text).into())))
}
