//! The working directory of one run of the service.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alidade_maas_core::MaasError;

const PREFIX: &str = "run_";
/// Log files that are kept from former launches.
const MAX_LOGS: usize = 200;

/// `<work dir>/run_<process id>`, removed at the end; the logs beside it stay.
#[derive(Debug)]
pub(super) struct RunDirectory {
    path: PathBuf,
    logs: PathBuf,
}

impl RunDirectory {
    pub(super) fn create(work_dir: &Path) -> Result<RunDirectory, MaasError> {
        let logs = work_dir.join("logs");
        fs::create_dir_all(&logs).map_err(MaasError::file("create", &logs))?;
        remove_dead_runs(work_dir);
        let process = std::process::id();
        for number in 0..1000 {
            let path = work_dir.join(format!("{PREFIX}{process}_{number}"));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(RunDirectory { path, logs }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(MaasError::file("create", &path)(error)),
            }
        }
        let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        Err(MaasError::file("create a directory in", work_dir)(taken))
    }

    /// Where logs go; old ones make room.
    pub(super) fn logs(&self) -> PathBuf {
        let mut files: Vec<_> = fs::read_dir(&self.logs)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let modified = fs::metadata(&path).ok()?.modified().ok()?;
                Some((modified, path))
            })
            .collect();
        files.sort();
        for (_, oldest) in files.iter().take(files.len().saturating_sub(MAX_LOGS)) {
            // Another launch may have removed it meanwhile.
            let _ = fs::remove_file(oldest);
        }
        self.logs.clone()
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        remove_directory(&self.path);
    }
}

/// A directory in that of a run, made by who uses it, and removed with this.
#[derive(Debug)]
pub(super) struct ScratchDirectory {
    path: PathBuf,
    /// Not removed before.
    _run: Arc<RunDirectory>,
}

impl ScratchDirectory {
    pub(super) fn new(run: &Arc<RunDirectory>, name: &str) -> ScratchDirectory {
        ScratchDirectory {
            path: run.path.join(name),
            _run: run.clone(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchDirectory {
    fn drop(&mut self) {
        remove_directory(&self.path);
    }
}

fn remove_directory(directory: &Path) {
    if let Err(error) = fs::remove_dir_all(directory)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %directory.display(), %error, "cannot remove a working directory");
    }
}

/// Removes the directories of runs whose process is gone.
fn remove_dead_runs(work_dir: &Path) {
    let entries = fs::read_dir(work_dir).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .and_then(|rest| rest.split('_').next())
            .and_then(|digits| digits.parse::<u32>().ok());
        let Some(process) = process else {
            continue;
        };
        if !Path::new("/proc").join(process.to_string()).exists() {
            remove_directory(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remains_of_dead_runs_are_removed() {
        let work_dir = tempfile::tempdir().unwrap();
        let dead = work_dir.path().join(format!("{PREFIX}4294967295_0"));
        let other = work_dir.path().join("something else");
        fs::create_dir(&dead).unwrap();
        fs::create_dir(&other).unwrap();
        let first = RunDirectory::create(work_dir.path()).unwrap();
        let second = RunDirectory::create(work_dir.path()).unwrap();
        assert_ne!(first.path, second.path);
        assert!(!dead.exists() && other.exists() && first.path.exists());
        let path = first.path.clone();
        drop(first);
        assert!(!path.exists());
    }
}
