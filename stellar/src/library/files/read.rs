use super::PATH;
use crate::Availability;
use crate::library::prelude::*;

const INPUT: &[Parameter] = &[PATH.null_gives("null")];

pub(super) const LOCAL_READ: Function = Function::declared(
    "LOCAL_READ",
    "What a file of this machine holds.",
    INPUT,
    "the text; null when it cannot be read",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&["LOCAL_READ('/tmp/squid.json')"]);

pub(super) const LOCAL_READ_LINES: Function = Function::declared(
    "LOCAL_READ_LINES",
    "The lines of a file of this machine.",
    INPUT,
    "the list of lines; null when it cannot be read",
    Availability::Shell,
)
.gives(Types::LIST.or(Types::NULL))
.usage(&["LOCAL_READ_LINES('/tmp/domains.csv')"]);

pub(super) const HDFS_READ: Function = Function::declared(
    "HDFS_READ",
    "What a file of HDFS holds.",
    INPUT,
    "the text; null when it cannot be read",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&["HDFS_READ('/apps/metron/patterns/squid')"]);

pub(super) const HDFS_READ_LINES: Function = Function::declared(
    "HDFS_READ_LINES",
    "The lines of a file of HDFS.",
    INPUT,
    "the list of lines; null when it cannot be read",
    Availability::Shell,
)
.gives(Types::LIST.or(Types::NULL))
.usage(&["HDFS_READ_LINES('/apps/metron/patterns/squid')"]);
