use smol_str::format_smolstr;

use crate::library::prelude::*;

const TEXT: Parameter = required("input", "The text.")
    .of(Types::TEXT)
    .null_gives("null");
const OTHER: Parameter = optional("other", "A second affix whose presence is enough.")
    .of(Types::TEXT)
    .null_is_absent();

pub(super) const PREPEND_IF_MISSING: Function = Function::new(
    "PREPEND_IF_MISSING",
    "Puts a beginning before a text that does not have it.",
    &[
        TEXT,
        required(
            "prefix",
            "The beginning to add; null and the empty text add nothing.",
        )
        .of(Types::TEXT),
        OTHER,
    ],
    "the text",
    |call| {
        completed(
            call,
            |text, affix| text.starts_with(affix),
            |text, affix| format_smolstr!("{affix}{text}"),
        )
    },
)
.gives(Types::TEXT.or(Types::NULL))
.exact()
.examples(&[
    (
        "PREPEND_IF_MISSING('metron.org', 'www.')",
        "\"www.metron.org\"",
    ),
    (
        "PREPEND_IF_MISSING('www.metron.org', 'www.')",
        "\"www.metron.org\"",
    ),
    (
        "PREPEND_IF_MISSING('ftp.a.org', 'www.', 'ftp.')",
        "\"ftp.a.org\"",
    ),
    ("PREPEND_IF_MISSING('a', '')", "\"a\""),
]);

pub(super) const APPEND_IF_MISSING: Function = Function::new(
    "APPEND_IF_MISSING",
    "Puts an end after a text that does not have it.",
    &[
        TEXT,
        required(
            "suffix",
            "The end to add; null and the empty text add nothing.",
        )
        .of(Types::TEXT),
        OTHER,
    ],
    "the text",
    |call| {
        completed(
            call,
            |text, affix| text.ends_with(affix),
            |text, affix| format_smolstr!("{text}{affix}"),
        )
    },
)
.gives(Types::TEXT.or(Types::NULL))
.exact()
.examples(&[
    ("APPEND_IF_MISSING('file', '.txt')", "\"file.txt\""),
    (
        "APPEND_IF_MISSING('file.log', '.txt', '.log')",
        "\"file.log\"",
    ),
    ("APPEND_IF_MISSING(null, '.txt')", "null"),
]);

fn completed(call: &mut Call, has: fn(&str, &str) -> bool, add: fn(&str, &str) -> Str) -> Outcome {
    let (text, affix, other) = (
        call.text_or_null(0)?,
        call.text_or_null(1)?,
        call.text_or_null(2)?,
    );
    let Some(text) = text else {
        return Ok(Value::Null);
    };
    let affix = affix.map_or("", |affix| affix);
    if has(text, affix) || other.is_some_and(|other| !other.is_empty() && has(text, other)) {
        return Ok(Value::Str(text.clone()));
    }
    Ok(Value::Str(add(text, affix)))
}
