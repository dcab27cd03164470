use super::pattern::{Pattern, cached};
use crate::convert::to_int;
use crate::library::prelude::*;

pub(super) const REGEXP_GROUP_VAL: Function = Function::new(
    "REGEXP_GROUP_VAL",
    "What a group of a pattern matches when the whole text matches the pattern.",
    &[
        required("input", "The text.")
            .of(Types::TEXT)
            .null_gives("null"),
        required(
            "pattern",
            "A pattern in Java's syntax; null gives null, except for group 0.",
        )
        .of(Types::TEXT),
        required(
            "group",
            "The number of the group. Number 0 is the text itself, even without a match.",
        )
        .null_gives("null"),
    ],
    "the text; null when there is no match or no such group",
    regexp_group_val,
)
.gives(Types::TEXT.or(Types::NULL))
.exact()
.prepared(|arguments| match arguments.get(1) {
    Some(Some(Value::Str(source))) => Ok(Some(Box::new(
        Pattern::whole(source).map_err(Refused::at(1))?,
    ))),
    _ => Ok(None),
})
.examples(&[
    ("REGEXP_GROUP_VAL('k=v', '(.*)=(.*)', 2)", "\"v\""),
    ("REGEXP_GROUP_VAL('k=v', '(.*)=(.*)', 3)", "null"),
    ("REGEXP_GROUP_VAL('zz', '(a)', 0)", "\"zz\""),
]);

/// A number that no group has.
const NO_GROUP: usize = 1 << 20;

fn regexp_group_val(call: &mut Call) -> Outcome {
    let (text, source) = (call.text_or_null(0)?, call.text_or_null(1)?);
    let (Some(text), Some(group)) = (text, to_int(call.get(2))) else {
        return Ok(Value::Null);
    };
    if group == 0 {
        return Ok(Value::Str(text.clone()));
    }
    let Some(source) = source else {
        return Ok(Value::Null);
    };
    let kept;
    let pattern = match call.prepared::<Pattern>() {
        Some(pattern) => pattern,
        None => match cached(source, true) {
            Ok(pattern) => {
                kept = pattern;
                &kept
            }
            Err(reason) => return call.fail(reason),
        },
    };
    match pattern.group(text, usize::try_from(group).unwrap_or(NO_GROUP)) {
        // Upstream asks for the group only when there are groups, and after the match.
        Ok(Some(_)) if group < 0 && pattern.groups() > 0 => {
            call.fail(format_args!("there is no group {group}"))
        }
        Ok(found) => Ok(found.flatten().map_or(Value::Null, Value::str)),
        Err(reason) => call.fail(reason),
    }
}
