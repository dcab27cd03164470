use crate::Availability;
use crate::library::prelude::*;

pub(super) const CONFIG_GET: Function = Function::declared(
    "CONFIG_GET",
    "A configuration as it stands in ZooKeeper.",
    &[
        required("type", "`GLOBAL`, `PARSER`, `ENRICHMENT`, `INDEXING` or `PROFILER`.")
            .of_present(Types::TEXT),
        optional(
            "sensor",
            "The name of the sensor; only for PARSER, ENRICHMENT and INDEXING. With the other types, the next argument stands \
             here.",
        )
        .of(Types::TEXT.or(Types::BOOLEAN)),
        optional(
            "emptyIfNotPresent",
            "Whether to give an empty configuration, rather than null, when there is none.",
        )
        .of(Types::BOOLEAN.or(Types::TEXT).or(Types::INTEGER))
        .defaults_to("true"),
    ],
    "the configuration as JSON; null when there is none and an empty one is not wanted",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&[
    "CONFIG_GET('GLOBAL')",
    "CONFIG_GET('PARSER', 'squid')",
    "CONFIG_GET('INDEXING', 'squid', false)",
]);
