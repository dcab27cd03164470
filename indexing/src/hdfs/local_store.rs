use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use futures::future::BoxFuture;

use super::store::{FileEntry, FileStore, StoreError};

/// Folders of this machine. File operations block, so they run on tokio's threads for that.
pub(crate) struct LocalStore;

impl FileStore for LocalStore {
    fn create<'a>(
        &'a self,
        path: &'a str,
        content: Bytes,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        blocking(path, move |path| {
            if let Some(parent) = Path::new(path).parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = fs::File::create(path)?;
            file.write_all(&content)?;
            file.sync_all()
        })
    }

    fn rename<'a>(&'a self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        let target = to.to_owned();
        let renamed = blocking(from, move |from| {
            // A link refuses to replace what is there, which a rename would not.
            fs::hard_link(from, &target)?;
            fs::remove_file(from)?;
            match Path::new(&target).parent() {
                Some(parent) => fs::File::open(parent)?.sync_all(),
                None => Ok(()),
            }
        });
        Box::pin(async move {
            match renamed.await {
                Err(StoreError::Exists(_)) => Err(StoreError::Exists(to.to_owned())),
                other => other,
            }
        })
    }

    fn list<'a>(&'a self, folder: &'a str) -> BoxFuture<'a, Result<Vec<FileEntry>, StoreError>> {
        blocking(folder, |folder| {
            let mut entries = Vec::new();
            let listing = match fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(entries),
                other => other?,
            };
            for entry in listing {
                let entry = entry?;
                let metadata = entry.metadata()?;
                if !metadata.is_file() {
                    continue;
                }
                let modified = metadata
                    .modified()?
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                entries.push(FileEntry {
                    name: entry.file_name().to_string_lossy().into_owned(),
                    bytes: metadata.len(),
                    modified_ms: i64::try_from(modified.as_millis()).unwrap_or(i64::MAX),
                });
            }
            Ok(entries)
        })
    }

    fn read_range<'a>(
        &'a self,
        path: &'a str,
        offset: u64,
        length: usize,
    ) -> BoxFuture<'a, Result<Bytes, StoreError>> {
        blocking(path, move |path| {
            let mut file = fs::File::open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            let mut content = Vec::new();
            file.take(length as u64).read_to_end(&mut content)?;
            Ok(Bytes::from(content))
        })
    }

    fn delete<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        blocking(path, |path| match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        })
    }
}

fn blocking<T: Send + 'static>(
    path: &str,
    work: impl FnOnce(&str) -> io::Result<T> + Send + 'static,
) -> BoxFuture<'static, Result<T, StoreError>> {
    let path = path.to_owned();
    Box::pin(async move {
        let worked = tokio::task::spawn_blocking(move || {
            let result = work(&path);
            (path, result)
        });
        match worked.await {
            Ok((_, Ok(value))) => Ok(value),
            Ok((path, Err(error))) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(StoreError::Exists(path))
            }
            Ok((path, Err(error))) => Err(StoreError::failed(&path, error)),
            Err(error) => Err(StoreError::failed("a local file", error)),
        }
    })
}
