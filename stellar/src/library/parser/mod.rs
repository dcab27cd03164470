//! The functions that try parsers. What they do happens in the shell.

mod parser_config;
mod parser_init;
mod parser_parse;

use super::function::Function;
use super::prelude::{Parameter, Types, required};

const PARSER: Parameter = required("parser", "What PARSER_INIT gives.").of_present(Types::OBJECT);

pub(super) const FUNCTIONS: &[Function] = &[
    parser_config::PARSER_CONFIG,
    parser_init::PARSER_INIT,
    parser_parse::PARSER_PARSE,
];
