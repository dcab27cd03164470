//! Configuration of the indexing stage: the document of one sensor, and the keys of the global document.

mod coerce;
mod date_format;
mod elasticsearch;
mod global;
mod hdfs;
mod output_path;
mod sensor;
mod settings;
mod solr;
#[cfg(test)]
mod tests;

pub(crate) use coerce::Section;
pub use date_format::DateFormat;
pub use elasticsearch::{ElasticsearchClientSettings, ElasticsearchGlobal};
pub use global::GlobalIndexingSettings;
pub use hdfs::HdfsGlobal;
pub use output_path::OutputPath;
pub use sensor::{IndexingConfig, SensorIndexing};
pub use settings::{IndexDate, WriterKind, WriterSettings};
pub use solr::SolrGlobal;

use std::sync::Arc;

/// Where a dispatcher finds the settings of a sensor: the live configuration of whoever runs it.
pub trait IndexingConfigs: Send + Sync {
    /// The settings of one sensor; those of [`WriterSettings::default_for`] where it has no document.
    fn settings(&self, writer: WriterKind, sensor: &str) -> Arc<WriterSettings>;

    /// A number that changes whenever an answer of [`IndexingConfigs::settings`] may have changed.
    fn version(&self) -> u64 {
        0
    }
}

impl<F> IndexingConfigs for F
where
    F: Fn(WriterKind, &str) -> Arc<WriterSettings> + Send + Sync,
{
    fn settings(&self, writer: WriterKind, sensor: &str) -> Arc<WriterSettings> {
        self(writer, sensor)
    }
}
