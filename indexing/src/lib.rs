//! The last stage: enriched events into Elasticsearch or OpenSearch, Solr, HDFS, Kafka or a local index.
//!
//! # How it is driven
//!
//! One consumer per kind of store (upstream's groups `indexing-ra` and `indexing-batch`) owns one [`Dispatcher`], which
//! owns one [`Writer`]. Everything happens in calls; nothing runs in the background:
//!
//! 1. [`Item::read`] makes an item of a Kafka record, or the error record that takes its place.
//! 2. [`Dispatcher::offer`] buffers the item by sensor, or says [`Offered::Full`]: stop consuming, poll, offer it again.
//! 3. [`Dispatcher::poll`] writes what is due and waits for no timer; [`Dispatcher::next_due`] says when to poll again.
//! 4. [`Dispatcher::take_completions`] gives each accepted item back exactly once: [`Completed::Done`] is to be
//!    acknowledged, [`Completed::DeadLetter`] is to be acknowledged after its error record has been sent.
//! 5. [`Dispatcher::drain`] writes everything before a shutdown or before partitions are given up;
//!    [`Dispatcher::forget`] drops what belongs to a partition that is gone already.
//!
//! # What decides when an item is written
//!
//! A sensor's buffer is due when it holds `batchSize` items, when it is `batchTimeout` old (one second by default), when
//! it fills a request, or when memory is short. A request carries all that is buffered for the sensor then, up to the
//! writer's [`BatchLimits`]: `batchSize` says when to write at the latest, not how little to write.
//!
//! # What becomes of failures
//!
//! A writer answers per item (see [`Outcome`]). Stores that cannot be reached or are overloaded are tried again with
//! exponential back-off for as long as it takes; the buffers fill, `offer` says full, and Kafka keeps the rest. Only a
//! document that the store refuses for what it is goes to the dead letter. A request that fails for something in it
//! is cut in halves until the document that spoils it stands alone.
//!
//! # Metrics
//!
//! `alidade_indexing_items_total` (writer, sensor, outcome: done, held, stored, retried, refused, disabled),
//! `alidade_indexing_error_documents_dropped_total`, `alidade_indexing_write_seconds` and
//! `alidade_indexing_unsettled_items` (writer). Sensors without a configuration share the label `other`.

mod cause;
mod clock;
mod config;
mod dispatcher;
mod field_names;
mod item;
mod secret;
#[cfg(test)]
mod testing;

mod writer;
mod zookeeper;

pub mod elasticsearch;
pub mod hdfs;
pub mod kafka;
pub mod local;
pub mod solr;

pub use cause::{Cause, Outcome, Scope};
pub use clock::{Clock, ManualClock, Now, SystemClock};
pub use config::{
    DateFormat, ElasticsearchClientSettings, ElasticsearchGlobal, GlobalIndexingSettings,
    HdfsGlobal, IndexDate, IndexingConfig, IndexingConfigs, OutputPath, SensorIndexing, SolrGlobal,
    WriterKind, WriterSettings,
};
pub use dispatcher::{Completed, Completion, Dispatcher, Limits, Offered, Pressure, RetryPolicy};
pub use field_names::FieldNameConverter;
pub use item::Item;
pub use writer::{Advance, Batch, BatchLimits, Pending, Urgency, Writer};

/// What keeps a writer from being made.
#[derive(Debug, thiserror::Error)]
pub enum IndexingError {
    #[error("the global configuration is wrong for indexing: {}", list(.0))]
    Config(Vec<alidade_stellar::ConfigProblem>),
    #[error("{what} cannot be read from {path}: {source}")]
    Secret {
        what: &'static str,
        path: String,
        source: std::io::Error,
    },
    #[error("no client for {store} can be made: {message}")]
    Client {
        store: &'static str,
        message: String,
    },
    #[error("{store} does not answer as expected: {message}")]
    Store {
        store: &'static str,
        message: String,
    },
    #[error("{path}: {source}")]
    File {
        path: String,
        source: std::io::Error,
    },
}

fn list(problems: &[alidade_stellar::ConfigProblem]) -> String {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
