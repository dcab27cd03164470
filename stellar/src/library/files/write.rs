use super::PATH;
use crate::Availability;
use crate::library::prelude::*;

const PARAMETERS: &[Parameter] = &[
    required("content", "The text.")
        .of(Types::TEXT)
        .null_gives("false"),
    PATH.null_gives("false"),
];

pub(super) const LOCAL_WRITE: Function = Function::declared(
    "LOCAL_WRITE",
    "Writes a text into a file of this machine; what was in it is gone.",
    PARAMETERS,
    "true when it is written",
    Availability::Shell,
)
.gives(Types::BOOLEAN)
.usage(&["LOCAL_WRITE(CONFIG_GET('PARSER', 'squid'), '/tmp/squid.json')"]);

pub(super) const HDFS_WRITE: Function = Function::declared(
    "HDFS_WRITE",
    "Writes a text into a file of HDFS; what was in it is gone.",
    PARAMETERS,
    "true when it is written",
    Availability::Shell,
)
.gives(Types::BOOLEAN)
.usage(&["HDFS_WRITE('SQUID %{NUMBER:timestamp}', '/apps/metron/patterns/squid')"]);
