//! Directories that hold everything a server or a test writes.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::LaunchError;
use crate::artifact::cache_dir;
use crate::server::Lifetime;
use crate::signal;

const PREFIX: &str = "alidade-testkit-";

/// A directory below the system's temp directory that is removed with this value.
///
/// If the thread panics when the value is dropped, its `*.log` files are copied to `failed/` in
/// the servers cache first and the place is printed.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    name: String,
    kept: AtomicBool,
}

impl RunDir {
    /// Makes a new empty directory; `name` becomes part of its name.
    pub fn new(name: &str) -> Result<Self, LaunchError> {
        Self::with_lifetime(name, &Lifetime::Scoped)
    }

    pub(crate) fn with_lifetime(name: &str, lifetime: &Lifetime) -> Result<Self, LaunchError> {
        static SWEEP: Once = Once::new();
        SWEEP.call_once(|| sweep(&std::env::temp_dir()));

        static COUNT: AtomicU32 = AtomicU32::new(0);
        let pid = std::process::id();
        let start_time = signal::look_up(pid).map_or(0, |(_, start_time)| start_time);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let label = format!("{pid}-{start_time}-{count}-{name}");
        let path = match lifetime {
            Lifetime::Scoped => std::env::temp_dir().join(format!("{PREFIX}{label}")),
            Lifetime::Detachable { root } => {
                fs::create_dir_all(root)
                    .map_err(|source| LaunchError::io("create directory", root, source))?;
                root.join(label)
            }
        };
        // Others may read: Elasticsearch runs as another user when we are root.
        fs::DirBuilder::new()
            .mode(0o755)
            .create(&path)
            .map_err(|source| LaunchError::io("create directory", &path, source))?;
        Ok(Self {
            path,
            name: name.to_owned(),
            kept: AtomicBool::new(false),
        })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path below the directory.
    pub fn join(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.path.join(relative)
    }

    /// Writes a file, making the directories above it, and returns its path.
    pub fn write(
        &self,
        relative: impl AsRef<Path>,
        content: impl AsRef<[u8]>,
    ) -> Result<PathBuf, LaunchError> {
        let path = self.join(relative);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .map_err(|source| LaunchError::io("create directory", parent, source))?;
        }
        fs::write(&path, content).map_err(|source| LaunchError::io("write", &path, source))?;
        Ok(path)
    }

    /// Makes a directory below and returns its path.
    pub fn create_dir(&self, relative: impl AsRef<Path>) -> Result<PathBuf, LaunchError> {
        let path = self.join(relative);
        fs::create_dir_all(&path)
            .map_err(|source| LaunchError::io("create directory", &path, source))?;
        Ok(path)
    }

    /// Leaves the directory where it is when this value is dropped.
    pub fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed)
    }

    /// Gives a directory below and all that is in it to another user.
    pub(crate) fn give_to(&self, relative: &str, uid: u32, gid: u32) -> Result<(), LaunchError> {
        give(&self.join(relative), uid, gid)
    }

    /// Copies the logs, if there are any, to a lasting place and returns it.
    pub(crate) fn save_logs(&self) -> Option<PathBuf> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let entries = fs::read_dir(&self.path).ok()?.flatten();
        let logs: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .collect();
        if logs.is_empty() {
            return None;
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let label = format!("{}-{}-{count}", self.name, std::process::id());
        let folder = cache_dir().join("failed").join(label);
        fs::create_dir_all(&folder).ok()?;
        for log in logs {
            fs::copy(&log, folder.join(log.file_name()?)).ok()?;
        }
        Some(folder)
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if self.is_kept() {
            return;
        }
        if std::thread::panicking()
            && let Some(folder) = self.save_logs()
        {
            eprintln!("logs of {} are kept in {}", self.name, folder.display());
        }
        // Whatever cannot be removed now is swept by a later run.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn give(path: &Path, uid: u32, gid: u32) -> Result<(), LaunchError> {
    let failed = |source| LaunchError::io("change the owner of", path, source);
    chown(path, Some(uid), Some(gid)).map_err(failed)?;
    if !path.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        give(&entry.path(), uid, gid)?;
    }
    Ok(())
}

/// Removes what killed test processes left behind.
fn sweep(temp_dir: &Path) {
    let Ok(entries) = fs::read_dir(temp_dir) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(owner_of);
        let Some((pid, start_time)) = owner else {
            continue;
        };
        if !signal::is_running(pid, start_time) {
            // It may belong to another user; then that user's tests remove it.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Pid and start time of the process that made a run directory.
fn owner_of(file_name: &str) -> Option<(u32, u64)> {
    let mut parts = file_name.strip_prefix(PREFIX)?.split('-');
    let pid = parts.next()?.parse().ok()?;
    let start_time = parts.next()?.parse().ok()?;
    Some((pid, start_time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_removed_with_the_value() {
        let run_dir = RunDir::new("gone").unwrap();
        let file = run_dir.write("a/b.txt", "text").unwrap();
        let path = run_dir.path().to_path_buf();
        assert!(file.is_file());
        drop(run_dir);
        assert!(!path.exists());
    }

    #[test]
    fn sweeps_only_what_dead_processes_left() {
        let place = RunDir::new("sweep").unwrap();
        let pid = std::process::id();
        let (_, start_time) = signal::look_up(pid).unwrap();
        let living = place
            .create_dir(format!("{PREFIX}{pid}-{start_time}-0-kafka"))
            .unwrap();
        let dead = place
            .create_dir(format!("{PREFIX}{pid}-{}-0-kafka", start_time - 1))
            .unwrap();
        let foreign = place.create_dir("something-else").unwrap();

        sweep(place.path());

        assert!(living.is_dir());
        assert!(!dead.exists());
        assert!(foreign.is_dir());
    }
}
