//! Where a file is.

use std::path::PathBuf;

use alidade_event::Value;

use super::hadoop::Hadoop;
use super::listing::Entry;
use super::{FileError, local};

/// What a path without a scheme means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    /// A file of this machine.
    Local,
    /// A file of the file system that the configuration names.
    Default,
}

/// A file or folder.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    Local(PathBuf),
    Hadoop(Hadoop),
}

/// The folder of indexed events; its file system is where the HDFS functions look, too.
const ROOT: &str = "indexing.writer.hdfs.root";

impl Place {
    /// Reads a path or a URI. Escapes are not undone, as in Hadoop's paths.
    pub(super) fn of(text: &str, system: System, global: &Value) -> Result<Place, FileError> {
        if text.trim().is_empty() {
            return Err(FileError::failed("the path is empty"));
        }
        if text.contains('\0') {
            return Err(FileError::failed("the path holds a zero character"));
        }
        let (scheme, authority, path) = split(text);
        match (scheme, system) {
            (None, System::Local) | (Some("file"), _) => Ok(Place::Local(PathBuf::from(path))),
            (None, System::Default) => Ok(match default_system(global) {
                Place::Local(_) => Place::Local(PathBuf::from(path)),
                Place::Hadoop(hadoop) => Place::Hadoop(hadoop.with_path(path)),
            }),
            (Some("hdfs" | "viewfs"), System::Default) => {
                let address = match (scheme, authority) {
                    (Some(scheme), Some(authority)) => Some(format!("{scheme}://{authority}")),
                    _ => None,
                };
                let default = default_system(global);
                Ok(match (address, default) {
                    (None, Place::Hadoop(hadoop)) => Place::Hadoop(hadoop.with_path(path)),
                    (address, _) => Place::Hadoop(Hadoop::new(address, path)),
                })
            }
            (Some(scheme), System::Local) => Err(FileError::failed(format!(
                "`{scheme}:` is no path of this machine; write a path, or file:///path"
            ))),
            (Some(scheme), System::Default) => Err(FileError::failed(format!(
                "`{scheme}:` is not supported; write a path, hdfs://host:port/path or file:///path"
            ))),
        }
    }

    /// The folder of whoever runs this.
    pub(super) fn home(system: System, global: &Value) -> Result<Place, FileError> {
        if system == System::Default
            && let Place::Hadoop(hadoop) = default_system(global)
        {
            return Ok(Place::Hadoop(hadoop));
        }
        match std::env::home_dir() {
            Some(home) if !home.as_os_str().is_empty() => Ok(Place::Local(home)),
            _ => Err(FileError::failed("it is not known: HOME is not set")),
        }
    }

    pub(super) fn is_root(&self) -> bool {
        match self {
            Place::Local(path) => match path.canonicalize() {
                Ok(path) => path.parent().is_none(),
                Err(_) => false,
            },
            Place::Hadoop(hadoop) => hadoop.is_root(),
        }
    }

    pub(super) async fn read(&self) -> Result<Vec<u8>, FileError> {
        match self {
            Place::Local(path) => local::run(path, local::read).await,
            Place::Hadoop(hadoop) => hadoop.read().await,
        }
    }

    /// Replaces the file if it is there; makes the folders above it.
    pub(super) async fn write(&self, content: Vec<u8>) -> Result<(), FileError> {
        match self {
            Place::Local(path) => local::run(path, move |path| local::write(path, &content)).await,
            Place::Hadoop(hadoop) => hadoop.write(content).await,
        }
    }

    /// Nothing happens when nothing is there. A folder with something in it needs `is_recursive`.
    pub(super) async fn remove(&self, is_recursive: bool) -> Result<(), FileError> {
        match self {
            Place::Local(path) => {
                local::run(path, move |path| local::remove(path, is_recursive)).await
            }
            Place::Hadoop(hadoop) => hadoop.remove(is_recursive).await,
        }
    }

    /// What is in the folder; a file is listed by itself.
    pub(super) async fn list(&self) -> Result<Vec<Entry>, FileError> {
        match self {
            Place::Local(path) => local::run(path, local::list).await,
            Place::Hadoop(hadoop) => hadoop.list().await,
        }
    }
}

