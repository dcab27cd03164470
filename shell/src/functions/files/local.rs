//! Files of this machine.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::listing::Entry;
use super::owners::Owners;
use super::{FileError, MOST_BYTES, MOST_ENTRIES};

/// Runs blocking work on a thread for that.
pub(super) async fn run<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    let path = path.to_owned();
    match tokio::task::spawn_blocking(move || work(&path)).await {
        Ok(done) => done,
        Err(error) => Err(FileError::failed(error)),
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    // Anything else, such as a pipe, may never end.
    if !fs::metadata(path).map_err(FileError::failed)?.is_file() {
        return Err(FileError::failed("it is no regular file"));
    }
    let file = fs::File::open(path).map_err(FileError::failed)?;
    let mut content = Vec::new();
    file.take(MOST_BYTES as u64 + 1)
        .read_to_end(&mut content)
        .map_err(FileError::failed)?;
    if content.len() > MOST_BYTES {
        return Err(FileError::too_long(&path.display().to_string()));
    }
    Ok(content)
}

pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    if let Ok(there) = fs::metadata(path)
        && !there.is_file()
    {
        return Err(FileError::failed("what is there is no regular file"));
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(FileError::failed)?;
    }
    fs::write(path, content).map_err(FileError::failed)
}

pub(super) fn remove(path: &Path, is_recursive: bool) -> Result<(), FileError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() && is_recursive => fs::remove_dir_all(path),
        Ok(there) if there.is_dir() => fs::remove_dir(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(FileError::failed),
    }
}

pub(super) fn list(path: &Path) -> Result<Vec<Entry>, FileError> {
    let owners = Owners::of_this_machine();
    let there = fs::metadata(path).map_err(FileError::failed)?;
    if !there.is_dir() {
        let name = path.file_name().unwrap_or(path.as_os_str());
        return Ok(vec![entry(&name.to_string_lossy(), &there, &owners)]);
    }
    let mut entries = Vec::new();
    for found in fs::read_dir(path).map_err(FileError::failed)? {
        let found = found.map_err(FileError::failed)?;
        // A link that leads nowhere is shown as itself; what has gone in between is not.
        let there = match fs::metadata(found.path()).or_else(|_| found.metadata()) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(FileError::failed(error)),
        };
        if entries.len() == MOST_ENTRIES {
            return Err(FileError::too_many_entries(&path.display().to_string()));
        }
        entries.push(entry(&found.file_name().to_string_lossy(), &there, &owners));
    }
    Ok(entries)
}

fn entry(name: &str, there: &fs::Metadata, owners: &Owners) -> Entry {
    Entry {
        permission: (there.mode() & 0o7777) as u16,
        owner: owners.user(there.uid()),
        group: owners.group(there.gid()),
        size: if there.is_dir() { 0 } else { there.len() },
        modified_ms: there
            .mtime()
            .saturating_mul(1000)
            .saturating_add(there.mtime_nsec() / 1_000_000),
        name: name.to_owned(),
    }
}
