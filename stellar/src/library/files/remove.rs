use super::PATH;
use crate::Availability;
use crate::library::prelude::*;

const PARAMETERS: &[Parameter] = &[
    PATH.null_gives("false"),
    optional(
        "recursive",
        "Whether to remove a folder with all that is in it.",
    )
    .of(Types::BOOLEAN.or(Types::TEXT).or(Types::INTEGER))
    .defaults_to("false"),
];

pub(super) const LOCAL_RM: Function = Function::declared(
    "LOCAL_RM",
    "Removes a file or a folder of this machine.",
    PARAMETERS,
    "true, also when there was nothing; false when it failed",
    Availability::Shell,
)
.gives(Types::BOOLEAN)
.usage(&[
    "LOCAL_RM('/tmp/squid.json')",
    "LOCAL_RM('/tmp/samples', true)",
]);

pub(super) const HDFS_RM: Function = Function::declared(
    "HDFS_RM",
    "Removes a file or a folder of HDFS.",
    PARAMETERS,
    "true, also when there was nothing; false when it failed",
    Availability::Shell,
)
.gives(Types::BOOLEAN)
.usage(&["HDFS_RM('/tmp/squid.json')"]);
