//! The functions on files, of this machine and of HDFS. What they do happens in the shell.

mod list;
mod read;
mod remove;
mod write;

use super::function::Function;
use super::prelude::{Parameter, Types, required};

const PATH: Parameter = required("path", "The path of the file.").of(Types::TEXT);

pub(super) const FUNCTIONS: &[Function] = &[
    list::HDFS_LS,
    list::LOCAL_LS,
    read::HDFS_READ,
    read::HDFS_READ_LINES,
    read::LOCAL_READ,
    read::LOCAL_READ_LINES,
    remove::HDFS_RM,
    remove::LOCAL_RM,
    write::HDFS_WRITE,
    write::LOCAL_WRITE,
];
