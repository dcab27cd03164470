use super::units::{byte_at, utf16_length};
use crate::library::prelude::*;

pub(super) const SUBSTRING: Function = Function::new(
    "SUBSTRING",
    "A part of a text.",
    &[
        required("input", "The text.")
            .of(Types::TEXT)
            .null_gives("null"),
        required("start", "Where the part begins, counted from 0.")
            .of(Types::NUMBER)
            .null_gives("null"),
        optional("end", "Where it ends, exclusive.")
            .of(Types::NUMBER)
            .defaults_to("the end of the text"),
    ],
    "the part",
    substring,
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("SUBSTRING('metron', 1, 3)", "\"et\""),
    ("SUBSTRING('metron', 1)", "\"etron\""),
    ("SUBSTRING('metron', 6)", "\"\""),
    ("SUBSTRING('', 5)", "\"\""),
    ("SUBSTRING(null, 1)", "null"),
]);

fn substring(call: &mut Call) -> Outcome {
    let text = call.text_or_null(0)?;
    // Doubles are truncated, as upstream's `intValue` does.
    let (start, end) = (call.number_or_null(1)?, call.number_or_null(2)?);
    let (Some(text), Some(start)) = (text, start) else {
        return Ok(Value::Null);
    };
    if text.is_empty() {
        return Ok(Value::Str(text.clone()));
    }
    let length = utf16_length(text);
    let start = start as i64;
    let end = end.map_or(length as i64, |end| end as i64);
    if start < 0 || start > end || end > length as i64 {
        return call.fail(format_args!(
            "there is no part from {start} to {end} in a text of length {length}"
        ));
    }
    let (from, to) = (byte_at(text, start as usize), byte_at(text, end as usize));
    Ok(Value::str(text.get(from..to).unwrap_or_default()))
}
