use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::DocumentId;

/// One document as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct RawDocument {
    pub bytes: Arc<[u8]>,
    /// Grows with each change: the transaction id of the last change in ZooKeeper (mzxid), the time of the last change in
    /// microseconds for a file.
    pub version: i64,
}

impl RawDocument {
    pub fn new(bytes: impl Into<Arc<[u8]>>, version: i64) -> RawDocument {
        RawDocument {
            bytes: bytes.into(),
            version,
        }
    }
}

impl fmt::Debug for RawDocument {
    /// Without the content, which may hold secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes.len();
        write!(formatter, "{bytes} bytes of version {}", self.version)
    }
}

/// All documents of a store at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawTree {
    pub documents: BTreeMap<DocumentId, RawDocument>,
    /// Documents that are there but could not be read, with the reason.
    pub unreadable: BTreeMap<DocumentId, String>,
    /// Pattern files that stand beside the documents, by their name below `patterns/`. Empty for ZooKeeper, which holds none.
    pub patterns: BTreeMap<String, Arc<[u8]>>,
}

impl RawTree {
    pub fn get(&self, id: &DocumentId) -> Option<&RawDocument> {
        self.documents.get(id)
    }

    /// The greatest version of any document; 0 when there is none.
    pub fn version(&self) -> i64 {
        let versions = self.documents.values().map(|document| document.version);
        versions.max().unwrap_or(0)
    }
}
