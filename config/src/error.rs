use std::io;
use std::path::PathBuf;

use crate::{BadSensorName, DocumentId, Problem};

/// Why a store of configuration documents could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    #[error(
        "cannot reach ZooKeeper at {quorum} within {seconds} s: {reason}; check the address and that the server is up"
    )]
    Unreachable {
        quorum: String,
        seconds: u64,
        reason: String,
    },
    #[error(
        "{quorum:?} is not a list of ZooKeeper servers: {reason}; write host:port,host:port/chroot"
    )]
    BadQuorum { quorum: String, reason: String },
    #[error(transparent)]
    ZooKeeperSecurity(#[from] alidade_zookeeper::SecurityError),
    #[error("ZooKeeper at {quorum} failed to {action} {node}: {source}")]
    ZooKeeper {
        quorum: String,
        action: &'static str,
        node: String,
        source: zookeeper_client::Error,
    },
    #[error(
        "the root {chroot:?} of the ZooKeeper address {quorum} does not exist; create it or leave it out"
    )]
    NoChroot { quorum: String, chroot: String },
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("there is no configuration {0}")]
    Missing(DocumentId),
    #[error("{document} is {bytes} bytes long, more than the {limit} that one document may have")]
    TooLarge {
        document: DocumentId,
        bytes: usize,
        limit: usize,
    },
    #[error(transparent)]
    BadSensorName(#[from] BadSensorName),
    #[error("the global configuration is not valid: {}", first_line(.0))]
    InvalidGlobal(Vec<Problem>),
    #[error(
        "no Kafka broker is registered in ZooKeeper below /brokers/ids; is Kafka up, and is this its ZooKeeper? Else give the brokers with -k"
    )]
    NoBrokers,
    #[error("the watch on the configuration was lost: {0}")]
    WatchLost(String),
    #[error("the work was cancelled")]
    Cancelled,
}

fn first_line(problems: &[Problem]) -> String {
    problems.first().map(Problem::one_line).unwrap_or_default()
}
