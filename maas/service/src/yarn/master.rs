//! The application master.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alidade_hadoop::{
    ApplicationMaster, ContainerId, ContainerTokens, Credentials, FileSystem, FinalStatus, Fleet,
    FleetOptions, HadoopConf, HadoopError, LaunchContext, application_resources,
};
use alidade_maas_core::{MaasError, Registry, ZooKeeperRegistry};
use alidade_zookeeper::Security;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

use super::launcher::{Parts, YarnModels, end_stray};
use super::settings::{MASTER_SETTINGS, MasterSettings, decode};
use super::{BINARY, CONFIGURATION, KERBEROS_CONF, KEYTAB, MASTER_LOGS};
use crate::shutdown::told_to_end;
use crate::{ServiceError, Shutdown, serve};

const TOKEN_FILE: &str = "HADOOP_TOKEN_FILE_LOCATION";
/// Names the token file where it is to be used for the master's own token alone: with a keytab, HDFS is not to be read by
/// the tokens of the submission, which end some day.
const MASTER_TOKENS: &str = "ALIDADE_MASTER_TOKENS";
/// Between two looks whether the service is to end.
const LOOK_FOR_STOP: Duration = Duration::from_secs(1);
/// For the resource manager to note down that the application is finished.
const FINISH_PATIENCE: Duration = Duration::from_secs(60);
/// For what an attempt still does when it is over.
const LEAVE_LIMIT: Duration = Duration::from_secs(10);
/// HDFS may be in safe mode when a cluster starts.
const FILES_PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_secs(5);

