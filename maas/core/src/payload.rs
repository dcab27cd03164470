//! Payloads: directories with one start script, kept on this machine below a payload root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use crate::MaasError;

/// The file in which a model says where it answers. One that lies in a payload is left over from elsewhere.
pub const ENDPOINT_FILE: &str = "endpoint.dat";
/// Files of one payload, at most.
const MAX_FILES: usize = 100_000;
const MAX_DEPTH: usize = 32;
/// Scripts named in an error, at most.
const SCRIPTS_SHOWN: usize = 10;

/// The place of a payload path below the payload root: `/user/x/models`, `user/x/models` and `file:///user/x/models` are
/// all `<root>/user/x/models`.
///
/// # Errors
/// For a path on another file system, one with `..`, and an empty one.
pub fn payload_below_root(root: &Path, path: &str) -> Result<PathBuf, MaasError> {
    let plain = plain_path(path)?;
    let relative: PathBuf = Path::new(plain)
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect();
    if relative.as_os_str().is_empty() {
        return Err(MaasError::Payload {
            path: path.to_owned(),
            reason: "it names no directory".to_owned(),
        });
    }
    Ok(root.join(relative))
}

/// Finds the local directory of a request's path: below the payload root if it is there, else the path as it stands.
///
/// # Errors
/// For a path on another file system, one with `..`, and one that is no directory.
pub fn resolve_payload(root: &Path, path: &str) -> Result<PathBuf, MaasError> {
    let below_root = payload_below_root(root, path)?;
    if below_root.is_dir() {
        return Ok(below_root);
    }
    let as_given = Path::new(plain_path(path)?);
    if as_given.is_absolute() && as_given.is_dir() {
        return Ok(as_given.to_owned());
    }
    Err(MaasError::Payload {
        path: path.to_owned(),
        reason: format!(
            "neither {} nor {} is a directory on this machine; deploy it with -lmp",
            below_root.display(),
            as_given.display()
        ),
    })
}

/// The path without a scheme.
fn plain_path(path: &str) -> Result<&str, MaasError> {
    let wrong = |reason: String| MaasError::Payload {
        path: path.to_owned(),
        reason,
    };
    let plain = match path.split_once(':') {
        Some(("file", rest)) => local_part(rest).ok_or_else(|| {
            wrong(
                "a file: URI must name a path on this machine, such as file:///opt/models"
                    .to_owned(),
            )
        })?,
        Some((scheme, rest)) if rest.starts_with('/') && is_scheme(scheme) => {
            return Err(wrong(format!(
                "it is on the file system {scheme}:, which needs --launcher yarn; with the local launcher use a plain path or a file: URI"
            )));
        }
        _ => path,
    };
    let climbs = Path::new(plain)
        .components()
        .any(|part| part == Component::ParentDir);
    if climbs || plain.contains('\0') {
        return Err(wrong("it must not contain \"..\"".to_owned()));
    }
    Ok(plain)
}

/// The path of a `file:` URI: `/x`, `///x` and `//localhost/x`.
fn local_part(rest: &str) -> Option<&str> {
    match rest.strip_prefix("//") {
        None => Some(rest),
        Some(after) => {
            let path = after.strip_prefix("localhost").unwrap_or(after);
            path.starts_with('/').then_some(path)
        }
    }
}

fn is_scheme(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Whether a file of this name is taken for a start script.
pub fn is_script_name(name: &str) -> bool {
    let stem = name.strip_suffix(".sh");
    stem.is_some_and(|stem| !stem.is_empty())
}

/// The start script among the names of the files at the top of a payload. `place` is the payload, for people.
///
/// # Errors
/// When there is none, or several: those are listed.
pub fn only_script<'a>(
    place: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<&'a str, MaasError> {
    let mut scripts: Vec<&str> = names
        .into_iter()
        .filter(|name| is_script_name(name))
        .collect();
    if let [script] = scripts.as_slice() {
        return Ok(script);
    }
    scripts.sort_unstable();
    let listed = match scripts.len() {
        0 => String::new(),
        count if count > SCRIPTS_SHOWN => format!(": {}, ...", scripts[..SCRIPTS_SHOWN].join(", ")),
        _ => format!(": {}", scripts.join(", ")),
    };
    Err(MaasError::Payload {
        path: place.to_owned(),
        reason: format!(
            "it must have exactly one .sh script that starts the model, and it has {}{listed}",
            scripts.len()
        ),
    })
}

/// The one `.sh` of a payload.
///
/// # Errors
/// As [`only_script`], and when the directory cannot be listed.
pub fn find_script(directory: &Path) -> Result<PathBuf, MaasError> {
    let mut names = Vec::new();
    let listing = fs::read_dir(directory).map_err(MaasError::file("list", directory))?;
    for entry in listing {
        let entry = entry.map_err(MaasError::file("list", directory))?;
        let name = entry.file_name().into_string();
        let Ok(name) = name else { continue };
        if is_script_name(&name) && entry.path().is_file() {
            names.push(name);
        }
    }
    let place = directory.display().to_string();
    let script = only_script(&place, names.iter().map(String::as_str))?;
    Ok(directory.join(script))
}

