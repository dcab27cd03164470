//! What earlier runs have stored already, so that a replay adds only what is missing.

use std::collections::HashMap;

use alidade_event::Str;
use xxhash_rust::xxh3::xxh3_128;

use super::name::{OffsetRange, is_temporary, range_of};
use super::store::{FileStore, StoreError};

/// How much of a stored file is read at a time.
const CHUNK: usize = 8 << 20;

/// A temporary file this old belongs to a process that is gone: files are written in one go.
const ABANDONED_MS: i64 = 15 * 60 * 1_000;

/// Files of one folder and partition that were there when this process first wrote to it.
#[derive(Default)]
pub(super) struct StoredFiles(Vec<StoredFile>);

struct StoredFile {
    path: String,
    range: OffsetRange,
    bytes: u64,
    /// How often each line occurs, by its hash; read when the first record of the range comes again.
    lines: Option<HashMap<u128, u32>>,
}

impl StoredFiles {
    /// Looks up what a folder holds of a partition from `offset` on, and clears away what a dead process left behind.
    pub(super) async fn find(
        store: &dyn FileStore,
        folder: &str,
        topic: &Str,
        partition: i32,
        offset: i64,
        now_ms: i64,
    ) -> Result<Self, StoreError> {
        let mut found = Vec::new();
        for entry in store.list(folder).await? {
            if let Some(range) = range_of(&entry.name, topic, partition)
                && range.last >= offset
            {
                found.push(StoredFile {
                    path: format!("{folder}/{}", entry.name),
                    range,
                    bytes: entry.bytes,
                    lines: None,
                });
            } else if is_temporary(&entry.name, topic, partition)
                && now_ms.saturating_sub(entry.modified_ms) > ABANDONED_MS
            {
                let path = format!("{folder}/{}", entry.name);
                match store.delete(&path).await {
                    Ok(()) => tracing::info!(path, "removed a file that was never finished"),
                    Err(error) => tracing::warn!(%error, "an unfinished file cannot be removed"),
                }
            }
        }
        Ok(StoredFiles(found))
    }

    /// Reads the files that may hold the record at `offset`, as far as they have not been read yet.
    pub(super) async fn prepare(
        &mut self,
        store: &dyn FileStore,
        offset: i64,
    ) -> Result<(), StoreError> {
        for file in self.0.iter_mut() {
            if file.range.contains(offset) && file.lines.is_none() {
                file.lines = Some(hash_lines(store, &file.path, file.bytes).await?);
            }
        }
        Ok(())
    }

    /// Whether a line of the record at `offset` is stored already. Each stored line counts once.
    pub(super) fn take(&mut self, offset: i64, line: &[u8]) -> bool {
        // Records come in the order of their offsets: what ends before this one has done its service.
        self.0.retain(|file| file.range.last >= offset);
        let hash = xxh3_128(line);
        for file in self.0.iter_mut().filter(|file| file.range.contains(offset)) {
            let count = file.lines.as_mut().and_then(|lines| lines.get_mut(&hash));
            if let Some(count) = count.filter(|count| **count > 0) {
                *count -= 1;
                return true;
            }
        }
        false
    }

    /// Whether nothing of the past is left to compare with.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

async fn hash_lines(
    store: &dyn FileStore,
    path: &str,
    bytes: u64,
) -> Result<HashMap<u128, u32>, StoreError> {
    let mut lines = HashMap::new();
    let mut unfinished: Vec<u8> = Vec::new();
    let mut offset = 0;
    while offset < bytes {
        let chunk = store.read_range(path, offset, CHUNK).await?;
        if chunk.is_empty() {
            break;
        }
        offset += chunk.len() as u64;
        let mut parts = chunk.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                unfinished.extend_from_slice(part);
            } else if unfinished.is_empty() {
                *lines.entry(xxh3_128(part)).or_default() += 1;
            } else {
                unfinished.extend_from_slice(part);
                *lines.entry(xxh3_128(&unfinished)).or_default() += 1;
                unfinished.clear();
            }
        }
    }
    Ok(lines)
}
