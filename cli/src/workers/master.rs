//! The application master: one slot for each worker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alidade_hadoop::{
    ApplicationMaster, ContainerId, ContainerState, ContainerTokens, Credentials, FileSystem,
    FinalStatus, Fleet, FleetContainer, FleetOptions, HadoopConf, HadoopError,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OnceCell, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::launch::master_tokens;
use super::operate::read_state;
use super::settings::Settings;
use super::slot::{Shared, Slot, end_orderly, told};
use super::state::WorkersState;
use super::{CONFIGURATION, SETTINGS, STATE_FILE, STOP_FILE};
use crate::{CliError, stage_process};

/// Between two looks whether the application is to end.
const LOOK_FOR_STOP: Duration = Duration::from_secs(1);
/// For the resource manager to note down that the application is finished.
const FINISH_PATIENCE: Duration = Duration::from_secs(60);
/// How long a former attempt's container may take to say whether it runs.
const ADOPTION_PATIENCE: Duration = Duration::from_secs(15);
/// Changes within this time are written together.
const GATHER: Duration = Duration::from_millis(500);
/// After a state that could not be written.
const WRITE_AGAIN: Duration = Duration::from_secs(5);
/// After a slot that has panicked, which is a fault.
const PANIC_PAUSE: Duration = Duration::from_secs(5);

/// How the master is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    No,
    /// Another attempt goes on with the workers.
    LeaveWorkers,
    /// The application is over.
    StopWorkers,
}

