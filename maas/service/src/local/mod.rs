//! Models as processes on this machine.

mod work_dir;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alidade_maas_core::{
    DesiredModel, MaasError, Registry, copy_payload, find_script, resolve_payload,
};

use self::work_dir::{RunDirectory, ScratchDirectory};
use crate::label::file_label;
use crate::launcher::{Deployment, LaunchAnswer, Launcher, RunningInstance};
use crate::process::{Guard, ModelProcess, ProcessPlan};
use crate::supervised::Supervisor;
use crate::{LaunchError, ServiceConfig};

/// Longest part of a log's name that comes from the model's.
const MAX_LABEL: usize = 80;

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
    run_directory: Arc<RunDirectory>,
    guard: Arc<Guard>,
    supervisor: Supervisor,
    next_payload: AtomicU64,
}

impl LocalProcesses {
    /// Makes the working directory and clears what a former run has left there. Models are registered in `registry` and
    /// treated as `config` says.
    ///
    /// # Errors
    /// When the working directory cannot be made, or the guard process cannot be started.
    pub fn new(
        mut options: LocalOptions,
        config: &ServiceConfig,
        registry: Arc<dyn Registry>,
    ) -> Result<LocalProcesses, LaunchError> {
        // Models run in other directories, so that a relative path would lead astray.
        options.work_dir = std::path::absolute(&options.work_dir)
            .map_err(MaasError::file("find", &options.work_dir))?;
        options.payload_root = std::path::absolute(&options.payload_root)
            .map_err(MaasError::file("find", &options.payload_root))?;
        let run_directory = Arc::new(RunDirectory::create(&options.work_dir)?);
        let guard = Arc::new(Guard::start()?);
        let supervisor = Supervisor::new(registry, config.into())?;
        Ok(LocalProcesses {
            inner: Arc::new(Inner {
                options,
                run_directory,
                guard,
                supervisor,
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
            let payload = self.inner.scratch(&format!("payload_{number}"));
            let source = resolve_payload(&self.inner.options.payload_root, &model.path)?;
            // The work goes on should nobody wait any longer; the directory goes when it is done.
            let payload = in_background(move || {
                find_script(&source)?;
                copy_payload(&source, payload.path())?;
                Ok(payload)
            })
            .await?;
            let deployment = LocalDeployment {
                inner: self.inner.clone(),
                payload: Arc::new(payload),
                name: model.name.clone(),
                version: model.version.clone(),
            };
            Ok(Arc::new(deployment) as Arc<dyn Deployment>)
        })
    }
}

impl Inner {
    fn scratch(&self, name: &str) -> ScratchDirectory {
        ScratchDirectory::new(&self.run_directory, name)
    }
}

/// A payload as it was when its request came; removed with the last instance.
#[derive(Debug)]
struct LocalDeployment {
    inner: Arc<Inner>,
    payload: Arc<ScratchDirectory>,
    name: String,
    version: String,
}

impl LocalDeployment {
    async fn start(&self, id: u64) -> Result<Box<dyn RunningInstance>, LaunchError> {
        let inner = &self.inner;
        let (payload, scratch) = (
            self.payload.clone(),
            inner.scratch(&format!("container_{id}")),
        );
        let (script, scratch) = in_background(move || {
            copy_payload(payload.path(), scratch.path())?;
            Ok((find_script(scratch.path())?, scratch))
        })
        .await?;
        let logs = inner.run_directory.logs();
        let label = file_label(&format!("{}-{}", self.name, self.version), MAX_LABEL);
        let plan = ProcessPlan {
            directory: scratch.path().to_owned(),
            script,
            host: inner.options.host.clone(),
            environment: inner.options.environment.clone(),
            kept_back: &[],
            out_log: logs.join(format!("{label}-{id}.stdout.log")),
            error_log: logs.join(format!("{label}-{id}.stderr.log")),
            log_bytes: inner.options.log_bytes,
            scratch: Some(Box::new(scratch)),
        };
        let process = ModelProcess::start(inner.guard.clone(), plan).await?;
        let instance = inner
            .supervisor
            .take(process, &self.name, &self.version, id);
        Ok(Box::new(instance))
    }
}

impl Deployment for LocalDeployment {
    fn launch<'a>(
        &'a self,
        fresh_id: u64,
        _note: &'a (dyn Fn(&str) + Send + Sync),
    ) -> LaunchAnswer<'a, Box<dyn RunningInstance>> {
        Box::pin(self.start(fresh_id))
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
