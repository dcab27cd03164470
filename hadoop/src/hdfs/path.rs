//! Paths, before they are sent anywhere.

use super::place::Place;
use crate::HadoopError;

/// HDFS takes no longer ones.
const MAX_BYTES: usize = 8000;

/// The path from the root; see [`super::FileSystem::absolute`].
pub(super) fn absolute(path: &str, home: &str, place: &Place) -> Result<String, HadoopError> {
    let refused = |reason: &str| Err(HadoopError::Invalid(format!("the path {path:?} {reason}")));
    if path.is_empty() {
        return refused("is empty");
    }
    let local = match path.split_once(':') {
        None => path,
        Some((before, _)) if before.contains('/') => path,
        Some((scheme, rest)) => {
            if !scheme.eq_ignore_ascii_case("hdfs") || !rest.starts_with('/') {
                return refused(&format!("is not one in {}", place.uri));
            }
            let Some(rest) = rest.strip_prefix("//") else {
                return clean(path, rest, home);
            };
            let (authority, local) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if !authority.is_empty() && !place.is_authority(authority) {
                return refused(&format!("is in another file system than {}", place.uri));
            }
            if local.is_empty() { "/" } else { local }
        }
    };
    clean(path, local, home)
}

fn clean(path: &str, local: &str, home: &str) -> Result<String, HadoopError> {
    let mut absolute = String::new();
    if !local.starts_with('/') {
        absolute.push_str(home.trim_end_matches('/'));
    }
    for name in local.split('/') {
        if name.is_empty() || name == "." {
            continue;
        }
        if let Some(problem) = component_problem(name) {
            return Err(HadoopError::Invalid(format!(
                "the path {path:?} has {problem} in it, which is not allowed"
            )));
        }
        absolute.push('/');
        absolute.push_str(name);
    }
    if absolute.is_empty() {
        absolute.push('/');
    }
    if absolute.len() > MAX_BYTES {
        let start: String = path.chars().take(100).collect();
        return Err(HadoopError::Invalid(format!(
            "the path {start:?}... is longer than {MAX_BYTES} bytes"
        )));
    }
    Ok(absolute)
}

/// Why this cannot be one name of a path.
pub(crate) fn component_problem(name: &str) -> Option<&'static str> {
    match name {
        "" => return Some("an empty name"),
        "." => return Some("a name of one dot"),
        ".." => return Some("\"..\""),
        _ => {}
    }
    if name.chars().any(char::is_control) {
        return Some("a control character");
    }
    if name.contains(':') {
        return Some("a colon");
    }
    name.contains('/').then_some("a slash")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HadoopConf;

    #[test]
    fn paths_are_made_absolute_or_refused() {
        let conf = HadoopConf::from_properties([("fs.defaultFS", "hdfs://nn1:8020")]);
        let place = Place::find(&conf, None).unwrap();
        let absolute = |path: &str| absolute(path, "/user/me", &place);
        let good = [
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b"),
            ("//a///b", "/a/b"),
            ("/", "/"),
            ("a b/c", "/user/me/a b/c"),
            ("./a/.", "/user/me/a"),
            (".", "/user/me"),
            ("hdfs://nn1:8020/a", "/a"),
            ("hdfs://NN1/a/", "/a"),
            ("HDFS://nn1:8020", "/"),
            ("hdfs:///a", "/a"),
            ("hdfs:/a", "/a"),
            ("/a/..b/ä", "/a/..b/ä"),
        ];
        for (path, expected) in good {
            assert_eq!(absolute(path).unwrap(), expected, "{path:?}");
        }
        let long = "/a".repeat(5000);
        let bad = [
            ("", "is empty"),
            ("/a/../b", "has \"..\" in it"),
            ("..", "has \"..\" in it"),
            ("hdfs://nn1:8020/a/..", "has \"..\" in it"),
            ("/a\nb", "a control character"),
            ("/a\0", "a control character"),
            ("/a:b", "a colon"),
            ("a:b", "is not one in hdfs://nn1:8020"),
            ("hdfs:a", "is not one in hdfs://nn1:8020"),
            ("file:///a", "is not one in hdfs://nn1:8020"),
            ("s3a://bucket/a", "is not one in hdfs://nn1:8020"),
            (
                "hdfs://nn2:8020/a",
                "in another file system than hdfs://nn1:8020",
            ),
            ("hdfs://nn1:9000/a", "in another file system"),
            ("hdfs://me@nn1:8020/a", "in another file system"),
            (&long, "is longer than 8000 bytes"),
        ];
        for (path, reason) in bad {
            let error = absolute(path).unwrap_err().to_string();
            assert!(error.contains(reason), "{path:?}: {error}");
            assert!(error.len() < 1000, "{error}");
        }
    }
}
