//! Files that hold passwords and certificates: local ones, or ones in HDFS, where upstream keeps them.

use crate::IndexingError;
use crate::hdfs::{Bare, open_store};

/// Longest file that is read.
const MAX_BYTES: usize = 1 << 20;

/// The first line of a file, without spaces around it.
pub(crate) async fn read_first_line(
    what: &'static str,
    path: &str,
) -> Result<String, IndexingError> {
    let bytes = read_file(what, path).await?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Err(failure(what, path, "its first line is empty"));
    }
    Ok(line.to_owned())
}

/// A whole file.
pub(crate) async fn read_file(what: &'static str, path: &str) -> Result<Vec<u8>, IndexingError> {
    let (store, inner_path) =
        open_store(path, Bare::Local).map_err(|error| failure(what, path, error))?;
    let bytes = store
        .read_range(&inner_path, 0, MAX_BYTES)
        .await
        .map_err(|error| failure(what, path, error))?;
    Ok(bytes.into())
}

fn failure(what: &'static str, path: &str, reason: impl std::fmt::Display) -> IndexingError {
    IndexingError::Secret {
        what,
        path: path.to_owned(),
        source: std::io::Error::other(reason.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_line_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, " secret \nrest\n").unwrap();
        let path = file.to_str().unwrap();
        assert_eq!(
            read_first_line("the password", path).await.unwrap(),
            "secret"
        );
        let uri = format!("file://{path}");
        assert_eq!(
            read_first_line("the password", &uri).await.unwrap(),
            "secret"
        );
        std::fs::write(&file, "\nsecret").unwrap();
        let error = read_first_line("the password", path).await.unwrap_err();
        assert!(error.to_string().contains("the password"), "{error}");
        let error = read_first_line("the password", "/does/not/exist")
            .await
            .unwrap_err();
        assert!(error.to_string().contains("/does/not/exist"), "{error}");
    }
}
