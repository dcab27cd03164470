use super::units::utf16_length;
use crate::convert::to_int;
use crate::library::prelude::*;
use crate::text::{MAX_TEXT, too_long};

const INPUT: Parameter =
    required("input", "Any value; what is not text is taken by its text.").null_gives("null");
const FILL: Parameter = required(
    "fill",
    "What to fill with; only its first character is used.",
);
const LENGTH: Parameter = required("length", "The length to reach.");

pub(super) const FILL_LEFT: Function = Function::new(
    "FILL_LEFT",
    "Fills a text up to a length, at its beginning.",
    &[INPUT, FILL, LENGTH],
    "the text; null for null",
    |call| filled(call, |text, filling| filling + text),
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("FILL_LEFT('7', '0', 3)", "\"007\""),
    ("FILL_LEFT('1234', '0', 3)", "\"1234\""),
    ("FILL_LEFT(null, '0', 3)", "null"),
]);

pub(super) const FILL_RIGHT: Function = Function::new(
    "FILL_RIGHT",
    "Fills a text up to a length, at its end.",
    &[INPUT, FILL, LENGTH],
    "the text; null for null",
    |call| filled(call, |text, filling| text.to_owned() + &filling),
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[("FILL_RIGHT('7', 'xy', 3)", "\"7xx\"")]);

fn filled(call: &mut Call, join: fn(&str, String) -> String) -> Outcome {
    let Some(text) = call.any_text(0)? else {
        return Ok(Value::Null);
    };
    let fill = call.any_text(1)?;
    let Some(fill) = fill.as_ref().and_then(|fill| fill.chars().next()) else {
        return call.fail("argument 2 must be text that is not empty");
    };
    let Some(length) = to_int(call.get(2)) else {
        return call.wrong(2, "a whole number");
    };
    let missing = usize::try_from(length)
        .unwrap_or(0)
        .saturating_sub(utf16_length(&text));
    if missing == 0 {
        return Ok(Value::Str(text));
    }
    if missing > MAX_TEXT / fill.len_utf8() {
        return Err(too_long());
    }
    let filling = std::iter::repeat_n(fill, missing).collect();
    Ok(Value::Str(join(&text, filling).into()))
}
