//! Files of JSON lines on HDFS, or in a local folder: `<root>/<sensor>/enrichment-…json`.
//!
//! A file is gathered in memory and stored in one go: written under a hidden name, closed, and renamed to a name that
//! says which records it holds. Only then are its items done, so that their offsets are committed after the file is
//! complete. After a crash the same records come again; lines that a stored file of their range holds already are
//! skipped, whatever the bounds of the new files are.

mod folder;
mod hadoop_store;
mod local_store;
mod name;
mod open_file;
mod store;
mod stored;
mod stored_file;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use alidade_event::{Origin, Str};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::{
    Advance, Batch, BatchLimits, Cause, HdfsGlobal, IndexingError, Item, Now, Outcome, Urgency,
    Writer, WriterKind, WriterSettings,
};
use name::{final_name, temporary_name};
use open_file::{FileKey, FinishedFile, ITEM_BYTES, OpenFile};
use store::{FileStore, StoreError};
use stored::StoredFiles;

pub(crate) use folder::safe_name;
pub(crate) use store::{Bare, open_store};
pub use stored_file::{FileVersion, StoredFile};

/// Folders and partitions whose stored files are remembered; beyond that they are looked up again.
const MAX_KNOWN: usize = 10_000;

/// How many files of one range with different content there may be.
const MAX_COPIES: u32 = 100;

/// Writes JSON lines to files.
pub struct HdfsWriter {
    store: Arc<dyn FileStore>,
    /// Without a slash at its end; empty for the root of the file system.
    root: String,
    settings: HdfsGlobal,
    files: HashMap<FileKey, OpenFile>,
    finished: VecDeque<FinishedFile>,
    known: HashMap<FileKey, StoredFiles>,
    done: Vec<Origin>,
    /// Items in `files`, `finished` and `done`.
    held: usize,
    /// Bytes of `files` and `finished`.
    bytes: usize,
    /// Temporary files of partitions that were given up.
    leftovers: Vec<String>,
    /// Makes temporary names unique among processes.
    token: String,
    /// The clock at the last call.
    seen: Option<Instant>,
}

impl HdfsWriter {
    /// Makes the writer. Nothing is sent yet.
    ///
    /// # Errors
    /// When the root is no address of a file system.
    pub fn new(settings: &HdfsGlobal) -> Result<Self, IndexingError> {
        let (store, root) =
            open_store(&settings.root, Bare::DefaultFileSystem).map_err(|error| {
                IndexingError::Client {
                    store: "HDFS",
                    message: error.to_string(),
                }
            })?;
        Ok(Self::with_store(store, &root, settings))
    }

    fn with_store(store: Arc<dyn FileStore>, root: &str, settings: &HdfsGlobal) -> Self {
        let started = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        HdfsWriter {
            store,
            root: root.trim_end_matches('/').to_owned(),
            settings: settings.clone(),
            files: HashMap::new(),
            finished: VecDeque::new(),
            known: HashMap::new(),
            done: Vec::new(),
            held: 0,
            bytes: 0,
            leftovers: Vec::new(),
            token: format!("{}-{:x}", std::process::id(), started.as_nanos()),
            seen: None,
        }
    }

    fn folder_path(&self, key: &FileKey) -> String {
        if key.folder.is_empty() {
            return self.root.clone();
        }
        format!("{}/{}", self.root, key.folder)
    }

    async fn write_batch(&mut self, batch: Batch<'_>) -> Vec<Outcome> {
        self.seen = Some(batch.now.at);
        let mut lines = Vec::new();
        let planned = self.plan(&batch, &mut lines).await;
        let room = match &planned {
            Ok(_) => {
                self.make_room(lines.len() + batch.items.len() * ITEM_BYTES)
                    .await
            }
            Err(_) => Ok(()),
        };
        match (planned, room) {
            // From here on nothing is awaited: the batch is gathered as a whole or, if this call is dropped, not at all.
            (Ok(planned), Ok(())) => self.gather(&batch, planned, &lines),
            (Err(cause), _) | (_, Err(cause)) => vec![Outcome::Retry(cause); batch.items.len()],
        }
    }

    /// Decides for each item where it goes, writes its line into `lines`, and reads what is stored of its range.
    async fn plan(&mut self, batch: &Batch<'_>, lines: &mut Vec<u8>) -> Result<Vec<Plan>, Cause> {
        let mut planned = Vec::with_capacity(batch.items.len());
        for pending in batch.items {
            let item = &pending.item;
            let folder = match folder_of(item, batch.settings, batch.now) {
                Ok(folder) => folder,
                Err(message) => {
                    planned.push(Plan::Refuse(message));
                    continue;
                }
            };
            let key = FileKey {
                folder,
                topic: item.origin.topic.clone(),
                partition: item.origin.partition,
            };
            self.prepare(&key, item.origin.offset, batch.now).await?;
            let start = lines.len();
            item.event.write_json(lines);
            planned.push(Plan::Line(key, start..lines.len()));
            lines.push(b'\n');
        }
        Ok(planned)
    }

