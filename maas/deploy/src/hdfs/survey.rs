//! What a local directory would put into HDFS, found out before a byte is sent.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use alidade_maas_core::{ENDPOINT_FILE, MaasError, only_script};

/// Files of one payload, at most, and as many directories.
pub(crate) const MAX_FILES: usize = 10_000;
const MAX_DEPTH: usize = 32;

/// A directory that may be uploaded.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Below the payload, a parent before its children.
    pub(crate) directories: Vec<String>,
    pub(crate) files: Vec<LocalFile>,
    /// Of all files.
    pub(crate) bytes: u64,
}

#[derive(Debug)]
pub(crate) struct LocalFile {
    pub(crate) path: PathBuf,
    /// Below the payload, with slashes.
    pub(crate) name: String,
    pub(crate) size: u64,
    /// Whether its owner may execute it.
    pub(crate) is_program: bool,
}

/// Looks through the directory. Symbolic links are followed, as they are when a payload is copied.
///
/// # Errors
/// When it is no directory, has not exactly one start script, holds something that cannot be read or has no place in
/// HDFS, or is too large.
pub(crate) fn survey(directory: &Path) -> Result<Survey, MaasError> {
    let refused = |reason: &str| MaasError::Payload {
        path: directory.display().to_string(),
        reason: reason.to_owned(),
    };
    match fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(refused("it is not a directory (-lmp)")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(refused("there is no such directory on this machine (-lmp)"));
        }
        Err(error) => return Err(MaasError::file("look at", directory)(error)),
    }
    let mut walk = Walk {
        payload: directory,
        found: Survey::default(),
        above: Vec::new(),
    };
    walk.enter(directory, "")?;
    let found = walk.found;
    let names = found.files.iter().map(|file| file.name.as_str());
    let top = names.filter(|name| !name.contains('/'));
    only_script(&directory.display().to_string(), top)?;
    Ok(found)
}

struct Walk<'a> {
    payload: &'a Path,
    found: Survey,
    /// Device and inode of the directories that we are in.
    above: Vec<(u64, u64)>,
}

impl Walk<'_> {
    fn enter(&mut self, directory: &Path, below: &str) -> Result<(), MaasError> {
        let metadata = fs::metadata(directory).map_err(MaasError::file("look at", directory))?;
        let identity = (metadata.dev(), metadata.ino());
        if self.above.contains(&identity) {
            let reason =
                "a symbolic link in it leads back to a directory that it lies in; remove the link";
            return Err(self.refused(directory, reason));
        }
        if self.above.len() > MAX_DEPTH {
            let reason = format!("directories nest deeper than {MAX_DEPTH}");
            return Err(self.refused(directory, &reason));
        }
        self.above.push(identity);
        let mut entries = Vec::new();
        let listing = fs::read_dir(directory).map_err(MaasError::file("list", directory))?;
        for entry in listing {
            let entry = entry.map_err(MaasError::file("list", directory))?;
            entries.push(entry.file_name());
            if entries.len() > MAX_FILES + 1 {
                return Err(self.too_many());
            }
        }
        entries.sort_unstable();
        for name in entries {
            let path = directory.join(&name);
            let name = self.check_name(&path)?;
            if below.is_empty() && name == ENDPOINT_FILE {
                continue;
            }
            let name = match below {
                "" => name,
                _ => format!("{below}/{name}"),
            };
            self.take(path, name)?;
        }
        self.above.pop();
        Ok(())
    }

    fn take(&mut self, path: PathBuf, name: String) -> Result<(), MaasError> {
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.is_symlink() => {
                let reason = "it is a symbolic link to something that is not there";
                return Err(self.refused(&path, reason));
            }
            Err(error) => return Err(MaasError::file("look at", path)(error)),
        };
        let kind = metadata.file_type();
        if kind.is_dir() {
            if self.found.directories.len() >= MAX_FILES {
                return Err(self.too_many());
            }
            self.found.directories.push(name.clone());
            return self.enter(&path, &name);
        }
        if !kind.is_file() {
            let what = if kind.is_fifo() {
                "a named pipe"
            } else if kind.is_socket() {
                "a socket"
            } else {
                "a device"
            };
            let reason = format!("it is {what}; a payload has files and directories only");
            return Err(self.refused(&path, &reason));
        }
        if self.found.files.len() >= MAX_FILES {
            return Err(self.too_many());
        }
        // Opened to see whether it can be read.
        fs::File::open(&path).map_err(MaasError::file("read", &path))?;
        self.found.bytes = self.found.bytes.saturating_add(metadata.len());
        self.found.files.push(LocalFile {
            path,
            name,
            size: metadata.len(),
            is_program: metadata.permissions().mode() & 0o100 != 0,
        });
        Ok(())
    }

    /// The last name of a path, if HDFS takes it.
    fn check_name(&self, path: &Path) -> Result<String, MaasError> {
        let name = path.file_name().unwrap_or_default();
        let Some(name) = name.to_str() else {
            let reason = "its name is not UTF-8, and names in HDFS are; rename it";
            return Err(self.refused(path, reason));
        };
        if name.contains(':') {
            let reason = "its name has a colon, which HDFS does not allow; rename it";
            return Err(self.refused(path, reason));
        }
        if name.chars().any(char::is_control) {
            let reason = "its name has control characters; rename it";
            return Err(self.refused(path, reason));
        }
        Ok(name.to_owned())
    }

    fn refused(&self, path: &Path, reason: &str) -> MaasError {
        let path = path.display().to_string();
        // A name may hold anything, and this goes to a terminal.
        let path: String = path.chars().flat_map(shown).collect();
        MaasError::Payload {
            path,
            reason: reason.to_owned(),
        }
    }

    fn too_many(&self) -> MaasError {
        let reason = format!(
            "it has more than {MAX_FILES} files or directories; pack them into an archive that the script unpacks"
        );
        self.refused(self.payload, &reason)
    }
}

