use super::PARSER;
use crate::Availability;
use crate::library::prelude::*;

pub(super) const PARSER_PARSE: Function = Function::declared(
    "PARSER_PARSE",
    "Parses messages.",
    &[
        PARSER,
        required("input", "A message as text, or a list of them.")
            .of_present(Types::TEXT.or(Types::LIST)),
    ],
    "the list of the parsed messages, and after them those of the errors",
    Availability::Shell,
)
.gives(Types::LIST)
.usage(&["PARSER_PARSE(PARSER_INIT('squid'), KAFKA_GET('squid', 5))"]);
