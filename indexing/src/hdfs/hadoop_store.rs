use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use hdfs_native::HdfsError;
use hdfs_native::client::{Client, ClientBuilder, WriteOptions};

use super::store::{FileEntry, FileStore, StoreError};

/// HDFS. Settings are read from `HADOOP_CONF_DIR`, as every Hadoop client does.
pub(crate) struct HadoopStore {
    client: Client,
}

/// How long a call to the name node may take, with its own retries.
const CALL: Duration = Duration::from_secs(30);

/// The slowest pace of writing that is waited for.
const BYTES_PER_SECOND: usize = 1 << 20;

impl HadoopStore {
    /// `address` is `hdfs://host:port` or the name of a name service; nothing stands for the default file system.
    pub(crate) fn new(address: Option<String>) -> Result<Self, StoreError> {
        let shown = address
            .clone()
            .unwrap_or_else(|| "the default file system".to_owned());
        let mut builder = ClientBuilder::new();
        if let Some(address) = address {
            builder = builder.with_url(address);
        }
        let client = builder.build().map_err(|error| {
            let help = "name the file system as hdfs://host:port/folder or file:///folder, or set HADOOP_CONF_DIR to \
                        a folder whose core-site.xml has fs.defaultFS";
            StoreError::failed(&shown, format!("{error}; {help}"))
        })?;
        Ok(HadoopStore { client })
    }
}

impl FileStore for HadoopStore {
    fn create<'a>(
        &'a self,
        path: &'a str,
        content: Bytes,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let limit = CALL + Duration::from_secs((content.len() / BYTES_PER_SECOND) as u64);
        bounded(path, limit, async move {
            let options = WriteOptions::default().overwrite(true).create_parent(true);
            let mut file = self.client.create(path, options).await?;
            file.write_bytes(content).await?;
            file.close().await
        })
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            match tokio::time::timeout(CALL, self.client.rename(from, to, false)).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) if is_taken(&error) => Err(StoreError::Exists(to.to_owned())),
                Ok(Err(error)) => Err(StoreError::failed(from, first_line(&error))),
                Err(_) => Err(StoreError::failed(
                    from,
                    format!("no answer within {CALL:?}"),
                )),
            }
        })
    }

    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<FileEntry>, StoreError>> {
        bounded(folder, CALL, async move {
            let listing = match self.client.list_status(folder, false).await {
                Err(error) if is_missing(&error) => return Ok(Vec::new()),
                other => other?,
            };
            let files = listing.into_iter().filter(|status| !status.isdir);
            Ok(files
                .map(|status| FileEntry {
                    name: status
                        .path
                        .rsplit('/')
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                    bytes: status.length as u64,
                    modified_ms: i64::try_from(status.modification_time).unwrap_or(i64::MAX),
                })
                .collect())
        })
    }

    fn read_range<'a>(
        &'a self,
        path: &'a str,
        offset: u64,
        length: usize,
    ) -> BoxFuture<'a, Result<Bytes, StoreError>> {
        bounded(path, CALL, async move {
            let file = self.client.read(path).await?;
            let start = usize::try_from(offset)
                .unwrap_or(usize::MAX)
                .min(file.file_length());
            let length = length.min(file.file_length() - start);
            if length == 0 {
                return Ok(Bytes::new());
            }
            file.read_range(start, length).await
        })
    }

    fn delete<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        bounded(path, CALL, async move {
            match self.client.delete(path, false).await {
                Err(error) if is_missing(&error) => Ok(()),
                other => other.map(|_| ()),
            }
        })
    }
}

fn bounded<'a, T: Send + 'a>(
    path: &'a str,
    limit: Duration,
    work: impl Future<Output = Result<T, HdfsError>> + Send + 'a,
) -> BoxFuture<'a, Result<T, StoreError>> {
    Box::pin(async move {
        match tokio::time::timeout(limit, work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(StoreError::failed(path, first_line(&error))),
            Err(_) => Err(StoreError::failed(
                path,
                format!("no answer within {limit:?}"),
            )),
        }
    })
}

/// The name node answers with Java stack traces.
fn first_line(error: &HdfsError) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn is_taken(error: &HdfsError) -> bool {
    match error {
        HdfsError::AlreadyExists(_) => true,
        HdfsError::RPCError(class, _) => class.ends_with("FileAlreadyExistsException"),
        _ => false,
    }
}

fn is_missing(error: &HdfsError) -> bool {
    match error {
        HdfsError::FileNotFound(_) => true,
        HdfsError::RPCError(class, _) => class.ends_with("FileNotFoundException"),
        _ => false,
    }
}
