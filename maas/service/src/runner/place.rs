//! Where a runner finds itself.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use alidade_hadoop::ContainerId;
use alidade_maas_core::{ENDPOINT_FILE, MaasError};

use super::settings::wrong;
use crate::registration_id::registration_id;
use crate::{LaunchError, default_host};

/// Names the file with the tokens of the container.
pub(super) const TOKEN_FILE: &str = "HADOOP_TOKEN_FILE_LOCATION";

/// The container, as its node manager has made it.
#[derive(Debug)]
pub(super) struct Place {
    /// The id of the registration.
    pub(super) id: u64,
    /// The container's name among the records of the service.
    pub(super) container: String,
    /// What clients call this machine.
    pub(super) host: String,
    pub(super) directory: PathBuf,
    /// The first of the container's log directories.
    pub(super) logs: PathBuf,
    token_file: Option<PathBuf>,
}

impl Place {
    /// Reads the variables that a node manager sets. The first directory for logs is used, or the working directory where
    /// there is none.
    pub(super) fn read(
        variable: impl Fn(&str) -> Option<String>,
        directory: PathBuf,
    ) -> Result<Place, LaunchError> {
        let given = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let container = given("CONTAINER_ID").ok_or_else(|| wrong("there is no CONTAINER_ID"))?;
        let container: ContainerId = container
            .parse()
            .map_err(|error| wrong(format!("CONTAINER_ID: {error}")))?;
        let logs = given("LOG_DIRS").unwrap_or_default();
        let logs = logs
            .split(',')
            .map(str::trim)
            .find(|path| !path.is_empty())
            .map_or_else(|| directory.clone(), PathBuf::from);
        Ok(Place {
            id: registration_id(&container),
            container: container.to_string(),
            host: given("NM_HOST").unwrap_or_else(default_host),
            logs,
            token_file: given(TOKEN_FILE).map(PathBuf::from),
            directory,
        })
    }

    /// Makes the place ready for a model: no endpoint of before, no tokens, and a script that may be executed.
    pub(super) fn prepare(&self, script: &str) -> Result<PathBuf, LaunchError> {
        // It may be a link into the node's cache, of which only the link is ours.
        remove(&self.directory.join(ENDPOINT_FILE))?;
        self.remove_tokens();
        let script = self.directory.join(script);
        make_executable(&script)?;
        Ok(script)
    }

    /// Removes the container's tokens from the working directory: the runner needs none, and the model, which runs as the
    /// same user, has no business with them. A file that is elsewhere is not ours to remove.
    fn remove_tokens(&self) {
        let Some(file) = &self.token_file else {
            return;
        };
        let parent = file.parent().and_then(|parent| parent.canonicalize().ok());
        if parent.is_none() || parent != self.directory.canonicalize().ok() {
            return;
        }
        if let Err(error) = remove(file) {
            tracing::warn!(%error, "the container's tokens stay where the model can read them");
        }
    }
}

/// Removes a file; one that is not there is fine.
fn remove(file: &Path) -> Result<(), LaunchError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(MaasError::file("remove", file)(error).into())
        }
        _ => Ok(()),
    }
}

/// A link is left as it is: it leads into the node's cache, which others use as well.
fn make_executable(script: &Path) -> Result<(), LaunchError> {
    let metadata = fs::symlink_metadata(script).map_err(MaasError::file("find", script))?;
    let mut permissions = metadata.permissions();
    if !metadata.is_file() || permissions.mode() & 0o100 != 0 {
        return Ok(());
    }
    permissions.set_mode(permissions.mode() | 0o500);
    fs::set_permissions(script, permissions).map_err(MaasError::file("make executable", script))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn place(variables: &[(&str, &str)]) -> Result<Place, LaunchError> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Place::read(variable, PathBuf::from("/container"))
    }

    #[test]
    fn a_container_knows_its_name_and_host() {
        let place = place(&[
            ("CONTAINER_ID", "container_e17_1410901177871_0001_01_000005"),
            ("NM_HOST", "node7"),
            ("LOG_DIRS", ",/logs/a,/logs/b"),
        ])
        .unwrap();
        assert_eq!(
            place.container,
            "container_e17_1410901177871_0001_01_000005"
        );
        assert_eq!(place.host, "node7");
        assert_eq!(place.logs, Path::new("/logs/a"));
    }

    #[test]
    fn a_container_says_at_least_who_it_is() {
        let few = place(&[("CONTAINER_ID", "container_1410901177871_0001_01_000002")]).unwrap();
        assert_eq!((few.id, few.logs), (2, PathBuf::from("/container")));
        assert!(!few.host.is_empty());
        for (variables, part) in [
            (vec![], "no CONTAINER_ID"),
            (vec![("CONTAINER_ID", "7")], "CONTAINER_ID: "),
        ] {
            let error = place(&variables).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn what_must_not_stay_is_removed_and_the_cache_left_alone() {
        let cache = tempfile::tempdir().unwrap();
        let cached = cache.path().join("cached");
        fs::write(&cached, "of before").unwrap();
        fs::set_permissions(&cached, fs::Permissions::from_mode(0o400)).unwrap();
        let container = tempfile::tempdir().unwrap();
        let directory = container.path().canonicalize().unwrap();
        for name in [ENDPOINT_FILE, "linked.sh"] {
            symlink(&cached, directory.join(name)).unwrap();
        }
        for name in ["tokens", "own.sh"] {
            fs::write(directory.join(name), "").unwrap();
        }
        let mut place = Place {
            id: 2,
            container: String::new(),
            host: String::new(),
            logs: directory.clone(),
            token_file: Some(directory.join("tokens")),
            directory: directory.clone(),
        };
        place.prepare("linked.sh").unwrap();
        let own = place.prepare("own.sh").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&own) & 0o100, 0o100);
        assert_eq!(mode(&cached), 0o400);
        assert!(fs::symlink_metadata(directory.join(ENDPOINT_FILE)).is_err());
        assert!(!directory.join("tokens").exists());

        place.token_file = Some(cached.clone());
        place.prepare("own.sh").unwrap();
        assert!(cached.exists(), "it is not in the container");
        assert!(place.prepare("missing.sh").is_err());
    }
}
