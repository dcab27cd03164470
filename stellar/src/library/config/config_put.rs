use crate::Availability;
use crate::library::prelude::*;

pub(super) const CONFIG_PUT: Function = Function::declared(
    "CONFIG_PUT",
    "Writes a configuration to ZooKeeper, from where everything that runs takes it up.",
    &[
        required(
            "type",
            "`GLOBAL`, `PARSER`, `ENRICHMENT`, `INDEXING` or `PROFILER`.",
        )
        .of_present(Types::TEXT),
        required("config", "The configuration as JSON; null changes nothing.")
            .of(Types::TEXT)
            .null_gives("null"),
        optional(
            "sensor",
            "The name of the sensor; only for PARSER, ENRICHMENT and INDEXING.",
        )
        .of(Types::TEXT),
    ],
    "null",
    Availability::Shell,
)
.gives(Types::NULL)
.usage(&["CONFIG_PUT('PARSER', LOCAL_READ('/tmp/squid.json'), 'squid')"]);