    /// Finds and reads the stored files that may hold a record.
    async fn prepare(&mut self, key: &FileKey, offset: i64, now: Now) -> Result<(), Cause> {
        if let Some(known) = self.known.get_mut(key) {
            if known.is_empty() {
                return Ok(());
            }
            let prepared = known.prepare(self.store.as_ref(), offset).await;
            return prepared.map_err(store_cause);
        }
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        let folder = self.folder_path(key);
        let found = StoredFiles::find(
            self.store.as_ref(),
            &folder,
            &key.topic,
            key.partition,
            offset,
            now.epoch_ms,
        );
        let mut found = found.await.map_err(store_cause)?;
        found
            .prepare(self.store.as_ref(), offset)
            .await
            .map_err(store_cause)?;
        self.known.insert(key.clone(), found);
        Ok(())
    }

    /// Appends the lines to their files, in memory.
    fn gather(&mut self, batch: &Batch<'_>, planned: Vec<Plan>, lines: &[u8]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(planned.len());
        for (pending, plan) in batch.items.iter().zip(planned) {
            let (key, place) = match plan {
                Plan::Refuse(message) => {
                    outcomes.push(Outcome::Refuse(Cause::sensor(message)));
                    continue;
                }
                Plan::Line(key, place) => (key, place),
            };
            let line = lines.get(place).unwrap_or_default();
            let offset = pending.item.origin.offset;
            let is_stored = match self.known.get_mut(&key) {
                Some(known) if !known.is_empty() => known.take(offset, line),
                _ => false,
            };
            if is_stored {
                outcomes.push(Outcome::Done);
                continue;
            }
            self.append(&key, &pending.item, line, batch.now);
            outcomes.push(Outcome::Held);
        }
        outcomes
    }

    fn append(&mut self, key: &FileKey, item: &Item, line: &[u8], now: Now) {
        if !self.files.contains_key(key) {
            if self.files.len() >= self.settings.max_open_files {
                let oldest = self.files.iter().min_by_key(|(_, file)| file.opened);
                if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                    self.close(&oldest);
                }
            }
            self.files.insert(key.clone(), OpenFile::new(item, now.at));
        }
        let Some(file) = self.files.get_mut(key) else {
            return;
        };
        file.content.extend_from_slice(line);
        file.content.push(b'\n');
        file.note(item, now.at);
        self.bytes += line.len() + 1 + ITEM_BYTES;
        self.held += 1;
        if file.content.len() >= self.settings.max_file_bytes {
            self.close(key);
        }
    }

    /// Stores files, the largest first, until there is room for so many bytes.
    async fn make_room(&mut self, bytes: usize) -> Result<(), Cause> {
        while self.bytes > 0 && self.bytes.saturating_add(bytes) > self.settings.max_buffered_bytes
        {
            if self.finished.is_empty() {
                let largest = self.files.iter().max_by_key(|(_, file)| file.bytes());
                let Some(largest) = largest.map(|(key, _)| key.clone()) else {
                    break;
                };
                self.close(&largest);
            }
            self.store_one().await?;
        }
        Ok(())
    }

    /// Takes a file out of the open ones; what is written from now on goes to another.
    fn close(&mut self, key: &FileKey) {
        if let Some((key, file)) = self.files.remove_entry(key)
            && !file.is_empty()
        {
            self.finished.push_back(file.finish(key));
        }
    }

    /// Stores the first finished file. It stays first when that fails.
    async fn store_one(&mut self) -> Result<(), Cause> {
        let Some(file) = self.finished.front() else {
            return Ok(());
        };
        let folder = self.folder_path(&file.key);
        let copy = store_file(self.store.as_ref(), &folder, file, &self.token).await;
        let Some(file) = self.finished.front_mut() else {
            return Ok(());
        };
        match copy {
            Ok(Stored::Complete) => {
                self.bytes = self.bytes.saturating_sub(file.bytes());
                self.done.extend(file.origins());
                self.finished.pop_front();
                Ok(())
            }
            Ok(Stored::NameTaken) if file.copy < MAX_COPIES => {
                file.copy += 1;
                Ok(())
            }
            Ok(Stored::NameTaken) => Err(Cause::store(format!(
                "{folder} holds {MAX_COPIES} files of the same range of records"
            ))),
            Err(error) => Err(store_cause(error)),
        }
    }

    async fn finish_due(&mut self, now: Now, urgency: Urgency) -> Advance {
        self.seen = Some(now.at);
        let due: Vec<FileKey> = self
            .files
            .iter()
            .filter(|(_, file)| urgency == Urgency::All || file.due_at(&self.settings) <= now.at)
            .map(|(key, _)| key.clone())
            .collect();
        for key in due {
            self.close(&key);
        }
        let mut problem = None;
        while !self.finished.is_empty() && problem.is_none() {
            problem = self.store_one().await.err();
        }
        while let Some(path) = self.leftovers.pop() {
            if let Err(error) = self.store.delete(&path).await {
                tracing::warn!(%error, "an unfinished file cannot be removed");
            }
        }
        let done = std::mem::take(&mut self.done);
        self.held = self.held.saturating_sub(done.len());
        Advance { done, problem }
    }
}