/// Runs as the application master of a container's environment.
///
/// # Errors
/// Unless the application was asked to end and has ended. YARN then starts another attempt.
pub fn run() -> Result<(), CliError> {
    let settings = Settings::read(Path::new(SETTINGS))?;
    let missing = |what: &str| CliError::Failed(format!("{what} is not in the environment"));
    let container = ContainerId::from_environment()
        .map_err(CliError::failed)?
        .ok_or_else(|| missing("CONTAINER_ID"))?;
    let conf = HadoopConf::read(Path::new(CONFIGURATION)).map_err(CliError::failed)?;
    let credentials = master_tokens()
        .map_err(CliError::failed)?
        .ok_or_else(|| missing("HADOOP_TOKEN_FILE_LOCATION"))?;
    let runtime = stage_process::runtime()?;
    let outcome = runtime.block_on(serve(settings, container, conf, credentials));
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn serve(
    settings: Settings,
    container: ContainerId,
    conf: HadoopConf,
    credentials: Credentials,
) -> Result<(), CliError> {
    let (shutdown, shut_down) = watch::channel(Shutdown::No);
    leave_on_signal(shutdown.clone());
    // Before anything is taken over from a former attempt: what fails from there on must not end workers.
    let files = FileSystem::connect(&conf, Some(&settings.file_system))
        .await
        .map_err(CliError::failed)?;
    let former_ids = known_containers(&files, &settings.directory).await;
    let host = std::env::var("NM_HOST").unwrap_or_default();
    let attempt = container.attempt;
    let (fleet, former) = register(&conf, &credentials, &host, container)
        .await
        .map_err(CliError::failed)?;
    tracing::info!(%attempt, former = former.len(), "registered");
    // The resource manager has not named them: they have ended, or the answer to the registration was lost.
    for id in former_ids {
        if former.iter().all(|container| container.id() != id) {
            fleet.release(id);
        }
    }
    watch_for_the_end(&fleet, &files, &settings.directory, &shutdown);

    let directory = settings.directory.clone();
    let tokens = if settings.has_keytab {
        ContainerTokens::by_keytab(conf, files.clone())
    } else {
        ContainerTokens::submitted(&credentials)
    };
    let state = WorkersState::new(attempt.number, settings.workers);
    let shared = Arc::new(Shared {
        fleet: fleet.clone(),
        files: files.clone(),
        tokens,
        state: watch::Sender::new(state),
        resources: OnceCell::new(),
        settings,
    });
    let writer = write_states(&shared);
    run_slots(&shared, former, &shut_down).await;
    let how = *shut_down.borrow();
    if how == Shutdown::LeaveWorkers {
        return Err(CliError::Failed(format!(
            "{attempt} is over; the workers go on for the next one"
        )));
    }
    fleet
        .finish(
            FinalStatus::Succeeded,
            "stopped as requested",
            FINISH_PATIENCE,
        )
        .await
        .map_err(CliError::failed)?;
    writer.abort();
    let _ = writer.await;
    if let Err(error) = files.delete(&directory).await {
        tracing::warn!(%error, "the application's files stay in HDFS");
    }
    Ok(())
}

/// The containers that an earlier attempt has written down.
async fn known_containers(files: &FileSystem, directory: &str) -> Vec<ContainerId> {
    let state = read_state(files, directory).await;
    let workers = state.ok().flatten().unwrap_or_default().workers;
    let ids = workers.into_iter().filter_map(|worker| worker.container);
    ids.filter_map(|id| id.parse().ok()).collect()
}

async fn register(
    conf: &HadoopConf,
    credentials: &Credentials,
    host: &str,
    container: ContainerId,
) -> Result<(Fleet, Vec<FleetContainer>), HadoopError> {
    let master = ApplicationMaster::connect(conf, credentials)?;
    Fleet::start(master, host, "", container.attempt, FleetOptions::default()).await
}

/// Keeps all workers running until the shutdown, and ends them if it says so.
async fn run_slots(
    shared: &Arc<Shared>,
    former: Vec<FleetContainer>,
    shut_down: &watch::Receiver<Shutdown>,
) {
    let mut adopted = still_running(former).await;
    let surplus = adopted.split_off(adopted.len().min(shared.settings.workers));
    let mut tasks = JoinSet::new();
    for stray in surplus {
        tracing::info!(container = %stray.id(), "ending a worker of an earlier attempt that is one too many");
        tasks.spawn(end_orderly(stray));
    }
    let mut adopted = adopted.into_iter();
    for index in 0..shared.settings.workers {
        let slot = Slot {
            index,
            shared: shared.clone(),
            shutdown: shut_down.clone(),
        };
        tasks.spawn(keep_slot(slot, adopted.next()));
    }
    let finder = tokio::spawn(end_late_finds(shared.fleet.clone()));
    while tasks.join_next().await.is_some() {}
    finder.abort();
}

/// A slot ends with the shutdown only.
async fn keep_slot(slot: Slot, mut adopted: Option<FleetContainer>) {
    let mut shutdown = slot.shutdown.clone();
    loop {
        let kept = tokio::spawn(slot.clone().keep(adopted.take())).await;
        let Err(error) = kept else { return };
        tracing::error!(worker = slot.index + 1, %error, "a slot has failed, which is a fault; starting it again");
        tokio::select! {
            _ = told(&mut shutdown) => return,
            () = sleep(PANIC_PAUSE) => {}
        }
    }
}

/// The containers of former attempts in which a worker runs, as far as can be told: a node that does not answer may be
/// back soon, and otherwise the resource manager tells that it is lost.
async fn still_running(former: Vec<FleetContainer>) -> Vec<FleetContainer> {
    let looks = former.into_iter().map(|container| async move {
        let is_gone = match timeout(ADOPTION_PATIENCE, container.state()).await {
            Ok(Ok(state)) => state == ContainerState::Complete,
            Ok(Err(error)) => matches!(error, HadoopError::Remote(_)),
            Err(_) => false,
        };
        (container, is_gone)
    });
    let mut running = Vec::new();
    for (container, is_gone) in futures::future::join_all(looks).await {
        tracing::info!(container = %container.id(), is_gone, "a container of an earlier attempt");
        if !is_gone {
            running.push(container);
        }
    }
    running
}

/// By the time that these are found, the slots have workers or have asked for containers.
async fn end_late_finds(fleet: Fleet) {
    loop {
        let found = fleet.found_late().await;
        tracing::info!(container = %found.id(), "ending a worker of an earlier attempt that was found late");
        tokio::spawn(end_orderly(found));
    }
}

/// The node manager ends an attempt with SIGTERM. The workers are to go on for the next attempt; when the whole
/// application is killed, YARN ends them itself.
fn leave_on_signal(shutdown: watch::Sender<Shutdown>) {
    tokio::spawn(async move {
        if let Ok(mut signals) = signal(SignalKind::terminate()) {
            signals.recv().await;
            shutdown.send_replace(Shutdown::LeaveWorkers);
        }
        std::future::pending::<()>().await;
    });
}

fn watch_for_the_end(
    fleet: &Fleet,
    files: &FileSystem,
    directory: &str,
    shutdown: &watch::Sender<Shutdown>,
) {
    let (fleet, over) = (fleet.clone(), shutdown.clone());
    tokio::spawn(async move {
        let reason = fleet.over().await;
        tracing::error!(reason, "this attempt is over");
        over.send_replace(Shutdown::LeaveWorkers);
    });
    let (files, stop) = (files.clone(), shutdown.clone());
    let path = format!("{directory}/{STOP_FILE}");
    tokio::spawn(async move {
        wait_for_file(&files, &path).await;
        tracing::info!("asked to end");
        stop.send_if_modified(|how| {
            let is_first = *how == Shutdown::No;
            if is_first {
                *how = Shutdown::StopWorkers;
            }
            is_first
        });
    });
}

async fn wait_for_file(files: &FileSystem, path: &str) {
    let mut is_in_trouble = false;
    loop {
        match files.status(path).await {
            Ok(Some(_)) => return,
            Ok(None) => is_in_trouble = false,
            Err(error) => {
                if !is_in_trouble {
                    tracing::warn!(%error, "cannot see whether the application is to end, trying again");
                }
                is_in_trouble = true;
            }
        }
        sleep(LOOK_FOR_STOP).await;
    }
}

/// Writes down how the workers do, whenever that changes.
fn write_states(shared: &Arc<Shared>) -> JoinHandle<()> {
    let shared = shared.clone();
    let mut states = shared.state.subscribe();
    states.mark_changed();
    tokio::spawn(async move {
        while states.changed().await.is_ok() {
            sleep(GATHER).await;
            let state = states.borrow_and_update().clone();
            if let Err(error) = write_state(&shared, &state).await {
                tracing::warn!(%error, "cannot write down how the workers do, trying again");
                states.mark_changed();
                sleep(WRITE_AGAIN).await;
            }
        }
    })
}

async fn write_state(shared: &Shared, state: &WorkersState) -> Result<(), HadoopError> {
    let directory = &shared.settings.directory;
    // It is deleted when the application is killed; writing would make it anew.
    if shared.files.status(directory).await?.is_none() {
        return Ok(());
    }
    let bytes = serde_json::to_vec(state).unwrap_or_default();
    let path = format!("{directory}/{STATE_FILE}");
    shared.files.write(&path, &bytes, 0o600).await?;
    Ok(())
}
