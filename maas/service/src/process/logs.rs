//! The output of models: always drained, so that no model hangs on a full pipe, and bounded on disk.

use std::fs::{File, OpenOptions, rename};
use std::io::Write;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncRead, AsyncReadExt};

const KEPT: u32 = 2;

/// A file that starts anew at a size; `<name>.1` and `<name>.2` hold what came before.
#[derive(Debug)]
struct RotatedFile {
    path: PathBuf,
    file: Option<File>,
    written: u64,
    limit: u64,
}

impl RotatedFile {
    fn new(path: PathBuf, limit: u64) -> Self {
        Self {
            path,
            file: None,
            written: 0,
            limit: limit.max(1),
        }
    }

    fn numbered(&self, number: u32) -> PathBuf {
        match number {
            0 => self.path.clone(),
            _ => PathBuf::from(format!("{}.{number}", self.path.display())),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.file.is_some() && self.written + bytes.len() as u64 > self.limit {
            self.file = None;
            for number in (0..KEPT).rev() {
                let (from, to) = (self.numbered(number), self.numbered(number + 1));
                if from.exists() {
                    rename(from, to)?;
                }
            }
        }
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            let opened = options
                .create(true)
                .write(true)
                .truncate(true)
                .open(&self.path)?;
            self.file = Some(opened);
            self.written = 0;
        }
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
            self.written += bytes.len() as u64;
        }
        Ok(())
    }
}

/// Reads to the end, into the file. What cannot be written is dropped: the model must not notice.
pub(super) async fn drain(mut output: impl AsyncRead + Unpin, path: PathBuf, limit: u64) {
    let mut file = RotatedFile::new(path, limit);
    let mut buffer = vec![0; 8192];
    let mut complained = false;
    loop {
        let read = match output.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        if let Err(error) = file.write(&buffer[..read])
            && !complained
        {
            complained = true;
            tracing::warn!(path = %file.path.display(), %error, "cannot write a model's output");
        }
    }
}

/// The last lines of a log, for an error text.
pub(super) fn tail(path: &Path, limit: usize) -> String {
    let content = std::fs::read(path).unwrap_or_default();
    let start = content.len().saturating_sub(limit);
    String::from_utf8_lossy(&content[start..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn logs_turn_over_and_old_ones_go() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m.stdout.log");
        let mut file = RotatedFile::new(path.clone(), 10);
        for letter in ["aaaaaa", "bbbbbb", "cccccc", "dddddd"] {
            file.write(letter.as_bytes()).unwrap();
        }
        let read = |suffix: &str| {
            std::fs::read_to_string(format!("{}{suffix}", path.display())).unwrap_or_default()
        };
        assert_eq!(
            [read(""), read(".1"), read(".2"), read(".3")],
            ["dddddd", "cccccc", "bbbbbb", ""]
        );
    }

    #[tokio::test]
    async fn output_is_drained_though_it_cannot_be_written() {
        let nowhere = PathBuf::from("/proc/no/such/place");
        let output = vec![b'x'; 1 << 20];
        drain(output.as_slice(), nowhere, 10).await;
    }

    #[tokio::test]
    async fn the_tail_is_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        drain(b"first\nlast\n".as_slice(), path.clone(), 1000).await;
        assert_eq!(tail(&path, 6), "last");
        assert_eq!(tail(Path::new("/no/such"), 6), "");
    }
}
