//! Payloads in HDFS.

mod names;
mod progress;
mod survey;
mod swap;
mod target;
mod umask;
mod upload;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alidade_hadoop::{FileSystem, HadoopConf, HadoopError};

use crate::store::{PayloadStore, PlacedPayload, Storing};
use crate::{DeployError, Interruption};
use names::{LeftOver, Names, last_name, left_over, now_ms, parent_of};
use progress::Progress;
use survey::{Survey, survey};
use swap::swap;
use target::{check_present, check_replaceable, check_target};
use upload::{Upload, fill};

/// Entries of the directory of a payload among which left-overs are looked for.
const MAX_BESIDE: usize = 10_000;

/// How often it is tried to delete what an upload has left, and the pause in between: a call that was on its way when the
/// upload ended may make a file once more.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// Payloads as directories of HDFS, with their files as they are. A payload is uploaded beside its target and then
/// renamed, so that nobody sees half of one.
#[derive(Debug)]
pub struct HdfsPayloadStore {
    fs: FileSystem,
    umask: u32,
    /// Whether the service would look for a bare path in another file system.
    is_foreign: bool,
    interruption: Interruption,
}

impl HdfsPayloadStore {
    /// The file system `uri`, or the one of the configuration. Connects with the first call.
    ///
    /// # Errors
    /// When the configuration names no such file system, or one cannot log in.
    pub async fn connect(
        conf: &HadoopConf,
        uri: Option<&str>,
        interruption: Interruption,
    ) -> Result<HdfsPayloadStore, HadoopError> {
        let fs = FileSystem::connect(conf, uri).await?;
        let is_foreign = match uri {
            None => false,
            Some(_) => match FileSystem::connect(conf, None).await {
                Ok(default) => default.uri() != fs.uri(),
                Err(_) => true,
            },
        };
        Ok(HdfsPayloadStore {
            umask: umask::umask(conf)?,
            fs,
            is_foreign,
            interruption,
        })
    }

    /// The URI of the file system.
    pub fn uri(&self) -> &str {
        self.fs.uri()
    }

    async fn upload(&self, local: &Path, path: &str) -> Result<PlacedPayload, DeployError> {
        let (survey, target) = tokio::select! {
            prepared = self.prepare(local, path) => prepared?,
            () = self.interruption.happened() => {
                let text = "interrupted: nothing is uploaded, and nothing is queued";
                return Err(DeployError::Interrupted(text.to_owned()));
            }
        };
        let fs = &self.fs;
        let names = Names::new(parent_of(&target).unwrap_or("/"), last_name(&target));
        let progress = Progress::begin(&survey, &fs.url(&target));
        let directory = names.uploading.clone();
        let upload = Upload::new(fs.clone(), survey, directory, self.umask, progress);
        let upload = Arc::new(upload);
        let outcome = match fill(&upload, &self.interruption).await {
            Ok(()) => self.put_in_place(&names, &target).await,
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            self.discard(&names.uploading).await;
            return Err(error);
        }
        upload.tell_success();
        Ok(self.placed(&target))
    }

    /// Everything that can be said against an upload, and the directory that it goes into.
    async fn prepare(&self, local: &Path, path: &str) -> Result<(Survey, String), DeployError> {
        let local = local.to_owned();
        let survey = tokio::task::spawn_blocking(move || survey(&local)).await;
        let survey =
            survey.map_err(|error| DeployError::Runtime(std::io::Error::other(error)))??;
        let fs = &self.fs;
        let target = fs.absolute(path)?;
        check_target(fs, &target).await?;
        if target.starts_with(&format!("{}/", fs.home())) {
            fs.prepare_home().await?;
        }
        if let Some(parent) = parent_of(&target) {
            fs.make_directories(parent, 0o777 & !self.umask).await?;
            self.remove_left_overs(parent).await;
        }
        Ok((survey, target))
    }

    async fn put_in_place(&self, names: &Names, target: &str) -> Result<(), DeployError> {
        // Much may have happened since it was looked at.
        check_replaceable(&self.fs, target).await?;
        swap(&self.fs, names, target).await
    }

    /// Deletes an upload that has come to nothing.
    async fn discard(&self, directory: &str) {
        let problem = tokio::select! {
            problem = delete_for_good(&self.fs, directory) => problem,
            () = self.interruption.insisted() => Some("interrupted".to_owned()),
        };
        if let Some(problem) = problem {
            let url = self.fs.url(directory);
            eprintln!(
                "note: {url} is left behind ({problem}); delete it, or a later upload beside it does"
            );
        }
    }

    /// Deletes what former uploads have left beside the payload; what does not work is no harm.
    async fn remove_left_overs(&self, parent: &str) {
        let Ok(beside) = self.fs.list(parent, MAX_BESIDE).await else {
            return;
        };
        let now = now_ms();
        for entry in &beside {
            let is_waste = match left_over(entry, now) {
                Some(LeftOver::Uploading) => true,
                // Without the payload that was to replace it, it is the only one there is.
                Some(LeftOver::Replaced(name)) => {
                    beside.iter().any(|other| last_name(&other.path) == name)
                }
                None => false,
            };
            if is_waste && let Err(error) = self.fs.delete(&entry.path).await {
                tracing::warn!("what a former upload has left stays: {error}");
            }
        }
    }

    async fn look(&self, path: &str) -> Result<PlacedPayload, DeployError> {
        let path = self.fs.absolute(path)?;
        tokio::select! {
            outcome = check_present(&self.fs, &path) => outcome?,
            () = self.interruption.happened() => {
                return Err(DeployError::Interrupted("interrupted: nothing is queued".to_owned()));
            }
        }
        Ok(self.placed(&path))
    }

    fn placed(&self, path: &str) -> PlacedPayload {
        let place = self.fs.url(path);
        PlacedPayload {
            // Not below the home of whoever runs the service, but here.
            path: if self.is_foreign {
                place.clone()
            } else {
                path.to_owned()
            },
            place,
            note: None,
        }
    }
}

impl PayloadStore for HdfsPayloadStore {
    fn put<'a>(&'a self, local: &'a Path, path: &'a str) -> Storing<'a, PlacedPayload> {
        Box::pin(self.upload(local, path))
    }

    fn find<'a>(&'a self, path: &'a str) -> Storing<'a, PlacedPayload> {
        Box::pin(self.look(path))
    }
}

/// Why it is still there.
async fn delete_for_good(fs: &FileSystem, path: &str) -> Option<String> {
    let mut problem = None;
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        problem = match fs.delete(path).await {
            // Nothing was there: it is gone, and has not come again.
            Ok(false) => return None,
            Ok(true) => None,
            Err(error) => Some(error.to_string()),
        };
    }
    problem
}
