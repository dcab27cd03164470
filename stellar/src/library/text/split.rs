use crate::library::prelude::*;
use crate::text::MAX_MEMBERS;

pub(super) const SPLIT: Function = Function::new(
    "SPLIT",
    "The pieces of a text between the occurrences of a delimiter, empty ones among them.",
    &[
        required("input", "Any value; what is not text is taken by its text.").null_gives("[]"),
        required("delimiter", "The delimiter, literally.").of(Types::TEXT),
    ],
    "the list; empty for null",
    split,
)
.gives(Types::LIST)
.examples(&[
    ("SPLIT('a,,b', ',')", "[\"a\",\"\",\"b\"]"),
    ("SPLIT('', ',')", "[\"\"]"),
    ("SPLIT(null, ',')", "[]"),
]);

fn split(call: &mut Call) -> Outcome {
    let delimiter = call.text_or_null(1)?.map_or("", |delimiter| delimiter);
    let Some(text) = call.any_text(0)? else {
        return Ok(Value::list(Vec::new()));
    };
    if delimiter.is_empty() {
        return call.fail("the delimiter must not be empty");
    }
    let pieces: Vec<Value> = text
        .split(delimiter)
        .take(MAX_MEMBERS + 1)
        .map(Value::str)
        .collect();
    if pieces.len() > MAX_MEMBERS {
        return call.fail(format_args!("the text has more than {MAX_MEMBERS} pieces"));
    }
    Ok(Value::list(pieces))
}
