use crate::library::prelude::*;
use crate::text::MAX_MEMBERS;

pub(super) const SPLIT: Function = Function::new(
    "SPLIT",
    "The pieces of a text between the occurrences of a delimiter, empty ones among them.",
    &[
        required("input", "Any value; what is not text is taken by its text."),
        required("delimiter", "The delimiter, literally."),
    ],
    "the list; empty for null",
    split,
)
.examples(&[
    ("SPLIT('a,,b', ',')", "[\"a\",\"\",\"b\"]"),
    ("SPLIT('', ',')", "[\"\"]"),
    ("SPLIT(null, ',')", "[]"),
]);

fn split(call: &mut Call) -> Outcome {
    let Some(text) = call.any_text(0)? else {
        return Ok(Value::list(Vec::new()));
    };
    let delimiter = call.any_text(1)?.unwrap_or_default();
    if delimiter.is_empty() {
        return call.fail("the delimiter must not be empty");
    }
    let pieces: Vec<Value> = text
        .split(delimiter.as_str())
        .take(MAX_MEMBERS + 1)
        .map(Value::str)
        .collect();
    if pieces.len() > MAX_MEMBERS {
        return call.fail(format_args!("the text has more than {MAX_MEMBERS} pieces"));
    }
    Ok(Value::list(pieces))
}
