use crate::Availability;
use crate::library::prelude::*;

const CONFIG: Parameter = required("config", "The parser configuration as JSON.")
    .of(Types::TEXT)
    .null_gives("null");

pub(super) const PARSER_STELLAR_TRANSFORM_PRINT: Function = Function::declared(
    "PARSER_STELLAR_TRANSFORM_PRINT",
    "The Stellar field transformations of a parser configuration.",
    &[CONFIG],
    "a table of fields and expressions, as text",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&["PARSER_STELLAR_TRANSFORM_PRINT(CONFIG_GET('PARSER', 'squid'))"]);

pub(super) const PARSER_STELLAR_TRANSFORM_ADD: Function = Function::declared(
    "PARSER_STELLAR_TRANSFORM_ADD",
    "Adds Stellar field transformations to a parser configuration.",
    &[
        CONFIG,
        required(
            "transformations",
            "A map from fields to expressions, such as SHELL_VARS2MAP gives.",
        )
        .of(Types::MAP),
    ],
    "the changed configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&[
    "PARSER_STELLAR_TRANSFORM_ADD(CONFIG_GET('PARSER', 'squid'), SHELL_VARS2MAP('domain'))",
    "PARSER_STELLAR_TRANSFORM_ADD(config, {'host': 'URL_TO_HOST(url)'})",
]);

pub(super) const PARSER_STELLAR_TRANSFORM_REMOVE: Function = Function::declared(
    "PARSER_STELLAR_TRANSFORM_REMOVE",
    "Takes Stellar field transformations out of a parser configuration.",
    &[
        CONFIG,
        required(
            "fields",
            "The list of the fields whose expressions go away.",
        )
        .of(Types::LIST),
    ],
    "the changed configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&["PARSER_STELLAR_TRANSFORM_REMOVE(CONFIG_GET('PARSER', 'squid'), ['domain'])"]);
