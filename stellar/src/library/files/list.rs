use crate::Availability;
use crate::library::prelude::*;

const FOLDER: Parameter = optional(
    "path",
    "The path of the folder. When it is not given, the home folder is listed; null gives an empty table.",
)
.of(Types::TEXT);

pub(super) const LOCAL_LS: Function = Function::declared(
    "LOCAL_LS",
    "The files of a folder of this machine.",
    &[FOLDER],
    "a table of permission, owner, group, size, time of change and name, as text",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["LOCAL_LS()", "LOCAL_LS('/var/log')"]);

pub(super) const HDFS_LS: Function = Function::declared(
    "HDFS_LS",
    "The files of a folder of HDFS.",
    &[FOLDER],
    "a table of permission, owner, group, size, time of change and name, as text",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["HDFS_LS()", "HDFS_LS('/apps/metron')"]);
