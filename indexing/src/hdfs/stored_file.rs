use std::sync::Arc;

use super::store::{Bare, FileStore, StoreError, open_store};
use crate::IndexingError;

/// A file that others keep in HDFS or on a local disk, such as a database for look-ups.
pub struct StoredFile {
    store: Arc<dyn FileStore>,
    path: String,
}

/// What changes when a file gets another content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileVersion {
    pub bytes: u64,
    pub modified_ms: i64,
}

/// Most bytes that are asked for in one go.
const PIECE: usize = 8 << 20;

impl StoredFile {
    /// A file by its URI, `hdfs:` or `file:`. A bare path is one of the default file system where `HADOOP_CONF_DIR` tells
    /// of one, else one on this machine.
    ///
    /// # Errors
    /// When the URI cannot be understood.
    pub fn open(uri: &str) -> Result<StoredFile, IndexingError> {
        let bare = match std::env::var_os("HADOOP_CONF_DIR") {
            Some(_) => Bare::DefaultFileSystem,
            None => Bare::Local,
        };
        let (store, path) = open_store(uri, bare).map_err(failed)?;
        Ok(StoredFile { store, path })
    }

    /// The version that is there now; nothing when there is no such file.
    ///
    /// # Errors
    /// When the file system does not answer.
    pub async fn version(&self) -> Result<Option<FileVersion>, IndexingError> {
        let (folder, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let folder = if folder.is_empty() { "/" } else { folder };
        let entries = self.store.list(folder).await.map_err(failed)?;
        let entry = entries.into_iter().find(|entry| entry.name == name);
        Ok(entry.map(|entry| FileVersion {
            bytes: entry.bytes,
            modified_ms: entry.modified_ms,
        }))
    }

    /// The whole content.
    ///
    /// # Errors
    /// When it cannot be read, or has more than `most` bytes.
    pub async fn read(&self, most: usize) -> Result<Vec<u8>, IndexingError> {
        let mut content = Vec::new();
        loop {
            let offset = content.len() as u64;
            let piece = self.store.read_range(&self.path, offset, PIECE).await;
            let piece = piece.map_err(failed)?;
            content.extend_from_slice(&piece);
            if content.len() > most {
                let message = format!("{}: has more than {most} bytes", self.path);
                return Err(IndexingError::Store {
                    store: "the file system",
                    message,
                });
            }
            if piece.len() < PIECE {
                return Ok(content);
            }
        }
    }
}

fn failed(error: StoreError) -> IndexingError {
    IndexingError::Store {
        store: "the file system",
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_local_file_is_read_whole_and_has_a_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mmdb");
        let uri = format!("file://{}", path.display());
        let file = StoredFile::open(&uri).unwrap();
        assert_eq!(file.version().await.unwrap(), None);
        assert!(file.read(10).await.is_err());
        std::fs::write(&path, b"0123456789").unwrap();
        assert_eq!(file.version().await.unwrap().unwrap().bytes, 10);
        assert_eq!(file.read(10).await.unwrap(), b"0123456789");
        assert!(file.read(9).await.is_err());
        assert!(StoredFile::open("s3://bucket/a").is_err());
    }
}