/// The file system of the configuration, without a path in it.
fn default_system(global: &Value) -> Place {
    let root = match global {
        Value::Map(global) => global.get_str(ROOT).and_then(Value::as_str),
        _ => None,
    };
    match root.map(|root| split(root.trim())) {
        Some((Some("file"), _, _)) => Place::Local(PathBuf::new()),
        Some((Some(scheme), Some(authority), _)) => {
            Place::Hadoop(Hadoop::new(Some(format!("{scheme}://{authority}")), ""))
        }
        _ => Place::Hadoop(Hadoop::new(None, "")),
    }
}

/// Scheme, authority and path of a URI; of a path, only the path. A colon behind a slash is part of a name.
fn split(text: &str) -> (Option<&str>, Option<&str>, &str) {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
        return (None, None, text);
    };
    let Some(rest) = rest.strip_prefix("//") else {
        return (Some(scheme), None, rest);
    };
    let at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let path = if path.is_empty() { "/" } else { path };
    (
        Some(scheme),
        Some(authority).filter(|a| !a.is_empty()),
        path,
    )
}

#[cfg(test)]
mod tests {
    use alidade_event::Map;

    use super::*;

    fn global(root: &str) -> Value {
        let mut map = Map::new();
        map.insert_str(ROOT, Value::str(root));
        Value::map(map)
    }

    fn hadoop(address: Option<&str>, path: &str) -> Place {
        Place::Hadoop(Hadoop::new(address.map(str::to_owned), path))
    }

    #[test]
    fn paths_and_uris() {
        let none = Value::Null;
        let local = |text| Place::of(text, System::Local, &none).unwrap();
        assert_eq!(local("/a/b:c"), Place::Local("/a/b:c".into()));
        assert_eq!(local("file:///a%20b"), Place::Local("/a%20b".into()));
        assert_eq!(local("file:/a"), Place::Local("/a".into()));
        assert_eq!(local("a/b"), Place::Local("a/b".into()));

        let of = |text, global: &Value| Place::of(text, System::Default, global).unwrap();
        assert_eq!(of("/a", &none), hadoop(None, "/a"));
        assert_eq!(of("a", &none), hadoop(None, "a"));
        assert_eq!(
            of("hdfs://n:8020", &none),
            hadoop(Some("hdfs://n:8020"), "/")
        );
        let configured = global("hdfs://node1:8020/apps");
        assert_eq!(
            of("/a", &configured),
            hadoop(Some("hdfs://node1:8020"), "/a")
        );
        assert_eq!(
            of("hdfs:///a", &configured),
            hadoop(Some("hdfs://node1:8020"), "/a")
        );
        assert_eq!(
            of("hdfs://n/a", &configured),
            hadoop(Some("hdfs://n"), "/a")
        );
        assert_eq!(of("/a", &global("/apps")), hadoop(None, "/a"));
        assert_eq!(of("/a", &global("file:///x")), Place::Local("/a".into()));
        assert_eq!(of("file:///a", &configured), Place::Local("/a".into()));
    }

    #[test]
    fn what_is_no_place() {
        for text in ["", " ", "a\0b", "s3://bucket/a", "http://x/y"] {
            for system in [System::Local, System::Default] {
                let place = Place::of(text, system, &Value::Null);
                assert!(matches!(place, Err(FileError::Failed(_))), "{text:?}");
            }
        }
        assert!(Place::of("hdfs://n/a", System::Local, &Value::Null).is_err());
    }

    #[test]
    fn roots_are_known() {
        let root = |text, system| Place::of(text, system, &Value::Null).unwrap().is_root();
        for text in ["/", "//", "/tmp/..", "file:///"] {
            assert!(root(text, System::Local), "{text}");
        }
        for text in ["/", "//", "hdfs://n:1/", "hdfs://n:1"] {
            assert!(root(text, System::Default), "{text}");
        }
        assert!(!root("/tmp", System::Local));
        assert!(!root("/a", System::Default));
    }
}