/// Copies a payload into a new directory, without an old endpoint file; the start script becomes executable.
pub fn copy_payload(source: &Path, target: &Path) -> Result<(), MaasError> {
    let mut files = 0;
    copy_directory(source, target, 0, &mut files)?;
    let script = find_script(target)?;
    let mut permissions = fs::metadata(&script)
        .map_err(MaasError::file("read", &script))?
        .permissions();
    permissions.set_mode(permissions.mode() | 0o500);
    fs::set_permissions(&script, permissions).map_err(MaasError::file("make executable", &script))
}

fn copy_directory(
    source: &Path,
    target: &Path,
    depth: usize,
    files: &mut usize,
) -> Result<(), MaasError> {
    let too_large = |reason: String| MaasError::Payload {
        path: source.display().to_string(),
        reason,
    };
    if depth > MAX_DEPTH {
        return Err(too_large(format!(
            "it nests deeper than {MAX_DEPTH} directories"
        )));
    }
    fs::create_dir_all(target).map_err(MaasError::file("create", target))?;
    for entry in fs::read_dir(source).map_err(MaasError::file("list", source))? {
        let entry = entry.map_err(MaasError::file("list", source))?;
        let (from, to) = (entry.path(), target.join(entry.file_name()));
        if depth == 0 && entry.file_name() == ENDPOINT_FILE {
            continue;
        }
        *files += 1;
        if *files > MAX_FILES {
            return Err(too_large(format!("it has more than {MAX_FILES} files")));
        }
        // Links are followed, as they are when a payload is copied to another machine.
        let metadata = fs::metadata(&from).map_err(MaasError::file("read", &from))?;
        if metadata.is_dir() {
            copy_directory(&from, &to, depth + 1, files)?;
        } else if metadata.is_file() {
            fs::copy(&from, &to).map_err(MaasError::file("copy", &from))?;
        } else {
            return Err(too_large(format!(
                "{} is neither file nor directory",
                from.display()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_looked_up_below_the_root_first() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("user/x/models")).unwrap();
        let resolved = |path: &str| resolve_payload(root.path(), path);
        let expected = root.path().join("user/x/models");
        for path in [
            "/user/x/models",
            "user/x/models",
            "file:/user/x/models",
            "file:///user/x/models",
            "file://localhost/user/x/models",
        ] {
            assert_eq!(resolved(path).unwrap(), expected, "{path}");
        }
        let outside = tempfile::tempdir().unwrap();
        let path = outside.path().to_str().unwrap();
        assert_eq!(resolved(path).unwrap(), outside.path());
    }

    #[test]
    fn foreign_and_missing_paths_are_refused_with_a_remedy() {
        let root = tempfile::tempdir().unwrap();
        for (path, part) in [
            ("hdfs://node1:8020/user/x", "the file system hdfs:"),
            ("hdfs:/user/x", "the file system hdfs:"),
            ("/no/such/place", "is a directory on this machine"),
            ("/user/../../etc", "\"..\""),
            ("file://other/x", "file:///"),
            ("", "names no directory"),
            ("/", "names no directory"),
            ("relative/x", "is a directory on this machine"),
        ] {
            let error = resolve_payload(root.path(), path).unwrap_err().to_string();
            assert!(error.contains(part), "{path}: {error}");
        }
    }

    #[test]
    fn a_payload_is_copied_whole_and_its_script_can_run() {
        let source = tempfile::tempdir().unwrap();
        let target = tempfile::tempdir().unwrap();
        let target = target.path().join("container_2");
        fs::write(source.path().join("rest.sh"), "#!/bin/sh\n").unwrap();
        fs::write(source.path().join(ENDPOINT_FILE), "{}").unwrap();
        fs::create_dir(source.path().join("lib")).unwrap();
        fs::write(source.path().join("lib/model.bin"), "x").unwrap();
        copy_payload(source.path(), &target).unwrap();
        assert!(target.join("lib/model.bin").is_file());
        assert!(!target.join(ENDPOINT_FILE).exists());
        let mode = fs::metadata(target.join("rest.sh"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o500, 0o500);
    }

    #[test]
    fn no_script_or_two_are_refused() {
        let source = tempfile::tempdir().unwrap();
        fs::create_dir(source.path().join("folder.sh")).unwrap();
        fs::write(source.path().join(".sh"), "").unwrap();
        let error = find_script(source.path()).unwrap_err().to_string();
        assert!(error.ends_with("and it has 0"), "{error}");
        for name in ["b.sh", "a.sh"] {
            fs::write(source.path().join(name), "").unwrap();
        }
        let error = find_script(source.path()).unwrap_err().to_string();
        assert!(error.ends_with("and it has 2: a.sh, b.sh"), "{error}");
        let many: Vec<String> = (0..1000).map(|number| format!("{number}.sh")).collect();
        let error = only_script("/m", many.iter().map(String::as_str)).unwrap_err();
        assert!(error.to_string().len() < 300, "{error}");
    }
}
