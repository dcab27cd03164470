//! Local resources of files that are in HDFS.

use std::collections::BTreeMap;

use crate::hdfs::component_problem;
use crate::{FileSystem, HadoopError, LocalResource};

/// Models write it when they are ready: an old one would announce a model that does not answer.
const ENDPOINT: &str = "endpoint.dat";

/// What the node manager itself puts into a container's working directory.
const TAKEN: [&str; 5] = [
    "container_tokens",
    "default_container_executor.sh",
    "default_container_executor_session.sh",
    "launch_container.sh",
    "tmp",
];

/// More files than an application brings along by itself.
const MAX_APPLICATION_FILES: usize = 1000;

/// The files of a payload, as a container is to have them: every file below `directory`, hidden ones too, under its
/// path from there. `endpoint.dat` is left out when it is right in `directory`.
///
/// # Errors
/// [`FileProblem::TooMuch`](crate::FileProblem::TooMuch) when there are more than `limit`; [`HadoopError::Invalid`] for
/// a name that a container cannot have; else as [`FileSystem::files_below`].
pub async fn payload_resources(
    fs: &FileSystem,
    directory: &str,
    limit: usize,
) -> Result<BTreeMap<String, LocalResource>, HadoopError> {
    let mut resources = BTreeMap::new();
    add_all_below(fs, directory, directory, limit, &mut resources).await?;
    resources.remove(ENDPOINT);
    Ok(resources)
}

/// Files of an application's directory (see [`ApplicationFiles`](crate::ApplicationFiles)), as its containers are to
/// have them: what has been put there under these names. A name may be that of a directory, and stands for all files
/// below it then.
///
/// # Errors
/// [`FileProblem::Missing`](crate::FileProblem::Missing) when one is not there; else as [`payload_resources`], with a
/// limit of 1000 for each name.
pub async fn application_resources(
    fs: &FileSystem,
    directory: &str,
    names: &[&str],
) -> Result<BTreeMap<String, LocalResource>, HadoopError> {
    let mut resources = BTreeMap::new();
    for name in names {
        check_name(name)?;
        let path = format!("{directory}/{name}");
        match fs.status(&path).await? {
            Some(status) if !status.is_directory => {
                resources.insert((*name).to_owned(), fs.local_resource(&status)?);
            }
            // Not there: says so.
            _ => {
                let limit = MAX_APPLICATION_FILES;
                add_all_below(fs, directory, &path, limit, &mut resources).await?;
            }
        }
    }
    Ok(resources)
}

/// Adds all files below `part` under their paths from `directory`.
async fn add_all_below(
    fs: &FileSystem,
    directory: &str,
    part: &str,
    limit: usize,
    resources: &mut BTreeMap<String, LocalResource>,
) -> Result<(), HadoopError> {
    let directory = fs.absolute(directory)?;
    let prefix = format!("{}/", directory.trim_end_matches('/'));
    for file in fs.files_below(part, limit).await? {
        let Some(name) = file.path.strip_prefix(&prefix) else {
            return Err(HadoopError::Invalid(format!(
                "{:?} is not below {directory}",
                file.path
            )));
        };
        check_name(name)?;
        resources.insert(name.to_owned(), fs.local_resource(&file)?);
    }
    Ok(())
}

/// Refuses names that a container cannot have: the node manager writes them into a shell script, inside of double
/// quotes and as they are.
pub(super) fn check_name(name: &str) -> Result<(), HadoopError> {
    let refused = |reason: &str| {
        Err(HadoopError::Invalid(format!(
            "a container cannot have a file under the name {name:?}: {reason}"
        )))
    };
    for component in name.split('/') {
        if let Some(problem) = component_problem(component) {
            return refused(&format!("it has {problem} in it"));
        }
    }
    if name.contains(['"', '$', '`', '\\']) {
        return refused("YARN takes no \", $, ` and \\");
    }
    if TAKEN.contains(&name) {
        return refused("the node manager has one of its own");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_break_the_launch_script_are_refused() {
        for name in [
            "a",
            "a/b c",
            ".hidden",
            "ä'&;*#%",
            "..a",
            "lib/tmp",
            "conf/container_tokens",
            "-rf",
        ] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "/a",
            "a/",
            "a//b",
            "../a",
            "a/./b",
            "a\nb",
            "a:b",
            "a\"b",
            "$HOME",
            "`id`",
            "a\\b",
            "tmp",
            "container_tokens",
            "launch_container.sh",
        ] {
            let error = check_name(name).unwrap_err().to_string();
            assert!(error.contains("a container cannot have"), "{error}");
        }
    }
}
