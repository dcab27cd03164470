use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use alidade_event::{Event, NumberStyle, Str, Value, write_string};

use crate::IndexingError;

/// One document, with the names that Elasticsearch would have.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalDocument {
    /// Name of the index, date and all.
    pub index: Str,
    /// The guid.
    pub id: Str,
    pub event: Event,
}

/// The latest documents by guid, in memory. Where there is a folder, every version is also appended to
/// `<folder>/<index>.ndjson`, and read again at the next start.
pub struct LocalIndex {
    state: Mutex<State>,
    folder: Option<PathBuf>,
    capacity: usize,
}

#[derive(Default)]
struct State {
    /// By guid: the document, and its place in the order.
    documents: HashMap<Str, (u64, Arc<LocalDocument>)>,
    order: BTreeMap<u64, Str>,
    next: u64,
}

/// Longest line of a file that is read at the start.
const MAX_LINE: u64 = 16 << 20;

const EXTENSION: &str = "ndjson";

impl LocalIndex {
    /// Documents that are kept in memory, unless told otherwise.
    pub const CAPACITY: usize = 100_000;

    /// An index that is gone with the process. The oldest documents give way when there are more than `capacity`.
    pub fn in_memory(capacity: usize) -> Self {
        LocalIndex {
            state: Mutex::default(),
            folder: None,
            capacity: capacity.max(1),
        }
    }

    /// An index with a folder, which is made if need be; what earlier runs left there is read.
    ///
    /// # Errors
    /// When the folder cannot be made or read. Lines that are no documents are left out.
    pub fn open(folder: &Path, capacity: usize) -> Result<Self, IndexingError> {
        let failure = |source| IndexingError::File {
            path: folder.display().to_string(),
            source,
        };
        fs::create_dir_all(folder).map_err(failure)?;
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .map_err(failure)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(failure)?
            .into_iter()
            .map(|entry| entry.path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == EXTENSION)
            })
            .collect();
        files.sort();
        let index = LocalIndex {
            folder: Some(folder.to_owned()),
            ..LocalIndex::in_memory(capacity)
        };
        for path in files {
            index.read_file(&path).map_err(failure)?;
        }
        Ok(index)
    }

    /// Puts documents, replacing those with the same guid. They are on disk when this returns. Blocks.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn put_all(&self, documents: Vec<LocalDocument>) -> Result<(), IndexingError> {
        self.append(&documents)?;
        let mut state = self.state();
        for document in documents {
            state.put(document, self.capacity);
        }
        Ok(())
    }

    /// The latest version of a document.
    pub fn get(&self, id: &str) -> Option<Arc<LocalDocument>> {
        let state = self.state();
        state
            .documents
            .get(id)
            .map(|(_, document)| Arc::clone(document))
    }

    /// Documents of an index in the order in which they came. `index` is the whole name, or what stands before
    /// `_index_`; an empty one stands for all.
    pub fn documents(&self, index: &str) -> Vec<Arc<LocalDocument>> {
        let state = self.state();
        let in_order = state
            .order
            .values()
            .filter_map(|id| state.documents.get(id));
        in_order
            .filter(|(_, document)| index.is_empty() || belongs(&document.index, index))
            .map(|(_, document)| Arc::clone(document))
            .collect()
    }

    /// Names of the indices, with the number of documents that are in memory.
    pub fn indices(&self) -> BTreeMap<Str, usize> {
        let mut counts = BTreeMap::new();
        for (_, document) in self.state().documents.values() {
            *counts.entry(document.index.clone()).or_insert(0) += 1;
        }
        counts
    }

    pub fn len(&self) -> usize {
        self.state().documents.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }

    fn append(&self, documents: &[LocalDocument]) -> Result<(), IndexingError> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let mut by_index: BTreeMap<&Str, Vec<u8>> = BTreeMap::new();
        for document in documents {
            write_line(document, by_index.entry(&document.index).or_default());
        }
        for (index, lines) in by_index {
            let path = folder.join(format!("{}.{EXTENSION}", file_name(index)));
            let written = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&path)
                .and_then(|mut file| {
                    file.write_all(&lines)?;
                    file.sync_data()
                });
            written.map_err(|source| IndexingError::File {
                path: path.display().to_string(),
                source,
            })?;
        }
        Ok(())
    }

    fn read_file(&self, path: &Path) -> io::Result<()> {
        let mut reader = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        let mut skipped = 0_u64;
        loop {
            line.clear();
            if reader
                .by_ref()
                .take(MAX_LINE)
                .read_until(b'\n', &mut line)?
                == 0
            {
                break;
            }
            match read_line(&line) {
                Some(document) => self.state().put(document, self.capacity),
                None => skipped += 1,
            }
        }
        if skipped > 0 {
            tracing::warn!(path = %path.display(), skipped, "lines that are no documents were left out");
        }
        Ok(())
    }
}

impl State {
    fn put(&mut self, document: LocalDocument, capacity: usize) {
        let id = document.id.clone();
        let document = Arc::new(document);
        if let Some((_, known)) = self.documents.get_mut(&id) {
            *known = document;
            return;
        }
        let place = self.next;
        self.next += 1;
        self.order.insert(place, id.clone());
        self.documents.insert(id, (place, document));
        while self.documents.len() > capacity {
            let Some((_, oldest)) = self.order.pop_first() else {
                return;
            };
            self.documents.remove(&oldest);
        }
    }
}

fn belongs(name: &str, index: &str) -> bool {
    name == index
        || name
            .strip_prefix(index)
            .is_some_and(|rest| rest.starts_with("_index_"))
}

/// A file name for an index: one component, whatever the index is called.
fn file_name(index: &str) -> Str {
    crate::hdfs::safe_name(index)
}

fn write_line(document: &LocalDocument, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"_index\":");
    write_string(&document.index, out);
    out.extend_from_slice(b",\"_id\":");
    write_string(&document.id, out);
    out.extend_from_slice(b",\"_source\":");
    document.event.write_json(out);
    out.extend_from_slice(b"}\n");
}

fn read_line(line: &[u8]) -> Option<LocalDocument> {
    let mut outer = Event::read_json(line, NumberStyle::Simple).ok()?;
    let Some(Value::Map(source)) = outer.remove("_source") else {
        return None;
    };
    let fields = source
        .iter()
        .filter_map(|(name, value)| Some((name.as_str()?.into(), value.clone())));
    Some(LocalDocument {
        index: outer.get_str("_index")?.into(),
        id: outer.get_str("_id")?.into(),
        event: fields.collect(),
    })
}
