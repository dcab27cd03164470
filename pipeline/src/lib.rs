//! The daemon: consumers, stages, acknowledgement, supervision, metrics.
//!
//! A *worker* is one thread that owns one consumer and one producer. The parser and enrichment stages are a
//! [`Transform`] between two topics, run by `worker`; the indexing stage feeds a dispatcher of the indexing crate and is
//! run by `index_worker`. [`StageSpec`] says which of them a process runs, and [`start`] runs them under supervision.

mod ack;
mod calls;
mod dead_letters;
mod document_validator;
pub mod embedded;
mod enrich_stage;
mod error;
pub mod host;
pub mod http;
mod index_worker;
mod indexing_configs;
mod kafka_settings;
mod offsets;
mod on_their_way;
mod output;
mod outside;
mod parse_stage;
mod source;
mod stage_metrics;
mod supervisor;
mod throttle;
mod topology;
mod transform;
mod worker;

pub use calls::BatchCalls;
pub use document_validator::DocumentValidator;
pub use error::PipelineError;
pub use indexing_configs::LiveIndexing;
pub use kafka_settings::{KafkaSettings, from_spout_config};
pub use outside::{Databases, Outside, RestClient};
pub use parse_stage::{ENRICHMENTS, INDEXING};
pub use stage_metrics::name as metric;
pub use supervisor::{Health, Shutdown};
pub use topology::{
    IndexingSpec, ParserSpec, Pipeline, Services, StageSpec, WriterFactory, spout_entries, start,
};
pub use transform::{InputRecord, Outbox, Outlet, Transform};
