//! What the tests of the service share.

#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alidade_maas_core::{Registry, ServiceInstance, ZooKeeperOptions, ZooKeeperRegistry};
use alidade_maas_service::{
    LocalOptions, LocalProcesses, ServiceConfig, ServiceError, Shutdown, serve,
};
use alidade_testkit::eventually;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub const LONG: Duration = Duration::from_secs(30);

/// The payload of the walk-through.
pub fn mock_dga() -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/squid/mock_dga");
    directory.canonicalize().unwrap()
}

/// A payload of one script.
pub fn payload(script: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("rest.sh"), script).unwrap();
    directory
}

/// Restarts soon and gives up soon.
pub fn quick_config() -> ServiceConfig {
    ServiceConfig {
        drain: Duration::from_millis(50),
        grace: Duration::from_secs(2),
        first_restart_pause: Duration::from_millis(100),
        claim_patience: Duration::from_secs(20),
        probe_interval: Duration::from_millis(200),
        ..ServiceConfig::default()
    }
}

pub fn quick_zookeeper(quorum: &str) -> ZooKeeperOptions {
    let mut options = ZooKeeperOptions::new(quorum);
    options.session_timeout = Duration::from_secs(4);
    options
}

pub fn connect(runtime: &Runtime, quorum: &str) -> Arc<ZooKeeperRegistry> {
    let connecting = ZooKeeperRegistry::connect(quick_zookeeper(quorum));
    Arc::new(runtime.block_on(connecting).unwrap())
}

/// A service with local processes, in this process.
pub struct Service {
    stop: watch::Sender<Shutdown>,
    task: Option<JoinHandle<Result<(), ServiceError>>>,
}

impl Service {
    pub fn start(
        runtime: &Runtime,
        config: ServiceConfig,
        work_dir: &Path,
        registry: Arc<dyn Registry>,
    ) -> Service {
        let mut options = LocalOptions::new(work_dir.join("models"), work_dir.join("work"));
        options.host = "localhost".to_owned();
        let launcher = Arc::new(LocalProcesses::new(options, &config, registry.clone()).unwrap());
        let (stop, stopped) = watch::channel(Shutdown::No);
        let task = runtime.spawn(serve(config, launcher, registry, stopped));
        Service {
            stop,
            task: Some(task),
        }
    }

    pub fn stop(&mut self, runtime: &Runtime) -> Result<(), ServiceError> {
        self.stop.send_replace(Shutdown::StopModels);
        self.wait(runtime)
    }

    pub fn wait(&mut self, runtime: &Runtime) -> Result<(), ServiceError> {
        let task = self.task.take().unwrap();
        runtime.block_on(async { tokio::time::timeout(LONG, task).await.unwrap().unwrap() })
    }
}

pub fn instances(runtime: &Runtime, registry: &dyn Registry) -> Vec<ServiceInstance> {
    runtime.block_on(registry.instances()).unwrap().instances
}

/// Waits until so many instances are registered.
#[track_caller]
pub fn wait_for_instances(
    runtime: &Runtime,
    registry: &dyn Registry,
    count: usize,
) -> Vec<ServiceInstance> {
    eventually(LONG, || {
        // The server may be away at the moment, which is what some tests are about.
        let listing = runtime.block_on(registry.instances());
        let found = listing.map_err(|error| error.to_string())?.instances;
        match found.len() == count {
            true => Ok(found),
            false => Err(format!("{} instances: {found:?}", found.len())),
        }
    })
}

/// Ids of the live processes whose working directory is below a directory.
pub fn processes_below(directory: &Path) -> Vec<i32> {
    let directory = directory.canonicalize().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let process = entry.file_name().to_str()?.parse().ok()?;
            let place = std::fs::read_link(entry.path().join("cwd")).ok()?;
            place.starts_with(&directory).then_some(process)
        })
        .collect()
}

#[track_caller]
pub fn wait_for_no_processes(directory: &Path) {
    eventually(LONG, || match processes_below(directory) {
        none if none.is_empty() => Ok(()),
        some => Err(format!("still running: {some:?}")),
    });
}

pub fn deploy(line: &str) -> (i32, String) {
    let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let mut out = Vec::new();
    let code = alidade_maas_deploy::run(&args, &mut out);
    (code, String::from_utf8(out).unwrap())
}
