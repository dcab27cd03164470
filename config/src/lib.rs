//! The configuration of the pipeline: the documents that upstream keeps in ZooKeeper, read, checked by compiling them, and
//! served as immutable snapshots that follow every change.
//!
//! * [`ZooKeeperStore`] and [`FolderStore`] keep documents; [`RawTree`] is all of them at one moment.
//! * [`validate`] compiles a tree to a [`Snapshot`], or tells every [`Problem`] with file, line and column.
//! * [`Live`] follows a store: what is valid is swapped in at once and together, what is not is refused and the former
//!   version of that document stays.
//! * [`load_configs`] is upstream's `zk_load_configs.sh`, [`check`] the offline check of a tree.

mod build;
pub mod check;
mod compiler;
mod document;
mod error;
mod explain;
mod fold;
pub mod json;
mod lint;
mod live;
pub mod load_configs;
pub mod patch;
mod problem;
mod profiler;
mod snapshot;
mod store;
mod suggest;
mod tree;

pub use build::{rebuild, validate};
pub use compiler::{Compiler, ExtraValidator};
pub use document::{BadSensorName, DocumentId, Kind, TOPOLOGY_ROOT};
pub use error::ConfigError;
pub use explain::{Explanation, explain, explanations};
pub use live::{Live, LiveOptions};
pub use problem::{Excerpt, Problem, Severity};
pub use snapshot::{
    EnrichmentEntry, GlobalEntry, IndexingEntry, ParserEntry, ProfilerEntry, Refusal, Snapshot,
};
pub use store::{
    CONNECT_TIMEOUT, Changes, FolderStore, Store, ZooKeeperStore, brokers_from_registrations,
    brokers_from_zookeeper,
};
pub use tree::{RawDocument, RawTree};
