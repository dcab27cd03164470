//! Content, in pieces.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use hdfs_native::WriteOptions;
use hdfs_native::client::Client;
use hdfs_native::file::{FileReader, FileWriter};
use tokio::io::AsyncReadExt;

use super::call::bounded;
use super::{CALL, FileStatus, FileSystem, MODE_BITS};
use crate::HadoopError;

/// What is moved at once.
const PIECE_BYTES: usize = 1 << 20;

/// How long a piece may take, and the end of a file, which waits for its last block.
const PIECE: Duration = Duration::from_secs(60);

/// The name of a file that is not whole yet begins so.
const UNFINISHED: &str = ".unfinished-";

impl FileSystem {
    /// Writes a file, in place of one that is there; directories above it that are missing are made. It appears under
    /// its name when it is whole.
    ///
    /// # Errors
    /// As [`Self::status`]; what was written until then is deleted again.
    pub async fn write(
        &self,
        path: &str,
        content: &[u8],
        mode: u32,
    ) -> Result<FileStatus, HadoopError> {
        let mut output = Output::create(self, path, mode).await?;
        let outcome = async {
            for piece in content.chunks(PIECE_BYTES) {
                output.write(Bytes::copy_from_slice(piece)).await?;
            }
            Ok(())
        };
        let outcome = outcome.await;
        output.finish(outcome).await
    }

    /// As [`Self::write`], with the content of a local file, which is never in memory as a whole. `progress` is told how
    /// many bytes each piece had that has been sent.
    ///
    /// # Errors
    /// [`HadoopError::File`] when the local file cannot be read; else as [`Self::write`].
    pub async fn upload(
        &self,
        local: &Path,
        path: &str,
        mode: u32,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<FileStatus, HadoopError> {
        let mut file = tokio::fs::File::open(local)
            .await
            .map_err(HadoopError::file("open", local))?;
        let mut output = Output::create(self, path, mode).await?;
        let outcome = async {
            loop {
                let mut piece = Vec::with_capacity(PIECE_BYTES);
                (&mut file)
                    .take(PIECE_BYTES as u64)
                    .read_to_end(&mut piece)
                    .await
                    .map_err(HadoopError::file("read", local))?;
                if piece.is_empty() {
                    return Ok(());
                }
                let bytes = piece.len() as u64;
                output.write(Bytes::from(piece)).await?;
                progress(bytes);
            }
        };
        let outcome = outcome.await;
        output.finish(outcome).await
    }

    /// As [`Self::write`], with the content of another file in the same file system.
    ///
    /// # Errors
    /// As [`Self::write`]; [`FileProblem::Missing`](super::FileProblem::Missing) without a file at `from`.
    pub async fn copy(&self, from: &str, to: &str, mode: u32) -> Result<FileStatus, HadoopError> {
        let mut input = Input::open(self, from).await?;
        let mut output = Output::create(self, to, mode).await?;
        let outcome = async {
            while let Some(piece) = input.next().await? {
                output.write(piece).await?;
            }
            Ok(())
        };
        let outcome = outcome.await;
        output.finish(outcome).await
    }

    /// Reads a whole file; none when nothing is there.
    ///
    /// # Errors
    /// [`FileProblem::TooMuch`](super::FileProblem::TooMuch) when it has more than `limit` bytes; else as
    /// [`Self::status`].
    pub async fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, HadoopError> {
        let path = self.absolute(path)?;
        if self.status(&path).await?.is_none() {
            return Ok(None);
        }
        let mut input = Input::open(self, &path).await?;
        let size = input.reader.file_length();
        if size as u64 > limit {
            let reason = format!("it has {size} bytes, and no more than {limit} are taken");
            return Err(self.asked("read", &path).too_much(&reason));
        }
        let mut content = Vec::with_capacity(size);
        while let Some(piece) = input.next().await? {
            content.extend_from_slice(&piece);
        }
        Ok(Some(content))
    }
}

/// A file that is being read.
struct Input<'a> {
    fs: &'a FileSystem,
    path: String,
    reader: Box<FileReader>,
}

impl<'a> Input<'a> {
    async fn open(fs: &'a FileSystem, path: &str) -> Result<Self, HadoopError> {
        let path = fs.absolute(path)?;
        let asked = fs.asked("read", &path);
        match fs.status(&path).await? {
            None => return Err(asked.missing()),
            Some(status) if status.is_directory => return Err(asked.is_a_directory()),
            Some(_) => {}
        }
        let reader = fs
            .call("read", &path, CALL, fs.inner.client.read(&path))
            .await?;
        let reader = Box::new(reader);
        Ok(Self { fs, path, reader })
    }

