use crate::Availability;
use crate::library::prelude::*;

pub(super) const PARSER_INIT: Function = Function::declared(
    "PARSER_INIT",
    "A parser to try a configuration with.",
    &[
        required("sensor", "The name of the sensor.").of_present(Types::TEXT),
        optional(
            "config",
            "The parser configuration, as JSON or as a map; that of ZooKeeper when it is not given.",
        )
        .of(Types::TEXT.or(Types::MAP)),
    ],
    "the parser",
    Availability::Shell,
)
.gives(Types::OBJECT)
.usage(&[
    "PARSER_INIT('squid')",
    "PARSER_INIT('squid', SHELL_EDIT(CONFIG_GET('PARSER', 'squid')))",
]);
