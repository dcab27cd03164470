use crate::Availability;
use crate::library::prelude::*;

const CONFIG: Parameter = required(
    "config",
    "The indexing configuration as JSON; it must not be empty.",
)
.of_present(Types::TEXT);
const WRITER: Parameter = required(
    "writer",
    "The name of the writer, such as `elasticsearch`, `solr` or `hdfs`.",
)
.of_present(Types::TEXT);
const NUMBER: Types = Types::NUMBER.or(Types::TEXT);

pub(super) const INDEXING_SET_BATCH: Function = Function::declared(
    "INDEXING_SET_BATCH",
    "Sets how many messages a writer writes at once.",
    &[
        CONFIG,
        WRITER,
        optional("size", "The number of messages, 1 or more.")
            .of(NUMBER)
            .defaults_to("1"),
        optional(
            "timeout",
            "After how many seconds a batch is written even if it is not full; 0 is the usual time.",
        )
        .of(NUMBER)
        .defaults_to("0"),
    ],
    "the changed configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["INDEXING_SET_BATCH(CONFIG_GET('INDEXING', 'squid'), 'elasticsearch', 100, 5)"]);

pub(super) const INDEXING_SET_ENABLED: Function = Function::declared(
    "INDEXING_SET_ENABLED",
    "Switches a writer on or off.",
    &[
        CONFIG,
        WRITER,
        optional("enabled", "Whether it is to write.")
            .of(Types::BOOLEAN.or(Types::TEXT).or(Types::INTEGER))
            .defaults_to("true"),
    ],
    "the changed configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["INDEXING_SET_ENABLED(CONFIG_GET('INDEXING', 'squid'), 'hdfs', false)"]);

pub(super) const INDEXING_SET_INDEX: Function = Function::declared(
    "INDEXING_SET_INDEX",
    "Sets the name of the index that a writer writes to.",
    &[
        CONFIG,
        WRITER,
        required("index", "The name of the index.").of_present(Types::TEXT),
    ],
    "the changed configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["INDEXING_SET_INDEX(CONFIG_GET('INDEXING', 'squid'), 'elasticsearch', 'proxy')"]);
