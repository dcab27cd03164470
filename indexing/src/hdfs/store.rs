//! The few operations on files that the writer needs, on HDFS and on local disks.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use reqwest::Url;

use super::hadoop_store::HadoopStore;
use super::local_store::LocalStore;

/// A file system. Paths are absolute and use `/`.
pub(crate) trait FileStore: Send + Sync {
    /// Makes a file with this content and its parent folders. When this returns, the content survives a crash. A file
    /// that is there already is replaced.
    fn create<'a>(&'a self, path: &'a str, content: Bytes)
    -> BoxFuture<'a, Result<(), StoreError>>;

    /// Gives a file another name; fails with [`StoreError::Exists`] where that name is taken.
    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The files of a folder, without those in folders below it. A folder that is not there holds none.
    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<FileEntry>, StoreError>>;

    /// Up to `length` bytes from `offset`; less than that only at the end of the file.
    fn read_range<'a>(
        &'a self,
        path: &'a str,
        offset: u64,
        length: usize,
    ) -> BoxFuture<'a, Result<Bytes, StoreError>>;

    fn delete<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), StoreError>>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileEntry {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) modified_ms: i64,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("{0} is there already")]
    Exists(String),
    #[error("{path}: {message}")]
    Failed { path: String, message: String },
}

impl StoreError {
    pub(super) fn failed(path: &str, message: impl std::fmt::Display) -> Self {
        StoreError::Failed {
            path: path.to_owned(),
            message: message.to_string(),
        }
    }
}

/// What a path without a scheme means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bare {
    /// A path on this machine.
    Local,
    /// A path in the file system that the Hadoop configuration names as the default.
    DefaultFileSystem,
}

/// The file system of a URI, and the path in it.
pub(crate) fn open_store(
    uri: &str,
    bare: Bare,
) -> Result<(Arc<dyn FileStore>, String), StoreError> {
    let uri = uri.trim();
    if uri.starts_with('/') {
        let store: Arc<dyn FileStore> = match bare {
            Bare::Local => Arc::new(LocalStore),
            Bare::DefaultFileSystem => Arc::new(HadoopStore::new(None)?),
        };
        return Ok((store, uri.to_owned()));
    }
    let help = "write a URI such as hdfs://node1:8020/folder or file:///folder";
    let url =
        Url::parse(uri).map_err(|error| StoreError::failed(uri, format!("{error}; {help}")))?;
    let path = decoded(url.path());
    match url.scheme() {
        "file" => Ok((Arc::new(LocalStore), path)),
        "hdfs" | "viewfs" => {
            let address = match (url.host_str(), url.port()) {
                (Some(host), Some(port)) => Some(format!("{}://{host}:{port}", url.scheme())),
                (Some(host), None) if !host.is_empty() => {
                    Some(format!("{}://{host}", url.scheme()))
                }
                _ => None,
            };
            Ok((Arc::new(HadoopStore::new(address)?), path))
        }
        other => Err(StoreError::failed(
            uri,
            format!("`{other}:` is not supported; {help}"),
        )),
    }
}

/// The path with its percent escapes undone.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = path_escape(rest);
        bytes.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { &rest[3..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn path_escape(rest: &[u8]) -> Option<u8> {
    match rest {
        [b'%', high, low, ..] => {
            let digit = |byte: &u8| (*byte as char).to_digit(16);
            u8::try_from(digit(high)? * 16 + digit(low)?).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood_or_refused() {
        assert_eq!(
            open_store("file:///a%20b/c", Bare::Local).unwrap().1,
            "/a b/c"
        );
        assert_eq!(open_store("/a", Bare::Local).unwrap().1, "/a");
        for uri in ["s3://bucket/a", "relative/path", ""] {
            let error = open_store(uri, Bare::Local).err().unwrap().to_string();
            assert!(error.contains("hdfs://"), "{uri}: {error}");
        }
    }
}