    /// The next piece; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, HadoopError> {
        let missing = self.reader.remaining().min(PIECE_BYTES);
        if missing == 0 {
            return Ok(None);
        }
        let work = self.reader.read_bytes(missing);
        let piece = self.fs.call("read", &self.path, PIECE, work).await?;
        if piece.len() == missing {
            return Ok(Some(piece));
        }
        let reason = format!("{} bytes came where {missing} should have", piece.len());
        Err(self.fs.asked("read", &self.path).other(&reason))
    }
}

/// A file that is being written, under a name of its own until it is whole.
struct Output<'a> {
    fs: &'a FileSystem,
    path: String,
    unfinished: Unfinished,
    writer: Box<FileWriter>,
    bytes: u64,
}

impl<'a> Output<'a> {
    async fn create(fs: &'a FileSystem, path: &str, mode: u32) -> Result<Self, HadoopError> {
        let path = fs.absolute(path)?;
        if let Some(status) = fs.status(&path).await?
            && status.is_directory
        {
            return Err(fs.asked("write", &path).is_a_directory());
        }
        let mut number = [0; 8];
        getrandom::fill(&mut number)
            .map_err(|error| HadoopError::Invalid(format!("no random numbers: {error}")))?;
        let (directory, _) = path.rsplit_once('/').unwrap_or_default();
        let number = u64::from_be_bytes(number);
        let mut unfinished = Unfinished {
            client: fs.inner.client.clone(),
            path: format!("{directory}/{UNFINISHED}{number:016x}"),
            is_there: true,
        };
        let options = WriteOptions::default()
            .permission(mode & MODE_BITS)
            .overwrite(true)
            .create_parent(true);
        let work = fs.inner.client.create(&unfinished.path, options);
        match fs.call("write", &path, CALL, work).await {
            Ok(writer) => Ok(Self {
                fs,
                path,
                unfinished,
                writer: Box::new(writer),
                bytes: 0,
            }),
            Err(error) => {
                unfinished.delete().await;
                Err(error)
            }
        }
    }

    async fn write(&mut self, piece: Bytes) -> Result<(), HadoopError> {
        let bytes = piece.len() as u64;
        let work = self.writer.write_bytes(piece);
        self.fs.call("write", &self.path, PIECE, work).await?;
        self.bytes += bytes;
        Ok(())
    }

    /// Gives the file its name, or deletes it when the outcome is an error.
    async fn finish(mut self, outcome: Result<(), HadoopError>) -> Result<FileStatus, HadoopError> {
        let outcome = match outcome {
            Ok(()) => self.name_it().await,
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            self.unfinished.delete().await;
        }
        outcome
    }

    async fn name_it(&mut self) -> Result<FileStatus, HadoopError> {
        let (fs, path) = (self.fs, self.path.as_str());
        fs.call("write", path, PIECE, self.writer.close()).await?;
        let work = fs.inner.client.rename(&self.unfinished.path, path, true);
        fs.call("write", path, CALL, work).await?;
        self.unfinished.is_there = false;
        let asked = fs.asked("write", path);
        match fs.status(path).await? {
            None => Err(asked.other("it has been written, and is not there")),
            Some(status) if status.size != self.bytes => Err(asked.other(&format!(
                "{} bytes have been written, and it has {}: somebody else writes it, too",
                self.bytes, status.size
            ))),
            Some(status) => Ok(status),
        }
    }
}

/// Whether a path is one that [`Output`] makes.
pub(super) fn is_unfinished(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.strip_prefix(UNFINISHED).is_some_and(|number| {
        number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// What is deleted if it does not become a whole file.
struct Unfinished {
    client: Client,
    path: String,
    is_there: bool,
}

impl Unfinished {
    async fn delete(&mut self) {
        self.is_there = false;
        delete_unfinished(&self.client, &self.path).await;
    }
}

impl Drop for Unfinished {
    /// For whoever has not waited for the end.
    fn drop(&mut self) {
        if !self.is_there {
            return;
        }
        let (client, path) = (self.client.clone(), std::mem::take(&mut self.path));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { delete_unfinished(&client, &path).await });
        }
    }
}

async fn delete_unfinished(client: &Client, path: &str) {
    let deleted = Box::pin(bounded(CALL, client.delete(path, false)));
    if let Err(failure) = deleted.await {
        tracing::warn!(path, ?failure, "an unfinished file stays behind in HDFS");
    }
}
