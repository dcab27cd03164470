use crate::Availability;
use crate::library::prelude::*;

const CONFIG: Parameter = required(
    "config",
    "The enrichment configuration as JSON; it must not be empty.",
)
.of_present(Types::TEXT);
const TYPE: Parameter = required("type", "`ENRICHMENT` or `THREAT_INTEL`.").of_present(Types::TEXT);
const GROUP: Parameter = optional("group", "The group of expressions.")
    .of(Types::TEXT)
    .defaults_to("(default)");

pub(super) const ENRICHMENT_STELLAR_TRANSFORM_PRINT: Function = Function::declared(
    "ENRICHMENT_STELLAR_TRANSFORM_PRINT",
    "The Stellar expressions of an enrichment configuration.",
    &[
        required(
            "config",
            "The enrichment configuration as JSON; of null the table is empty.",
        )
        .of(Types::TEXT),
        TYPE,
    ],
    "a table of groups, fields and expressions, as text",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&["ENRICHMENT_STELLAR_TRANSFORM_PRINT(CONFIG_GET('ENRICHMENT', 'squid'), 'ENRICHMENT')"]);

pub(super) const ENRICHMENT_STELLAR_TRANSFORM_ADD: Function = Function::declared(
    "ENRICHMENT_STELLAR_TRANSFORM_ADD",
    "Adds Stellar expressions to an enrichment configuration.",
    &[
        CONFIG,
        TYPE,
        required(
            "transformations",
            "A map from fields to expressions, such as SHELL_VARS2MAP gives.",
        )
        .of(Types::MAP),
        GROUP,
    ],
    "the changed configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&[
    "ENRICHMENT_STELLAR_TRANSFORM_ADD(CONFIG_GET('ENRICHMENT', 'squid'), 'ENRICHMENT', SHELL_VARS2MAP('local'), 'network')",
]);

pub(super) const ENRICHMENT_STELLAR_TRANSFORM_REMOVE: Function = Function::declared(
    "ENRICHMENT_STELLAR_TRANSFORM_REMOVE",
    "Takes Stellar expressions out of an enrichment configuration.",
    &[
        CONFIG,
        TYPE,
        required("fields", "The list of the fields whose expressions go away.").of(Types::LIST),
        GROUP,
    ],
    "the changed configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&[
    "ENRICHMENT_STELLAR_TRANSFORM_REMOVE(CONFIG_GET('ENRICHMENT', 'squid'), 'THREAT_INTEL', ['is_alert'])",
]);
