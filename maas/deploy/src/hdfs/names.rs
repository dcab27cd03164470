//! Directories beside a payload that are there while it is replaced.

use std::time::{SystemTime, UNIX_EPOCH};

use alidade_hadoop::FileStatus;

/// Left-overs younger than this may belong to an upload that is going on.
const STALE_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

const UPLOADING: &str = ".uploading";
const REPLACED: &str = ".replaced";

/// The names for one upload: no other one has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    /// Where the files go first.
    pub(super) uploading: String,
    /// Where the former payload is until it is deleted.
    pub(super) replaced: String,
}

impl Names {
    pub(super) fn new(parent: &str, name: &str) -> Names {
        let parent = parent.trim_end_matches('/');
        let unique = format!("{:x}-{:x}", now_ms(), std::process::id());
        Names {
            uploading: format!("{parent}/.{name}.{unique}{UPLOADING}"),
            replaced: format!("{parent}/.{name}.{unique}{REPLACED}"),
        }
    }
}

/// A directory that an upload has left behind.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LeftOver<'a> {
    Uploading,
    /// The former payload of this name.
    Replaced(&'a str),
}

/// What is left of an upload that ended more than a day ago without tidying up; none for everything else.
pub(super) fn left_over(entry: &FileStatus, now_ms: i64) -> Option<LeftOver<'_>> {
    if !entry.is_directory {
        return None;
    }
    let name = last_name(&entry.path).strip_prefix('.')?;
    let (rest, is_upload) = match name.strip_suffix(UPLOADING) {
        Some(rest) => (rest, true),
        None => (name.strip_suffix(REPLACED)?, false),
    };
    let (name, unique) = rest.rsplit_once('.')?;
    let (time, process) = unique.split_once('-')?;
    let began = i64::from_str_radix(time, 16).ok()?;
    u32::from_str_radix(process, 16).ok()?;
    // A directory that is renamed keeps its time: the name's is the time of the upload.
    let is_stale = now_ms.saturating_sub(began.max(0)) > STALE_AFTER_MS
        && (!is_upload || now_ms.saturating_sub(entry.modified_ms) > STALE_AFTER_MS);
    if name.is_empty() || !is_stale {
        return None;
    }
    Some(if is_upload {
        LeftOver::Uploading
    } else {
        LeftOver::Replaced(name)
    })
}

/// The last name of a path.
pub(super) fn last_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The path above an absolute one; none for the root.
pub(super) fn parent_of(path: &str) -> Option<&str> {
    match path.rsplit_once('/')? {
        ("", "") => None,
        ("", _) => Some("/"),
        (parent, _) => Some(parent),
    }
}

pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, modified_ms: i64) -> FileStatus {
        FileStatus {
            path: path.to_owned(),
            is_directory: true,
            size: 0,
            modified_ms,
            owner: "x".to_owned(),
            mode: 0o755,
        }
    }

    #[test]
    fn only_old_directories_of_ours_are_left_over() {
        let names = Names::new("/user/x", "models.v1");
        let now = now_ms();
        let later = now + STALE_AFTER_MS + 60_000;
        let uploading = entry(&names.uploading, now);
        assert_eq!(left_over(&uploading, now), None);
        assert_eq!(left_over(&uploading, later), Some(LeftOver::Uploading));
        // Still being written to.
        let busy = entry(&names.uploading, later - 1000);
        assert_eq!(left_over(&busy, later), None);
        // A payload that was old already when it was replaced.
        let replaced = entry(&names.replaced, 5);
        assert_eq!(left_over(&replaced, now), None);
        let expected = Some(LeftOver::Replaced("models.v1"));
        assert_eq!(left_over(&replaced, later), expected);
        for path in [
            "/user/x/models",
            "/user/x/.models.uploading",
            "/user/x/.models.today.uploading",
            "/user/x/.models.1-z.uploading",
            "/user/x/..1-1.uploading",
            "/user/x/models.1-1.uploading",
            "/user/x/.models.1-1.uploading.txt",
        ] {
            assert_eq!(left_over(&entry(path, 0), later), None, "{path}");
        }
        let file = FileStatus {
            is_directory: false,
            ..entry(&names.uploading, 0)
        };
        assert_eq!(left_over(&file, later), None);
    }

    #[test]
    fn names_lie_beside_the_payload() {
        assert!(Names::new("/", "m").uploading.starts_with("/.m."));
        assert!(Names::new("/a", "m").replaced.starts_with("/a/.m."));
        assert_eq!(parent_of("/a/b"), Some("/a"));
        assert_eq!(parent_of("/a"), Some("/"));
        assert_eq!(parent_of("/"), None);
    }
}
