//! Several files at a time on their way into a directory that nobody knows of yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alidade_hadoop::FileSystem;
use alidade_maas_core::MaasError;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::progress::Progress;
use super::survey::{LocalFile, Survey};
use crate::{DeployError, Interruption};

/// Files that are sent at the same time, if they are small: most of the time goes by until a NameNode has heard of the
/// block from its DataNode, for which the client waits half a second.
const PARALLEL: usize = 32;
/// Up to this many bytes a file is small.
const SMALL: u64 = 1 << 20;
/// So many small files weigh as much as one large one, which keeps its buffers full: 8 of those go at a time.
const WEIGHT: u32 = 4;

/// An upload that all of its workers share.
#[derive(Debug)]
pub(super) struct Upload {
    fs: FileSystem,
    survey: Survey,
    /// The directory that is filled.
    directory: String,
    /// Permissions that nothing gets.
    umask: u32,
    progress: Progress,
    /// The file that is to be sent next.
    next: AtomicUsize,
    /// What may be under way, in small files.
    room: Semaphore,
}

impl Upload {
    pub(super) fn new(
        fs: FileSystem,
        survey: Survey,
        directory: String,
        umask: u32,
        progress: Progress,
    ) -> Upload {
        Upload {
            fs,
            survey,
            directory,
            umask,
            progress,
            next: AtomicUsize::new(0),
            room: Semaphore::new(PARALLEL),
        }
    }

    /// Says that all of it has come into its place.
    pub(super) fn tell_success(&self) {
        self.progress.succeed();
    }
}

/// Fills the directory. When this returns nothing is being written any more, however it has ended.
pub(super) async fn fill(
    upload: &Arc<Upload>,
    interruption: &Interruption,
) -> Result<(), DeployError> {
    let mut workers = JoinSet::new();
    workers.spawn(begin(Arc::clone(upload)));
    let mut outcome = finish(&mut workers, interruption).await;
    if outcome.is_ok() {
        for _ in 0..PARALLEL.min(upload.survey.files.len()) {
            workers.spawn(work(Arc::clone(upload)));
        }
        outcome = tokio::select! {
            outcome = finish(&mut workers, interruption) => outcome,
            () = upload.progress.tell() => Ok(()),
        };
    }
    workers.shutdown().await;
    upload.progress.end();
    outcome
}

/// Waits for the workers, up to the first that fails.
async fn finish(
    workers: &mut JoinSet<Result<(), DeployError>>,
    interruption: &Interruption,
) -> Result<(), DeployError> {
    loop {
        let ended = tokio::select! {
            ended = workers.join_next() => ended,
            () = interruption.happened() => {
                let text = "interrupted: nothing is uploaded, and nothing is queued";
                return Err(DeployError::Interrupted(text.to_owned()));
            }
        };
        match ended {
            None => return Ok(()),
            Some(Ok(outcome)) => outcome?,
            Some(Err(error)) => {
                return Err(DeployError::Runtime(std::io::Error::other(error)));
            }
        }
    }
}

/// Makes the directories.
async fn begin(upload: Arc<Upload>) -> Result<(), DeployError> {
    let mode = 0o777 & !upload.umask;
    let (fs, directory) = (&upload.fs, &upload.directory);
    fs.make_directories(directory, mode).await?;
    for below in &upload.survey.directories {
        fs.make_directories(&format!("{directory}/{below}"), mode)
            .await?;
    }
    Ok(())
}

/// Sends one file after the other until none is left.
async fn work(upload: Arc<Upload>) -> Result<(), DeployError> {
    loop {
        let next = upload.next.fetch_add(1, Ordering::Relaxed);
        let Some(file) = upload.survey.files.get(next) else {
            return Ok(());
        };
        let weight = if file.size > SMALL { WEIGHT } else { 1 };
        // It is never closed: an error there cannot be.
        let _room = upload.room.acquire_many(weight).await;
        send(&upload, file).await?;
    }
}

async fn send(upload: &Upload, file: &LocalFile) -> Result<(), DeployError> {
    let target = format!("{}/{}", upload.directory, file.name);
    let mode = if file.is_program { 0o777 } else { 0o666 } & !upload.umask;
    let progress = |bytes| upload.progress.sent(bytes);
    let sent = upload
        .fs
        .upload(&file.path, &target, mode, &progress)
        .await?;
    if sent.size != file.size {
        return Err(DeployError::Registry(MaasError::Payload {
            path: file.path.display().to_string(),
            reason: "it has changed while it was uploaded; try again when nothing writes to it"
                .to_owned(),
        }));
    }
    upload.progress.file_done();
    Ok(())
}
