//! Which directories of HDFS may become a payload, and which may be replaced.

use alidade_hadoop::{FileProblem, FileStatus, FileSystem, HadoopError};
use alidade_maas_core::{MaasError, is_script_name, only_script};

use super::names::{last_name, parent_of};
use super::survey::MAX_FILES;
use crate::DeployError;

/// Below the user's home directory: files of running services, which go when the service ends.
const SERVICE_FOLDER: &str = "MaaS";

/// Entries of a directory that are looked at; no payload has more.
const MAX_ENTRIES: usize = 2 * MAX_FILES;

/// As much of a start script is read to see whether it can be.
const SCRIPT_BYTES: u64 = 1 << 20;

/// Checks that a payload may be put at an absolute path, and makes the directory above it.
pub(super) async fn check_target(fs: &FileSystem, target: &str) -> Result<(), DeployError> {
    check_name(target, &fs.home()).map_err(|reason| refused(fs, target, &reason))?;
    let home = fs.home();
    let mut above = parent_of(target);
    while let Some(directory) = above {
        if is_at_or_below(&home, directory) {
            break;
        }
        check_above(fs, target, directory).await?;
        above = parent_of(directory);
    }
    check_replaceable(fs, target).await
}

/// What is at the target already must be a payload, or an empty directory.
pub(super) async fn check_replaceable(fs: &FileSystem, target: &str) -> Result<(), DeployError> {
    let Some(status) = fs.status(target).await? else {
        return Ok(());
    };
    let is_payload = if status.is_directory {
        match entries(fs, target).await? {
            Some(entries) => entries.is_empty() || scripts(&entries) == 1,
            None => false,
        }
    } else {
        false
    };
    if is_payload {
        return Ok(());
    }
    let what = if status.is_directory {
        "directory without exactly one .sh"
    } else {
        "file"
    };
    let reason = format!(
        "a {what} is there already, which is no payload and is not replaced; choose another -hmp"
    );
    Err(refused(fs, target, &reason))
}

/// A payload inside of another one would go when that is replaced.
async fn check_above(fs: &FileSystem, target: &str, directory: &str) -> Result<(), DeployError> {
    match fs.status(directory).await? {
        None => return Ok(()),
        Some(status) if !status.is_directory => {
            let reason = format!("{directory} is a file; choose another -hmp");
            return Err(refused(fs, target, &reason));
        }
        Some(_) => {}
    }
    match entries(fs, directory).await? {
        Some(entries) if scripts(&entries) == 1 => {
            let reason = format!(
                "it lies inside {directory}, which has a start script and looks like a payload itself; choose another -hmp"
            );
            Err(refused(fs, target, &reason))
        }
        _ => Ok(()),
    }
}

/// A payload that is to be there already.
pub(super) async fn check_present(fs: &FileSystem, target: &str) -> Result<(), DeployError> {
    match fs.status(target).await? {
        None => {
            let reason = "there is no such directory; upload one with -lmp DIR, or correct -hmp";
            return Err(refused(fs, target, reason));
        }
        Some(status) if !status.is_directory => {
            let reason = "it is a file; -hmp must name the directory that holds the payload";
            return Err(refused(fs, target, reason));
        }
        Some(_) => {}
    }
    let place = fs.url(target);
    let Some(entries) = entries(fs, target).await? else {
        let reason = format!("it has more than {MAX_ENTRIES} files");
        return Err(refused(fs, target, &reason));
    };
    let script = only_script(&place, file_names(&entries))?.to_owned();
    // What lies below must be readable, too: the service fetches all of it.
    fs.files_below(target, MAX_FILES).await?;
    match fs.read(&format!("{target}/{script}"), SCRIPT_BYTES).await {
        Ok(_) => Ok(()),
        // It was opened before its size was looked at.
        Err(error) if error.file_problem() == Some(FileProblem::TooMuch) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Why no payload may ever have this name.
fn check_name(target: &str, home: &str) -> Result<(), String> {
    let another = "choose a directory of its own for the payload (-hmp)";
    if target == home {
        return Err(format!("it is your home directory; {another}"));
    }
    if is_at_or_below(home, target) {
        return Err(format!("your home directory {home} is in it; {another}"));
    }
    let services = format!("{home}/{SERVICE_FOLDER}");
    if is_at_or_below(target, &services) {
        return Err(format!(
            "{services} is for the files of running services; {another}"
        ));
    }
    Ok(())
}

fn is_at_or_below(path: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What is in a directory; none when it is far more than a payload has.
async fn entries(fs: &FileSystem, directory: &str) -> Result<Option<Vec<FileStatus>>, HadoopError> {
    match fs.list(directory, MAX_ENTRIES).await {
        Ok(entries) => Ok(Some(entries)),
        Err(error) if error.file_problem() == Some(FileProblem::TooMuch) => Ok(None),
        Err(error) => Err(error),
    }
}

fn scripts(entries: &[FileStatus]) -> usize {
    file_names(entries)
        .filter(|name| is_script_name(name))
        .count()
}

fn file_names(entries: &[FileStatus]) -> impl Iterator<Item = &str> {
    let files = entries.iter().filter(|entry| !entry.is_directory);
    files.map(|entry| last_name(&entry.path))
}

pub(super) fn refused(fs: &FileSystem, path: &str, reason: &str) -> DeployError {
    DeployError::Registry(MaasError::Payload {
        path: fs.url(path),
        reason: reason.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_and_what_they_lie_in_are_never_replaced() {
        let home = "/user/metron";
        for bad in [
            "/",
            "/user",
            "/user/metron",
            "/user/metron/MaaS",
            "/user/metron/MaaS/application_1_1",
        ] {
            assert!(check_name(bad, home).is_err(), "{bad}");
        }
        for good in [
            "/user/metron/models",
            "/user/metron2",
            "/models",
            "/user/metron/MaaS2",
            "/use",
        ] {
            assert_eq!(check_name(good, home), Ok(()), "{good}");
        }
    }
}
