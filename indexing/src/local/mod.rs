//! An index inside the process, for trying things out without a search server: documents in memory, and on disk as NDJSON.

mod index;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::{Batch, BatchLimits, Cause, DateFormat, Outcome, Writer, WriterKind};

pub use index::{LocalDocument, LocalIndex};

/// Writes to a [`LocalIndex`], in the form that Elasticsearch would get.
pub struct LocalWriter {
    index: Arc<LocalIndex>,
    dates: DateFormat,
}

impl LocalWriter {
    /// `dates` gives the date in index names: `es.date.format`.
    pub fn new(index: Arc<LocalIndex>, dates: DateFormat) -> Self {
        LocalWriter { index, dates }
    }

    async fn write_batch(&mut self, batch: Batch<'_>) -> Vec<Outcome> {
        let count = batch.items.len();
        let documents: Vec<LocalDocument> = batch
            .items
            .iter()
            .map(|pending| {
                let time_ms = batch.settings.index_time_ms(pending);
                LocalDocument {
                    index: batch.settings.index_name(time_ms, &self.dates).into(),
                    id: pending.item.document_id(),
                    event: batch.settings.field_names.document(&pending.item.event),
                }
            })
            .collect();
        let index = Arc::clone(&self.index);
        let stored = tokio::task::spawn_blocking(move || index.put_all(documents)).await;
        let outcome = match stored {
            Ok(Ok(())) => Outcome::Done,
            Ok(Err(error)) => Outcome::Retry(Cause::store(error.to_string())),
            Err(error) => Outcome::Retry(Cause::store(error.to_string())),
        };
        vec![outcome; count]
    }
}

impl Writer for LocalWriter {
    fn kind(&self) -> WriterKind {
        WriterKind::Local
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            items: 1_000,
            bytes: 4 << 20,
            bytes_per_item: 64,
        }
    }

    fn write<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Vec<Outcome>> {
        self.write_batch(batch).boxed()
    }
}
