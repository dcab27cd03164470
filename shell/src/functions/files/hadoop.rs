//! Files of HDFS. What the Hadoop configuration says counts (`HADOOP_CONF_DIR`), as for the writer of events.

use bytes::Bytes;
use hdfs_native::HdfsError;
use hdfs_native::client::{Client, ClientBuilder, FileStatus, WriteOptions};

use super::listing::Entry;
use super::{FileError, MOST_BYTES, MOST_ENTRIES};

/// How often another name node is tried, or the same one again. The usual number stands for a minute and more, which is long
/// for somebody who waits.
const FAILOVERS: &str = "3";

/// A file or folder of HDFS.
#[derive(Debug, PartialEq)]
pub(super) struct Hadoop {
    /// `hdfs://host:port`, or the name of a name service; nothing for the default file system.
    address: Option<String>,
    /// Beginning with a slash; else it is below the home folder.
    path: String,
}

impl Hadoop {
    pub(super) fn new(address: Option<String>, path: &str) -> Hadoop {
        Hadoop {
            address,
            path: path.to_owned(),
        }
    }

    pub(super) fn with_path(self, path: &str) -> Hadoop {
        Hadoop::new(self.address, path)
    }

    pub(super) fn is_root(&self) -> bool {
        !self.path.is_empty() && self.path.chars().all(|letter| letter == '/')
    }

    fn client(&self) -> Result<Client, FileError> {
        let mut builder =
            ClientBuilder::new().with_config([("dfs.client.failover.max.attempts", FAILOVERS)]);
        if let Some(address) = &self.address {
            builder = builder.with_url(address);
        }
        builder.build().map_err(|error| {
            let help = "write hdfs://host:port/path, set `indexing.writer.hdfs.root` in the global configuration, or set \
                        HADOOP_CONF_DIR to a folder whose core-site.xml has fs.defaultFS";
            FileError::failed(format!("{error}; {help}"))
        })
    }

    pub(super) async fn read(&self) -> Result<Vec<u8>, FileError> {
        let file = self.client()?.read(&self.path).await.map_err(failed)?;
        let length = file.file_length();
        if length > MOST_BYTES {
            return Err(FileError::too_long(&self.path));
        }
        if length == 0 {
            return Ok(Vec::new());
        }
        let content = file.read_range(0, length).await.map_err(failed)?;
        Ok(content.into())
    }

    pub(super) async fn write(&self, content: Vec<u8>) -> Result<(), FileError> {
        let options = WriteOptions::default().overwrite(true).create_parent(true);
        let client = self.client()?;
        let mut file = client.create(&self.path, options).await.map_err(failed)?;
        if !content.is_empty() {
            file.write_bytes(Bytes::from(content))
                .await
                .map_err(failed)?;
        }
        file.close().await.map_err(failed)
    }

    pub(super) async fn remove(&self, is_recursive: bool) -> Result<(), FileError> {
        match self.client()?.delete(&self.path, is_recursive).await {
            // The answer says whether something was there.
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<Entry>, FileError> {
        let found = self.client()?.list_status_iter(&self.path, false);
        let mut entries = Vec::new();
        while let Some(status) = found.next().await {
            if entries.len() == MOST_ENTRIES {
                return Err(FileError::too_many_entries(&self.path));
            }
            entries.push(entry(status.map_err(failed)?));
        }
        Ok(entries)
    }
}

fn entry(status: FileStatus) -> Entry {
    Entry {
        permission: status.permission,
        size: status.length as u64,
        modified_ms: i64::try_from(status.modification_time).unwrap_or(i64::MAX),
        name: status
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        owner: status.owner,
        group: status.group,
    }
}

/// The name node answers with Java stack traces, of which the first line says enough.
fn failed(error: HdfsError) -> FileError {
    let text = error.to_string();
    FileError::failed(text.lines().next().unwrap_or_default())
}

fn is_missing(error: &HdfsError) -> bool {
    match error {
        HdfsError::FileNotFound(_) => true,
        HdfsError::RPCError(class, _) => class.ends_with("FileNotFoundException"),
        _ => false,
    }
}
