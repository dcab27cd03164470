use crate::library::prelude::*;

pub(super) const CHOP: Function = Function::new(
    "CHOP",
    "Removes the last character of a text, or a CR LF as one.",
    &[required("input", "The text.")
        .of(Types::TEXT)
        .null_gives("null")],
    "the text",
    chop,
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("CHOP('abc')", "\"ab\""),
    ("CHOP('a\\r\\n')", "\"a\""),
    ("CHOP('')", "\"\""),
    ("CHOP(null)", "null"),
]);

fn chop(call: &mut Call) -> Outcome {
    let Some(text) = call.text_or_null(0)? else {
        return Ok(Value::Null);
    };
    if let Some(rest) = text.strip_suffix("\r\n") {
        return Ok(Value::str(rest));
    }
    let mut characters = text.chars();
    characters.next_back();
    Ok(Value::str(characters.as_str()))
}
