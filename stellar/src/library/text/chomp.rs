use crate::library::prelude::*;

pub(super) const CHOMP: Function = Function::new(
    "CHOMP",
    "Removes one line end from the end of a text.",
    &[required("input", "The text.")
        .of(Types::TEXT)
        .null_gives("null")],
    "the text",
    chomp,
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("CHOMP('a\\n\\n')", "\"a\\n\""),
    ("CHOMP('a\\r\\n')", "\"a\""),
    ("CHOMP('a\\r')", "\"a\""),
    ("CHOMP('a')", "\"a\""),
    ("CHOMP(null)", "null"),
]);

fn chomp(call: &mut Call) -> Outcome {
    let Some(text) = call.text_or_null(0)? else {
        return Ok(Value::Null);
    };
    let chomped = match text.strip_suffix('\n') {
        Some(rest) => rest.strip_suffix('\r').unwrap_or(rest),
        None => text.strip_suffix('\r').unwrap_or(text),
    };
    Ok(Value::str(chomped))
}