/// What is to become of one item of a batch.
enum Plan {
    Refuse(String),
    /// Its file, and where its line stands among those of the batch.
    Line(FileKey, Range<usize>),
}

enum Stored {
    Complete,
    /// A file of that name with other content is there.
    NameTaken,
}

/// Writes a file under its temporary name and renames it. Doing it again after a failure halfway gives the same result.
async fn store_file(
    store: &dyn FileStore,
    folder: &str,
    file: &FinishedFile,
    token: &str,
) -> Result<Stored, StoreError> {
    let FileKey {
        topic, partition, ..
    } = &file.key;
    let temporary = format!(
        "{folder}/{}",
        temporary_name(topic, *partition, file.range, token)
    );
    let target = format!(
        "{folder}/{}",
        final_name(topic, *partition, file.range, file.copy)
    );
    store.create(&temporary, file.content.clone()).await?;
    match store.rename(&temporary, &target).await {
        Ok(()) => Ok(Stored::Complete),
        Err(StoreError::Exists(_)) => {
            // Perhaps our own: the answer to an earlier rename may have been lost.
            let is_ours = has_content(store, &target, &file.content).await?;
            store.delete(&temporary).await?;
            Ok(if is_ours {
                Stored::Complete
            } else {
                Stored::NameTaken
            })
        }
        Err(error) => Err(error),
    }
}

async fn has_content(
    store: &dyn FileStore,
    path: &str,
    content: &[u8],
) -> Result<bool, StoreError> {
    const CHUNK: usize = 8 << 20;
    let mut compared = 0;
    loop {
        let chunk = store.read_range(path, compared as u64, CHUNK).await?;
        if chunk.is_empty() {
            return Ok(compared == content.len());
        }
        let expected = content.get(compared..compared + chunk.len());
        if expected != Some(chunk.as_ref()) {
            return Ok(false);
        }
        compared += chunk.len();
    }
}

fn folder_of(item: &Item, settings: &WriterSettings, now: Now) -> Result<Str, String> {
    let wanted = match &settings.output_path {
        None => item.sensor.clone(),
        Some(path) => path.folder(&item.event, now.epoch_ms)?,
    };
    Ok(folder::safe_folder(&wanted))
}

fn store_cause(error: StoreError) -> Cause {
    Cause::store(error.to_string())
}

impl Writer for HdfsWriter {
    fn kind(&self) -> WriterKind {
        WriterKind::Hdfs
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            items: 10_000,
            bytes: 8 << 20,
            bytes_per_item: 1,
        }
    }

    fn gathers(&self) -> bool {
        true
    }

    fn write<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Vec<Outcome>> {
        self.write_batch(batch).boxed()
    }

    fn advance<'a>(&'a mut self, now: Now, urgency: Urgency) -> BoxFuture<'a, Advance> {
        self.finish_due(now, urgency).boxed()
    }

    fn next_due(&self) -> Option<Instant> {
        if !self.done.is_empty() || !self.finished.is_empty() {
            return self.seen;
        }
        self.files
            .values()
            .map(|file| file.due_at(&self.settings))
            .min()
    }

    fn held(&self) -> usize {
        self.held
    }

    fn forget(&mut self, topic: &str, partition: i32) {
        let is_kept = |key: &FileKey| key.partition != partition || key.topic != topic;
        let (mut items, mut bytes) = (0, 0);
        self.files.retain(|key, file| {
            let keep = is_kept(key);
            if !keep {
                items += file.items();
                bytes += file.bytes();
            }
            keep
        });
        for file in self.finished.iter().filter(|file| !is_kept(&file.key)) {
            items += file.items();
            bytes += file.bytes();
            let name = temporary_name(&file.key.topic, partition, file.range, &self.token);
            self.leftovers
                .push(format!("{}/{name}", self.folder_path(&file.key)));
        }
        self.finished.retain(|file| is_kept(&file.key));
        let before = self.done.len();
        self.done
            .retain(|origin| origin.partition != partition || origin.topic != topic);
        items += before - self.done.len();
        self.known.retain(|key, _| is_kept(key));
        self.held = self.held.saturating_sub(items);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}
