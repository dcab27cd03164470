use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures::future::BoxFuture;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::debug;

use super::{Changes, Store};
use crate::json::MAX_DOCUMENT_BYTES;
use crate::{ConfigError, DocumentId, Kind, RawDocument, RawTree};

/// How often a watched folder is looked at.
const LOOK_PAUSE: Duration = Duration::from_millis(500);
/// More files than any configuration has; beyond that the folder is surely the wrong one.
const MAX_FILES: usize = 10_000;
const PATTERNS: &str = "patterns";

/// The documents in a folder laid out as upstream's `config/zookeeper`: `global.json`, `parsers/*.json`,
/// `enrichments/*.json`, `indexing/*.json`, `profiler.json`, and pattern files in `patterns/`.
///
/// Files that editors leave about (names that start with a dot or end in `~`, `.swp`, `.tmp`) are not seen.
#[derive(Debug, Clone)]
pub struct FolderStore {
    root: PathBuf,
}

impl FolderStore {
    pub fn new(root: impl Into<PathBuf>) -> FolderStore {
        FolderStore { root: root.into() }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a document is or would be.
    pub fn path_of(&self, id: &DocumentId) -> PathBuf {
        self.root.join(id.file())
    }

    /// All documents, read at once. Blocks.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn read_tree_blocking(&self) -> Result<RawTree, ConfigError> {
        let mut tree = RawTree::default();
        for kind in Kind::ALL {
            for id in self.documents_of(kind)? {
                match self.read_blocking(&id) {
                    Ok(Some(document)) => drop(tree.documents.insert(id, document)),
                    Ok(None) => {}
                    Err(error) => drop(tree.unreadable.insert(id, error.to_string())),
                }
            }
        }
        tree.patterns = read_patterns(&self.root.join(PATTERNS))?;
        Ok(tree)
    }

    fn documents_of(&self, kind: Kind) -> Result<Vec<DocumentId>, ConfigError> {
        let Some(folder) = kind.folder() else {
            return Ok(kind.singleton().into_iter().collect());
        };
        let files = files_in(&self.root.join(folder))?;
        Ok(files
            .iter()
            .filter_map(|path| document_of(kind, path))
            .collect())
    }

    fn read_blocking(&self, id: &DocumentId) -> Result<Option<RawDocument>, ConfigError> {
        let path = self.path_of(id);
        let version = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => {
                let bytes = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
                if bytes > MAX_DOCUMENT_BYTES {
                    return Err(ConfigError::TooLarge {
                        document: id.clone(),
                        bytes,
                        limit: MAX_DOCUMENT_BYTES,
                    });
                }
                let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
                let age = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(age.as_micros()).unwrap_or(i64::MAX)
            }
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(file_error("look at", &path, source)),
        };
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(RawDocument::new(bytes, version))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(file_error("read", &path, source)),
        }
    }
}

/// The files of a folder that could be documents or patterns, sorted; none if the folder is not there.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(file_error("list", folder, source)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| file_error("list", folder, source))?;
        let path = entry.path();
        let is_passing = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_none_or(is_passing_name);
        if !is_passing && path.is_file() {
            files.push(path);
        }
        if files.len() > MAX_FILES {
            let source = io::Error::other("it holds more than 10000 files");
            return Err(file_error("list", folder, source));
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a name is that of a file which an editor or a copy in progress leaves about.
fn is_passing_name(name: &str) -> bool {
    name.starts_with('.') || [".swp", ".tmp", "~"].iter().any(|end| name.ends_with(end))
}

/// The document in a file of a kind's folder; nothing for a file that is no document.
pub(crate) fn document_of(kind: Kind, path: &Path) -> Option<DocumentId> {
    let sensor = path.file_name()?.to_str()?.strip_suffix(".json")?;
    match kind.of_sensor(sensor) {
        Ok(id) => id,
        Err(error) => {
            debug!(path = %path.display(), %error, "file ignored");
            None
        }
    }
}

fn read_patterns(folder: &Path) -> Result<BTreeMap<String, Arc<[u8]>>, ConfigError> {
    let mut patterns = BTreeMap::new();
    for path in files_in(folder)? {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        match fs::read(&path) {
            Ok(bytes) => patterns.insert(name.to_owned(), Arc::from(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(file_error("read", &path, source)),
        };
    }
    Ok(patterns)
}

fn file_error(action: &'static str, path: &Path, source: io::Error) -> ConfigError {
    ConfigError::File {
        action,
        path: path.to_owned(),
        source,
    }
}

/// Writes a file so that a reader sees the old or the new content, never a part.
pub(crate) fn write_whole_file(path: &Path, bytes: &[u8]) -> Result<(), ConfigError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|source| file_error("create", folder, source))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let passing = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = fs::File::create(&passing)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&passing, path));
    written.map_err(|source| {
        // The write failed already; what is left behind is only untidy.
        let _ = fs::remove_file(&passing);
        file_error("write", path, source)
    })
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConfigError> + Send + 'static,
) -> Result<T, ConfigError> {
    spawn_blocking(work)
        .await
        .unwrap_or(Err(ConfigError::Cancelled))
}