/// Why the master ends otherwise than it was told to.
#[derive(Debug, thiserror::Error)]
enum MasterError {
    #[error("this is started by maas_service in a YARN container: {0}")]
    NotInContainer(String),
    #[error(transparent)]
    Hadoop(#[from] HadoopError),
    #[error(transparent)]
    Registry(#[from] MaasError),
    #[error("cannot start: {0}")]
    Runtime(#[from] std::io::Error),
    #[error("{0}")]
    Service(String),
    /// The next attempt takes over; nothing is to be ended.
    #[error("this attempt is over: {0}")]
    Over(String),
}

/// Serves as the application master of a container's environment. Gives the exit code: 0 when it was told to end, 1 when
/// another attempt is to take over, 2 when the application has failed for good.
pub fn run_master() -> i32 {
    match run() {
        Ok(()) => 0,
        Err(error @ MasterError::Service(_)) => {
            eprintln!("{error}");
            2
        }
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

/// What the container's environment says.
struct Surroundings {
    settings: MasterSettings,
    container: ContainerId,
    host: String,
    conf: HadoopConf,
    credentials: Credentials,
}

fn run() -> Result<(), MasterError> {
    let surroundings = Surroundings::read()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()?;
    let outcome = runtime.block_on(serve_on_yarn(surroundings));
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

impl Surroundings {
    fn read() -> Result<Surroundings, MasterError> {
        let missing =
            |what: &str| MasterError::NotInContainer(format!("{what} is not in the environment"));
        let settings = std::env::var(MASTER_SETTINGS).map_err(|_| missing(MASTER_SETTINGS))?;
        let settings: MasterSettings = decode(&settings).map_err(|reason| {
            MasterError::NotInContainer(format!("{MASTER_SETTINGS} cannot be read: {reason}"))
        })?;
        let container = ContainerId::from_environment()?.ok_or_else(|| missing("CONTAINER_ID"))?;
        let conf = HadoopConf::read(Path::new(CONFIGURATION))?;
        let credentials = match std::env::var_os(MASTER_TOKENS) {
            Some(file) => Credentials::read_file(Path::new(&file))?,
            None => Credentials::from_environment()?.ok_or_else(|| missing(TOKEN_FILE))?,
        };
        Ok(Surroundings {
            host: std::env::var("NM_HOST").unwrap_or_default(),
            settings,
            container,
            conf,
            credentials,
        })
    }
}

async fn serve_on_yarn(surroundings: Surroundings) -> Result<(), MasterError> {
    let Surroundings {
        settings,
        container,
        host,
        conf,
        credentials,
    } = surroundings;
    let attempt = container.attempt;
    let application = attempt.application;
    let (shutdown, shut_down) = watch::channel(Shutdown::No);
    leave_on_signal(shutdown.clone());
    end_in_time(shut_down.clone());

    let master = ApplicationMaster::connect(&conf, &credentials)?;
    let (fleet, former) = Fleet::start(master, &host, "", attempt, FleetOptions::default()).await?;
    tracing::info!(%attempt, former = former.len(), "registered");
    let registry: Arc<dyn Registry> = Arc::new(ZooKeeperRegistry::connect_in_background(
        settings.zookeeper_options(),
    ));
    watch_for_the_end(&fleet, &registry, &application.to_string(), &shutdown);

    let ready = async {
        let files = connect_files(&conf, &settings).await?;
        let resources = resources(&files, &settings).await?;
        Ok::<_, HadoopError>((files, resources))
    };
    let (files, resources) = tokio::select! {
        ready = ready => ready?,
        _ = told_to_end(&shut_down) => {
            return finish(&fleet, &*registry, *shut_down.borrow(), Ok(())).await;
        }
    };
    let tokens = if settings.has_keytab {
        ContainerTokens::by_keytab(conf, files.clone())
    } else {
        ContainerTokens::submitted(&credentials)
    };
    let config = settings.service_config(application.to_string());
    let directory = settings.directory.clone();
    let parts = Parts {
        registry: registry.clone(),
        fleet: fleet.clone(),
        files: files.clone(),
        resources,
        tokens,
        settings,
        attempt,
        former,
    };
    let launcher = YarnModels::new(parts, &config);
    let inner = launcher.inner();
    let finder = fleet.clone();
    tokio::spawn(async move {
        loop {
            let found = finder.found_late().await;
            end_stray(&inner, found).await;
        }
    });
    let served = serve(
        config,
        Arc::new(launcher),
        registry.clone(),
        shut_down.clone(),
    )
    .await;
    let how = *shut_down.borrow();
    if let Err(ServiceError::Registry(MaasError::Superseded)) = &served {
        return Err(MasterError::Over(MaasError::Superseded.to_string()));
    }
    let served = served.map_err(|error| error.to_string());
    let outcome = finish(&fleet, &*registry, how, served).await;
    // What the resource manager has not noted down may have another attempt, which needs them.
    if matches!(outcome, Ok(()) | Err(MasterError::Service(_)))
        && let Err(error) = files.delete(&directory).await
    {
        tracing::warn!(%error, "the application's files stay in HDFS");
    }
    outcome
}

/// Tells the resource manager how it ended, unless another attempt is to go on.
async fn finish(
    fleet: &Fleet,
    registry: &dyn Registry,
    how: Shutdown,
    served: Result<(), String>,
) -> Result<(), MasterError> {
    match (how, served) {
        (Shutdown::StopModels, _) => {
            let words = "stopped as requested";
            fleet
                .finish(FinalStatus::Succeeded, words, FINISH_PATIENCE)
                .await?;
            if let Err(error) = registry.request_stop(None).await {
                tracing::debug!(%error, "the wish to end stays in ZooKeeper");
            }
            Ok(())
        }
        (Shutdown::LeaveModels, _) => Err(MasterError::Over("told to leave".to_owned())),
        (Shutdown::No, served) => {
            let words = served
                .err()
                .unwrap_or_else(|| "it ended by itself".to_owned());
            fleet
                .finish(FinalStatus::Failed, &words, FINISH_PATIENCE)
                .await?;
            Err(MasterError::Service(words))
        }
    }
}

/// The node manager ends an attempt with SIGTERM. The models are to go on for the next attempt; when the whole
/// application is to end, YARN ends them itself.
fn leave_on_signal(shutdown: watch::Sender<Shutdown>) {
    tokio::spawn(async move {
        if let Ok(mut signals) = signal(SignalKind::terminate()) {
            signals.recv().await;
            shutdown.send_replace(Shutdown::LeaveModels);
        }
        std::future::pending::<()>().await;
    });
}

/// An attempt that is over must not hold up the next one, whatever it waits for. Its containers are not given back: that
/// happens only where they are dropped.
#[expect(
    clippy::disallowed_methods,
    reason = "there is nothing in flight that this attempt may still finish"
)]
fn end_in_time(shut_down: watch::Receiver<Shutdown>) {
    tokio::spawn(async move {
        if told_to_end(&shut_down).await == Shutdown::LeaveModels {
            sleep(LEAVE_LIMIT).await;
            tracing::warn!("ending in the middle");
            std::process::exit(1);
        }
    });
}

fn watch_for_the_end(
    fleet: &Fleet,
    registry: &Arc<dyn Registry>,
    holder: &str,
    shutdown: &watch::Sender<Shutdown>,
) {
    let (fleet, over) = (fleet.clone(), shutdown.clone());
    tokio::spawn(async move {
        let reason = fleet.over().await;
        tracing::error!(reason, "this attempt is over");
        over.send_replace(Shutdown::LeaveModels);
    });
    let (registry, stop, holder) = (registry.clone(), shutdown.clone(), holder.to_owned());
    tokio::spawn(async move {
        loop {
            if let Ok(Some(asked)) = registry.requested_stop().await
                && asked == holder
            {
                tracing::info!("asked to end");
                stop.send_if_modified(|how| {
                    let is_first = *how == Shutdown::No;
                    if is_first {
                        *how = Shutdown::StopModels;
                    }
                    is_first
                });
                return;
            }
            sleep(LOOK_FOR_STOP).await;
        }
    });
}

async fn connect_files(
    conf: &HadoopConf,
    settings: &MasterSettings,
) -> Result<FileSystem, HadoopError> {
    FileSystem::connect(conf, Some(&settings.file_system)).await
}

/// What every runner needs beside its payload: this program, and what Kerberos needs.
async fn resources(
    files: &FileSystem,
    settings: &MasterSettings,
) -> Result<Vec<(String, alidade_hadoop::LocalResource)>, HadoopError> {
    let mut names = vec![BINARY];
    if settings.has_keytab && logs_in_to_zookeeper() {
        names.push(KEYTAB);
    }
    if settings.has_kerberos_conf && logs_in_to_zookeeper() {
        names.push(KERBEROS_CONF);
    }
    let started = std::time::Instant::now();
    loop {
        match application_resources(files, &settings.directory, &names).await {
            Ok(resources) => return Ok(resources.into_iter().collect()),
            Err(error) if started.elapsed() < FILES_PATIENCE => {
                tracing::warn!(%error, "cannot read the application's files yet, trying again");
                sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The master's command line. It passes two shells, of which the first is not to see the `$`.
pub(super) fn command(settings: &MasterSettings) -> String {
    let tokens = if settings.has_keytab {
        format!("export {MASTER_TOKENS}=\\${TOKEN_FILE}; unset {TOKEN_FILE}; ")
    } else {
        String::new()
    };
    format!("{tokens}exec ./{BINARY} maas master {MASTER_LOGS}")
}

/// As [`add_kerberos`], for a runner: it logs in to ZooKeeper only, and where it does not do that its model must not find a
/// keytab beside it.
pub(super) fn add_kerberos_of_runner(context: &mut LaunchContext, settings: &MasterSettings) {
    if logs_in_to_zookeeper() {
        add_kerberos(context, settings);
    }
}

fn logs_in_to_zookeeper() -> bool {
    Security::from_environment().is_ok_and(|security| security != Security::None)
}

/// Lets the Kerberos library of a container find what was uploaded. The paths are those of a container's shell.
pub(super) fn add_kerberos(context: &mut LaunchContext, settings: &MasterSettings) {
    let mut set = |name: &str, value: String| {
        context.environment.insert(name.to_owned(), value);
    };
    if settings.has_keytab {
        set("KRB5_CLIENT_KTNAME", format!("FILE:$PWD/{KEYTAB}"));
        set("KRB5CCNAME", "FILE:$PWD/.alidade-ticket".to_owned());
    }
    if settings.has_kerberos_conf {
        set("KRB5_CONFIG", format!("$PWD/{KERBEROS_CONF}"));
    }
    // What cannot be read here has kept us from connecting already.
    if let Ok(security) = Security::from_environment() {
        for (name, value) in security.variables() {
            set(name, value);
        }
    }
}