fn shown(c: char) -> Vec<char> {
    if c.is_control() {
        c.escape_default().collect()
    } else {
        vec![c]
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn payload() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("rest.sh"), "#!/bin/sh\n").unwrap();
        directory
    }

    fn refusal(payload: &tempfile::TempDir) -> String {
        survey(payload.path()).unwrap_err().to_string()
    }

    #[test]
    fn everything_but_an_old_endpoint_is_found() {
        let payload = payload();
        let at = |name: &str| payload.path().join(name);
        fs::create_dir_all(at("lib/deep/empty")).unwrap();
        fs::write(at(ENDPOINT_FILE), "{}").unwrap();
        fs::write(at("lib").join(ENDPOINT_FILE), "{}").unwrap();
        fs::write(at("lib/other.sh"), "1234567").unwrap();
        symlink("lib/other.sh", at("linked")).unwrap();
        symlink("lib/deep", at("linked_directory")).unwrap();
        let program = fs::Permissions::from_mode(0o755);
        fs::set_permissions(at("rest.sh"), program).unwrap();
        fs::write(at("strange $name' \"\\ ü"), "").unwrap();

        let found = survey(payload.path()).unwrap();
        let names: Vec<&str> = found.files.iter().map(|file| file.name.as_str()).collect();
        let expected = [
            "lib/endpoint.dat",
            "lib/other.sh",
            "linked",
            "rest.sh",
            "strange $name' \"\\ ü",
        ];
        assert_eq!(names, expected);
        let directories = [
            "lib",
            "lib/deep",
            "lib/deep/empty",
            "linked_directory",
            "linked_directory/empty",
        ];
        assert_eq!(found.directories, directories);
        assert_eq!(found.bytes, 2 + 7 + 7 + 10);
        let programs = found.files.iter().filter(|file| file.is_program);
        assert_eq!(
            programs.map(|file| &file.name).collect::<Vec<_>>(),
            ["rest.sh"]
        );
    }

    #[test]
    fn scripts_are_counted_at_the_top_only() {
        let payload = payload();
        fs::write(payload.path().join("other.sh"), "").unwrap();
        assert!(refusal(&payload).ends_with("it has 2: other.sh, rest.sh"));
        fs::remove_file(payload.path().join("other.sh")).unwrap();
        fs::remove_file(payload.path().join("rest.sh")).unwrap();
        fs::create_dir(payload.path().join("lib")).unwrap();
        fs::write(payload.path().join("lib/rest.sh"), "").unwrap();
        assert!(refusal(&payload).ends_with("it has 0"));
    }

    #[test]
    fn what_is_no_directory_is_refused() {
        let payload = payload();
        let error = |name: &str| survey(&payload.path().join(name)).unwrap_err().to_string();
        assert!(error("rest.sh").contains("not a directory"));
        assert!(error("absent").contains("no such directory"));
    }

    #[test]
    fn what_cannot_be_uploaded_is_named() {
        type Make = fn(&Path);
        let cases: [(&str, Make, &str); 5] = [
            (
                "dangling",
                |at| symlink("nowhere", at).unwrap(),
                "symbolic link to something",
            ),
            (
                "socket",
                |at| drop(UnixListener::bind(at).unwrap()),
                "a socket",
            ),
            ("a:b", |at| fs::write(at, "").unwrap(), "a colon"),
            (
                "a\u{1b}[31m",
                |at| fs::write(at, "").unwrap(),
                "control characters",
            ),
            ("null", |at| symlink("/dev/null", at).unwrap(), "a device"),
        ];
        for (name, make, part) in cases {
            let payload = payload();
            make(&payload.path().join(name));
            let error = refusal(&payload);
            assert!(error.contains(part), "{error}");
            assert!(!error.contains('\u{1b}'), "{error}");
        }
        let payload = payload();
        fs::write(payload.path().join(OsStr::from_bytes(b"\xff")), "").unwrap();
        assert!(refusal(&payload).contains("not UTF-8"));
    }

    #[test]
    fn links_in_a_circle_are_found() {
        let payload = payload();
        fs::create_dir(payload.path().join("lib")).unwrap();
        symlink("..", payload.path().join("lib/back")).unwrap();
        let error = refusal(&payload);
        assert!(
            error.contains("lib/back") && error.contains("leads back"),
            "{error}"
        );
        fs::remove_file(payload.path().join("lib/back")).unwrap();
        symlink("self", payload.path().join("self")).unwrap();
        assert!(refusal(&payload).contains("self"));
    }

    #[test]
    fn too_many_files_are_refused_also_when_links_multiply_them() {
        let payload = payload();
        // Each level shows the one below it ten times: 10^5 directories of six.
        let level = |number: usize| payload.path().join(format!("level{number}"));
        for number in 0..6 {
            fs::create_dir(level(number)).unwrap();
            for link in 0..10 {
                let below = level(number + 1);
                if number < 5 {
                    symlink(below, level(number).join(format!("{link}"))).unwrap();
                }
            }
        }
        let error = refusal(&payload);
        assert!(error.contains("more than 10000"), "{error}");
    }
}
