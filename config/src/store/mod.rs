//! Where configuration documents are kept.

mod brokers;
mod folder;
mod zookeeper;

use std::collections::BTreeMap;

use futures::future::BoxFuture;

pub use brokers::{brokers_from_registrations, brokers_from_zookeeper};
pub use folder::FolderStore;
pub(crate) use folder::files_in;
pub use zookeeper::{CONNECT_TIMEOUT, ZooKeeperStore};

use crate::{ConfigError, DocumentId, RawDocument, RawTree};

/// A place that keeps configuration documents.
pub trait Store: Send + Sync {
    /// The place in a few words, for logs and messages.
    fn describe(&self) -> String;

    /// Whether the store can be reached at the moment.
    fn is_connected(&self) -> bool {
        true
    }

    /// The Kafka brokers that are registered at the same place, as `host:port`; none where no broker registers.
    fn brokers(&self) -> BoxFuture<'_, Result<Vec<String>, ConfigError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// All documents.
    fn read_tree(&self) -> BoxFuture<'_, Result<RawTree, ConfigError>>;

    /// One document; nothing if it is missing or has no content.
    fn read<'a>(
        &'a self,
        id: &'a DocumentId,
    ) -> BoxFuture<'a, Result<Option<RawDocument>, ConfigError>>;

    /// Puts a document, whatever was there. The bytes are kept as they are.
    fn write<'a>(
        &'a self,
        id: &'a DocumentId,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<(), ConfigError>>;

    /// Puts several documents, so that readers see all or none of them if the store can do that: ZooKeeper does, a folder
    /// writes one after the other.
    fn write_all<'a>(
        &'a self,
        documents: &'a BTreeMap<DocumentId, RawDocument>,
    ) -> BoxFuture<'a, Result<(), ConfigError>> {
        Box::pin(async move {
            for (id, document) in documents {
                self.write(id, &document.bytes).await?;
            }
            Ok(())
        })
    }

    /// Removes a document; false if there was none.
    fn delete<'a>(&'a self, id: &'a DocumentId) -> BoxFuture<'a, Result<bool, ConfigError>>;

    /// Begins to watch. A change made after this returns is reported, so read the tree afterwards.
    fn watch(&self) -> BoxFuture<'_, Result<Box<dyn Changes>, ConfigError>>;
}

/// A running watch; dropping it ends it.
pub trait Changes: Send {
    /// Returns when something may have changed since the last call. May be dropped and called again at any time.
    ///
    /// # Errors
    /// When the watch is lost; then watch anew.
    fn next(&mut self) -> BoxFuture<'_, Result<(), ConfigError>>;
}
