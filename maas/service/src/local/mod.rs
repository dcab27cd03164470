//! Models as processes on this machine.

mod guard;
mod logs;
mod process;
mod work_dir;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alidade_maas_core::{DesiredModel, MaasError, copy_payload, find_script, resolve_payload};

use self::guard::Guard;
use self::process::LocalModel;
use self::work_dir::RunDirectory;
use crate::LaunchError;
use crate::launcher::{Deployment, LaunchAnswer, Launcher, RunningModel};

/// How local processes are run.
#[derive(Debug, Clone)]
pub struct LocalOptions {
    /// Payload paths of requests are looked up below this first.
    pub payload_root: PathBuf,
    /// Working directories and logs go below this.
    pub work_dir: PathBuf,
    /// What clients are told in place of `localhost` and `0.0.0.0`.
    pub host: String,
    /// Added to the environment of every model.
    pub environment: Vec<(String, String)>,
    /// Size at which a log file is turned over, in bytes. Three files are kept of each.
    pub log_bytes: u64,
}

impl LocalOptions {
    pub fn new(payload_root: impl Into<PathBuf>, work_dir: impl Into<PathBuf>) -> Self {
        Self {
            payload_root: payload_root.into(),
            work_dir: work_dir.into(),
            host: default_host(),
            environment: Vec::new(),
            log_bytes: 10 << 20,
        }
    }
}

/// The machine's name if it has an address, else `localhost`.
pub fn default_host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    let has_address =
        !name.is_empty() && std::net::ToSocketAddrs::to_socket_addrs(&(name, 0)).is_ok();
    if has_address {
        name.to_owned()
    } else {
        "localhost".to_owned()
    }
}

/// Runs every instance in its own process group and its own working directory. Should this process be killed, a small
/// guard process ends all the groups.
#[derive(Debug)]
pub struct LocalProcesses {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: LocalOptions,
    run_directory: RunDirectory,
    guard: Guard,
    next_payload: AtomicU64,
}

impl LocalProcesses {
    /// Makes the working directory and clears what a former run has left there.
    ///
    /// # Errors
    /// When the working directory cannot be made, or the guard process cannot be started.
    pub fn new(mut options: LocalOptions) -> Result<LocalProcesses, LaunchError> {
        // Models run in other directories, so that a relative path would lead astray.
        options.work_dir = std::path::absolute(&options.work_dir)
            .map_err(MaasError::file("find", &options.work_dir))?;
        options.payload_root = std::path::absolute(&options.payload_root)
            .map_err(MaasError::file("find", &options.payload_root))?;
        let run_directory = RunDirectory::create(&options.work_dir)?;
        let guard = Guard::start()?;
        Ok(LocalProcesses {
            inner: Arc::new(Inner {
                options,
                run_directory,
                guard,
                next_payload: AtomicU64::new(1),
            }),
        })
    }

    /// Where the output of models is kept.
    pub fn log_directory(&self) -> PathBuf {
        self.inner.run_directory.logs()
    }
}

impl Launcher for LocalProcesses {
    fn check(&self, model: &DesiredModel) -> Result<(), LaunchError> {
        resolve_payload(&self.inner.options.payload_root, &model.path)?;
        Ok(())
    }

    fn prepare<'a>(&'a self, model: &'a DesiredModel) -> LaunchAnswer<'a, Arc<dyn Deployment>> {
        Box::pin(async move {
            let number = self.inner.next_payload.fetch_add(1, Ordering::Relaxed);
            let directory = self
                .inner
                .run_directory
                .path()
                .join(format!("payload_{number}"));
            let source = resolve_payload(&self.inner.options.payload_root, &model.path)?;
            let target = directory.clone();
            in_background(move || {
                find_script(&source)?;
                copy_payload(&source, &target)
            })
            .await?;
            let deployment = LocalDeployment {
                inner: self.inner.clone(),
                directory,
                label: label_of(model),
            };
            Ok(Arc::new(deployment) as Arc<dyn Deployment>)
        })
    }
}

/// Name and version of a model as a part of a file's name.
fn label_of(model: &DesiredModel) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' || c == '-' {
            c
        } else {
            '_'
        }
    };
    let label: String = format!("{}-{}", model.name, model.version)
        .chars()
        .map(plain)
        .collect();
    label.chars().take(80).collect()
}

/// A payload as it was when its request came; removed with the last instance.
#[derive(Debug)]
struct LocalDeployment {
    inner: Arc<Inner>,
    directory: PathBuf,
    label: String,
}

impl Deployment for LocalDeployment {
    fn launch(&self, id: u64) -> LaunchAnswer<'_, Box<dyn RunningModel>> {
        Box::pin(async move {
            let inner = self.inner.clone();
            let directory = inner.run_directory.path().join(format!("container_{id}"));
            let (source, target) = (self.directory.clone(), directory.clone());
            let script = in_background(move || {
                copy_payload(&source, &target)?;
                find_script(&target)
            })
            .await?;
            let logs = inner.run_directory.logs();
            let log_stem = format!("{}-{id}", self.label);
            let model = LocalModel::start(&inner, directory, &script, &logs, &log_stem).await?;
            Ok(Box::new(model) as Box<dyn RunningModel>)
        })
    }
}

impl Drop for LocalDeployment {
    fn drop(&mut self) {
        remove_directory(&self.directory);
    }
}

fn remove_directory(directory: &Path) {
    if let Err(error) = std::fs::remove_dir_all(directory)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %directory.display(), %error, "cannot remove a working directory");
    }
}

/// Runs file work away from the async threads.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MaasError> + Send + 'static,
) -> Result<T, LaunchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => Ok(outcome?),
        Err(error) => Err(LaunchError::Ended(error.to_string())),
    }
}
