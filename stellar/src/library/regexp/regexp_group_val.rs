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
    let Ok(group) = usize::try_from(group) else {
        return call.fail(format_args!("there is no group {group}"));
    };
    let found = match call.prepared::<Pattern>() {
        Some(pattern) => pattern.group(text, group),
        None => cached(source, true).and_then(|pattern| pattern.group(text, group)),
    };
    match found {
        Ok(found) => Ok(found.flatten().map_or(Value::Null, Value::str)),
        Err(reason) => call.fail(reason),
    }
}
