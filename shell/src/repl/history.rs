//! Where the lines of earlier sessions are kept.

use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use reedline::{FileBackedHistory, History};

/// Names the file; empty for none.
const OVERRIDE: &str = "ALIDADE_STELLAR_HISTORY";

/// The most lines that are kept.
const CAPACITY: usize = 5000;

/// The file with the lines of earlier sessions: the one that `ALIDADE_STELLAR_HISTORY` names (none if it is empty), else
/// `alidade/stellar_history` in `XDG_STATE_HOME`, else in `~/.local/state`.
pub fn history_file() -> Option<PathBuf> {
    file_by(|name| std::env::var_os(name))
}

fn file_by(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(path) = variable(OVERRIDE) {
        return (!path.is_empty()).then(|| path.into());
    }
    let folder = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|it| it.is_absolute())
    };
    let state = folder("XDG_STATE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("alidade/stellar_history"))
}

/// The history in a file that only its owner can read. Without a usable file, with the reason, it lasts as long as the
/// session.
pub(super) fn open(file: Option<&Path>) -> (Option<Box<dyn History>>, Option<String>) {
    let Some(file) = file else {
        return (in_memory(), None);
    };
    let opened = prepare(file)
        .map_err(|error| error.to_string())
        .and_then(|()| {
            FileBackedHistory::with_file(CAPACITY, file.to_owned())
                .map_err(|error| error.to_string())
        });
    match opened {
        Ok(history) => (Some(Box::new(history)), None),
        Err(reason) => {
            let note = format!("{}: the history is not kept: {reason}", file.display());
            (in_memory(), Some(note))
        }
    }
}

fn in_memory() -> Option<Box<dyn History>> {
    let history = FileBackedHistory::new(CAPACITY).ok()?;
    Some(Box::new(history))
}

fn prepare(file: &Path) -> io::Result<()> {
    if let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(file)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn chosen(variables: &[(&str, &str)]) -> Option<PathBuf> {
        file_by(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_file_is_in_the_folder_for_state() {
        let home = ("HOME", "/home/a");
        let default = "/home/a/.local/state/alidade/stellar_history";
        assert_eq!(chosen(&[home]), Some(default.into()));
        assert_eq!(
            chosen(&[home, ("XDG_STATE_HOME", "relative")]),
            Some(default.into())
        );
        assert_eq!(
            chosen(&[home, ("XDG_STATE_HOME", "/state")]),
            Some("/state/alidade/stellar_history".into())
        );
        assert_eq!(chosen(&[home, (OVERRIDE, "mine")]), Some("mine".into()));
        assert_eq!(chosen(&[home, (OVERRIDE, "")]), None);
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn the_file_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/er/history");
        let (history, note) = open(Some(&file));
        assert!(history.is_some() && note.is_none(), "{note:?}");
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn without_a_usable_file_the_session_goes_on() {
        let (history, note) = open(Some(Path::new("/proc/no/such/history")));
        assert!(history.is_some());
        assert!(note.is_some_and(|note| note.contains("is not kept")));
    }
}