impl Store for FolderStore {
    fn describe(&self) -> String {
        format!("folder {}", self.root.display())
    }

    fn read_tree(&self) -> BoxFuture<'_, Result<RawTree, ConfigError>> {
        let store = self.clone();
        Box::pin(off_thread(move || store.read_tree_blocking()))
    }

    fn read<'a>(
        &'a self,
        id: &'a DocumentId,
    ) -> BoxFuture<'a, Result<Option<RawDocument>, ConfigError>> {
        let (store, id) = (self.clone(), id.clone());
        Box::pin(off_thread(move || store.read_blocking(&id)))
    }

    fn write<'a>(
        &'a self,
        id: &'a DocumentId,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<(), ConfigError>> {
        let (path, bytes) = (self.path_of(id), bytes.to_vec());
        Box::pin(off_thread(move || write_whole_file(&path, &bytes)))
    }

    fn delete<'a>(&'a self, id: &'a DocumentId) -> BoxFuture<'a, Result<bool, ConfigError>> {
        let path = self.path_of(id);
        Box::pin(off_thread(move || match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(file_error("remove", &path, source)),
        }))
    }

    fn watch(&self) -> BoxFuture<'_, Result<Box<dyn Changes>, ConfigError>> {
        Box::pin(async {
            let seen = self.read_tree().await?;
            let store = self.clone();
            Ok(Box::new(Looking { store, seen }) as Box<dyn Changes>)
        })
    }
}

/// Looks at the folder again and again. Contents are compared, not only times: a file may be changed twice within the
/// grain of the clock.
struct Looking {
    store: FolderStore,
    seen: RawTree,
}

impl Looking {
    async fn wait(&mut self) -> Result<(), ConfigError> {
        loop {
            sleep(LOOK_PAUSE).await;
            let now = self.store.read_tree().await?;
            if now != self.seen {
                self.seen = now;
                return Ok(());
            }
        }
    }
}

impl Changes for Looking {
    fn next(&mut self) -> BoxFuture<'_, Result<(), ConfigError>> {
        Box::pin(self.wait())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn documents_are_found_and_strays_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in [
            "global.json",
            "parsers/squid.json",
            "indexing/squid.json",
            "patterns/squid",
            "parsers/.squid.json.swp",
            "parsers/.#squid.json",
            "parsers/squid.json~",
            "parsers/README",
            "parsers/squid.json.bak",
            "parsers/deeper/x.json",
            "parsers/4913.tmp",
            "other/squid.json",
            "tests/squid/first.json",
        ] {
            put(root, name, "{}");
        }
        let tree = FolderStore::new(root).read_tree_blocking().unwrap();
        let names: Vec<String> = tree.documents.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["global", "parsers/squid", "indexing/squid"]);
        let patterns: Vec<&String> = tree.patterns.keys().collect();
        assert_eq!(patterns, ["squid"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::new(folder.path().join("nothing"));
        assert_eq!(store.read_tree_blocking().unwrap(), RawTree::default());
    }

    #[tokio::test]
    async fn what_is_written_is_read_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::new(folder.path().join("new"));
        let id = DocumentId::Enrichment("squid".to_owned());
        assert_eq!(store.read(&id).await.unwrap(), None);
        store.write(&id, b"{ }").await.unwrap();
        let document = store.read(&id).await.unwrap().unwrap();
        assert_eq!(&*document.bytes, b"{ }");
        assert!(document.version > 0);
        assert!(store.delete(&id).await.unwrap());
        assert!(!store.delete(&id).await.unwrap());
        assert_eq!(
            fs::read_dir(folder.path().join("new/enrichments"))
                .unwrap()
                .count(),
            0
        );
    }

    #[tokio::test]
    async fn a_change_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::new(folder.path());
        let mut changes = store.watch().await.unwrap();
        put(folder.path(), "parsers/.squid.json.swp", "x");
        let quiet = tokio::time::timeout(Duration::from_millis(1200), changes.next()).await;
        assert!(quiet.is_err(), "a swap file is no change");
        put(folder.path(), "parsers/squid.json", "{}");
        let noticed = tokio::time::timeout(Duration::from_secs(10), changes.next()).await;
        noticed.unwrap().unwrap();
    }

    #[test]
    fn a_file_too_large_stands_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        put(
            folder.path(),
            "global.json",
            &" ".repeat(MAX_DOCUMENT_BYTES + 1),
        );
        put(folder.path(), "parsers/squid.json", "{}");
        let tree = FolderStore::new(folder.path())
            .read_tree_blocking()
            .unwrap();
        assert!(tree.unreadable.contains_key(&DocumentId::Global));
        assert_eq!(tree.documents.len(), 1, "the others are read nevertheless");
    }
}
