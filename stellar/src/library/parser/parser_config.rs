use super::PARSER;
use crate::Availability;
use crate::library::prelude::*;

pub(super) const PARSER_CONFIG: Function = Function::declared(
    "PARSER_CONFIG",
    "The configuration of a parser.",
    &[PARSER],
    "the configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["PARSER_CONFIG(PARSER_INIT('squid'))"]);
