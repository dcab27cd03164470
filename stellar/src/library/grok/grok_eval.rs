use crate::Availability;
use crate::library::prelude::*;

pub(super) const GROK_EVAL: Function = Function::declared(
    "GROK_EVAL",
    "What a Grok pattern finds in texts.",
    &[
        required("pattern", "The pattern, such as `%{IP:ip_src_addr}`.").null_gives("null"),
        required("input", "A text, or a list of texts.").null_gives("null"),
    ],
    "a table of the fields, one row a text; `NO MATCH` when nothing is found; null for anything that is not text",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&[
    "GROK_EVAL('%{NUMBER:timestamp}%{SPACE}%{INT:elapsed}', KAFKA_GET('squid'))",
]);
