use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use alidade_maas_core::{MaasError, copy_payload, find_script, payload_below_root};

use crate::DeployError;

/// A future of a payload store.
pub type Storing<'a, T> = Pin<Box<dyn Future<Output = Result<T, DeployError>> + Send + 'a>>;

/// Where payloads are put for the service to find.
pub trait PayloadStore: Send + Sync {
    /// Puts a local directory under a path, in place of what was there.
    ///
    /// # Errors
    /// When the directory has not exactly one `.sh`, or cannot be stored. What was there is there still then.
    fn put<'a>(&'a self, local: &'a Path, path: &'a str) -> Storing<'a, PlacedPayload>;

    /// Looks for a payload that is to be there already.
    ///
    /// # Errors
    /// When the store can tell that the service could not use it.
    fn find<'a>(&'a self, path: &'a str) -> Storing<'a, PlacedPayload>;
}

/// A payload that is in its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedPayload {
    /// The path that a request for it has.
    pub path: String,
    /// Where it is, for people.
    pub place: String,
    /// What people should know of it.
    pub note: Option<String>,
}

/// Payloads in folders below a root on this machine: an absolute path, too, is a path below the root, so that the same
/// command line works with and without a cluster.
#[derive(Debug, Clone)]
pub struct LocalFolderStore {
    root: PathBuf,
}

/// Marks a directory that this tool has put there, and may therefore replace.
const MARKER: &str = ".alidade-payload";

impl LocalFolderStore {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// A directory that holds something else, or lies in another payload, must not be replaced.
    fn check_place(&self, target: &Path, path: &str) -> Result<(), MaasError> {
        let refused = |reason: String| MaasError::Payload {
            path: path.to_owned(),
            reason,
        };
        if target.exists() && !target.join(MARKER).exists() {
            return Err(refused(format!(
                "{} is there already and is not a payload; choose another -hmp",
                target.display()
            )));
        }
        let parents = target.ancestors().skip(1);
        for parent in parents.take_while(|parent| parent.starts_with(&self.root)) {
            if parent.join(MARKER).exists() {
                return Err(refused(format!(
                    "it lies inside the payload {}; choose another -hmp",
                    parent.display()
                )));
            }
        }
        Ok(())
    }

    fn store(&self, local: &Path, path: &str) -> Result<String, MaasError> {
        if !local.is_dir() {
            return Err(MaasError::Payload {
                path: local.display().to_string(),
                reason: "it is not a directory on this machine (-lmp)".to_owned(),
            });
        }
        find_script(local)?;
        let target = payload_below_root(&self.root, path)?;
        self.check_place(&target, path)?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(MaasError::Payload {
                path: path.to_owned(),
                reason: "it names no directory".to_owned(),
            });
        };
        fs::create_dir_all(parent).map_err(MaasError::file("create", parent))?;
        let name = name.to_string_lossy();
        let (incoming, former) = (
            parent.join(format!(".{name}.new-{}", unique())),
            parent.join(format!(".{name}.old-{}", unique())),
        );
        let stored = copy_payload(local, &incoming)
            .and_then(|()| {
                let marker = incoming.join(MARKER);
                fs::write(&marker, "").map_err(MaasError::file("write", marker))
            })
            .and_then(|()| replace(&incoming, &target, &former));
        if stored.is_err() {
            // What is left of a failed upload is of no use; the error says what went wrong.
            let _ = fs::remove_dir_all(&incoming);
        }
        stored.map(|()| target.display().to_string())
    }
}

impl PayloadStore for LocalFolderStore {
    fn put<'a>(&'a self, local: &'a Path, path: &'a str) -> Storing<'a, PlacedPayload> {
        Box::pin(async move {
            let place = self.store(local, path)?;
            Ok(PlacedPayload {
                path: path.to_owned(),
                place,
                note: None,
            })
        })
    }

    /// The service may run elsewhere, and see more: a payload that is not here is not refused.
    fn find<'a>(&'a self, path: &'a str) -> Storing<'a, PlacedPayload> {
        let found = alidade_maas_core::resolve_payload(&self.root, path).ok();
        let note =
            format!("{path} is not on this machine; the model service must find it on its own");
        Box::pin(async move {
            Ok(PlacedPayload {
                path: path.to_owned(),
                note: found.is_none().then_some(note),
                place: found.map_or_else(|| path.to_owned(), |found| found.display().to_string()),
            })
        })
    }
}

/// Part of a name that no other upload uses.
fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!(
        "{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// Puts `incoming` in the place of `target`, which is whole at every moment but the one between two renames.
fn replace(incoming: &Path, target: &Path, former: &Path) -> Result<(), MaasError> {
    let had_former = match fs::rename(target, former) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(MaasError::file("replace", target)(error)),
    };
    if let Err(error) = fs::rename(incoming, target) {
        if had_former {
            fs::rename(former, target).map_err(MaasError::file("put back", target))?;
        }
        return Err(MaasError::file("create", target)(error));
    }
    if had_former {
        fs::remove_dir_all(former).map_err(MaasError::file("remove", former))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(content: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("rest.sh"), content).unwrap();
        fs::write(directory.path().join("endpoint.dat"), "{}").unwrap();
        directory
    }

    fn put(store: &LocalFolderStore, local: &Path, path: &str) -> Result<(), DeployError> {
        let placed = futures::executor::block_on(store.put(local, path));
        placed.map(|placed| assert_eq!(placed.path, path))
    }

    fn note(store: &LocalFolderStore) -> Option<String> {
        let placed = futures::executor::block_on(store.find("/user/x/models"));
        placed.unwrap().note
    }

    #[test]
    fn a_payload_is_replaced_whole() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalFolderStore::new(root.path());
        let first = payload("one");
        fs::write(first.path().join("stale"), "").unwrap();
        assert!(note(&store).is_some());
        put(&store, first.path(), "/user/x/models").unwrap();
        put(&store, payload("two").path(), "/user/x/models").unwrap();
        assert!(note(&store).is_none());
        let target = root.path().join("user/x/models");
        assert_eq!(fs::read_to_string(target.join("rest.sh")).unwrap(), "two");
        assert!(!target.join("stale").exists() && !target.join("endpoint.dat").exists());
        let beside: Vec<_> = fs::read_dir(target.parent().unwrap()).unwrap().collect();
        assert_eq!(beside.len(), 1, "no temporary directories are left");
    }

    #[test]
    fn nothing_but_payloads_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalFolderStore::new(root.path());
        let one = payload("one");
        put(&store, one.path(), "/user/x/models").unwrap();
        for bad in [
            "/user/x",
            "/user/x/models/sub",
            "/",
            "",
            "../x",
            "hdfs://n/x",
        ] {
            assert!(put(&store, one.path(), bad).is_err(), "{bad}");
        }
        assert!(root.path().join("user/x/models/rest.sh").exists());
    }

    #[test]
    fn a_payload_without_one_script_is_refused_before_anything_is_stored() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalFolderStore::new(root.path());
        let two = payload("one");
        fs::write(two.path().join("other.sh"), "").unwrap();
        let error = put(&store, two.path(), "/m").unwrap_err().to_string();
        assert!(error.contains("exactly one .sh"), "{error}");
        assert!(put(&store, Path::new("/no/such/place"), "/m").is_err());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
