use crate::library::prelude::*;

const TEXT: Parameter = required("input", "The text.")
    .of(Types::TEXT)
    .null_gives("false");

pub(super) const STARTS_WITH: Function = Function::new(
    "STARTS_WITH",
    "Whether a text begins with another one.",
    &[
        TEXT,
        required("prefix", "The beginning to look for.")
            .of(Types::TEXT)
            .null_gives("false"),
    ],
    "true or false",
    |call| affixed(call, |text, prefix| text.starts_with(prefix)),
)
.gives(Types::BOOLEAN)
.examples(&[
    ("STARTS_WITH('squid.log', 'squid')", "true"),
    ("STARTS_WITH('squid.log', 'log')", "false"),
    ("STARTS_WITH('x', '')", "true"),
    ("STARTS_WITH(null, 'x')", "false"),
]);

pub(super) const ENDS_WITH: Function = Function::new(
    "ENDS_WITH",
    "Whether a text ends with another one.",
    &[
        TEXT,
        required("suffix", "The end to look for.")
            .of(Types::TEXT)
            .null_gives("false"),
    ],
    "true or false",
    |call| affixed(call, |text, suffix| text.ends_with(suffix)),
)
.gives(Types::BOOLEAN)
.examples(&[
    ("ENDS_WITH('squid.log', '.log')", "true"),
    ("ENDS_WITH('squid.log', 'LOG')", "false"),
    ("ENDS_WITH('x', null)", "false"),
]);

fn affixed(call: &mut Call, test: fn(&str, &str) -> bool) -> Outcome {
    let (Some(text), Some(affix)) = (call.text_or_null(0)?, call.text_or_null(1)?) else {
        return Ok(Value::Bool(false));
    };
    Ok(Value::Bool(test(text, affix)))
}
