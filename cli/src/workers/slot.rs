//! One worker's place: a container with a worker in it, for as long as the application lives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_hadoop::{
    ContainerTokens, FileSystem, Fleet, FleetContainer, HadoopError, LaunchContext, LocalResource,
    Resource, application_resources,
};
use tokio::sync::{OnceCell, watch};
use tokio::time::{sleep, timeout};

use super::announcement::Announcement;
use super::settings::Settings;
use super::state::{Phase, WorkerState, WorkersState};
use crate::workers::launch::launch_context;
use crate::workers::master::Shutdown;

/// Between two looks whether a worker has said that it works.
const LOOK_FOR_START: Duration = Duration::from_secs(1);
/// An end after this is none of those in a row. A worker that has not said that it works is taken to by then: perhaps it
/// cannot write to HDFS.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// From here on the pauses have their full length.
const MANY_FAILURES: u32 = 10;
/// For a worker to finish its batches and commit: as long as `stop` gives a process in the background.
const ORDERLY_END: Duration = Duration::from_secs(40);
/// For the node manager to take the signal.
const SIGNAL_PATIENCE: Duration = Duration::from_secs(10);
/// For node manager and resource manager to end a container.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How often it is told what is waited for.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// What the slots of an application share.
#[derive(Debug)]
pub struct Shared {
    pub fleet: Fleet,
    pub files: FileSystem,
    pub settings: Settings,
    pub tokens: ContainerTokens,
    pub state: watch::Sender<WorkersState>,
    /// What every worker needs, once HDFS has told about it.
    pub resources: OnceCell<Vec<(String, LocalResource)>>,
}

/// The place of one worker.
#[derive(Debug, Clone)]
pub struct Slot {
    pub index: usize,
    pub shared: Arc<Shared>,
    pub shutdown: watch::Receiver<Shutdown>,
}

/// How long to wait after ends.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pauses {
    failures: u32,
}

impl Pauses {
    /// After one that is nobody's fault, as of a lost node: it counts as none.
    fn after_accident(&self) -> Duration {
        SHORTEST_PAUSE
    }

    /// After one that the next container may well see too.
    fn after_failure(&mut self, ran: Duration) -> Duration {
        if ran >= HEALTHY_AFTER {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= MANY_FAILURES {
            return LONGEST_PAUSE;
        }
        let doubled = SHORTEST_PAUSE.saturating_mul(1 << (self.failures - 1));
        doubled.min(LONGEST_PAUSE)
    }
}

impl Slot {
    /// Keeps a worker running until the shutdown: at first in `adopted`, if that is a container in which one runs.
    pub async fn keep(mut self, mut adopted: Option<FleetContainer>) {
        let mut pauses = Pauses::default();
        loop {
            let mut shutdown = self.shutdown.clone();
            let started = match adopted.take() {
                Some(container) => Ok(container),
                None => tokio::select! {
                    biased;
                    // A container that is on its way is given back.
                    _ = told(&mut shutdown) => return,
                    started = self.start() => started,
                },
            };
            let pause = match started {
                Err(error) => {
                    let pause = pauses.after_failure(Duration::ZERO);
                    self.note_end(&format!("it could not be started: {error}"), &pauses, pause);
                    pause
                }
                Ok(container) => {
                    let Some((pause, reason)) = self.watch(container, &mut pauses).await else {
                        return;
                    };
                    self.note_end(&reason, &pauses, pause);
                    pause
                }
            };
            tokio::select! {
                _ = told(&mut self.shutdown) => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// Gets a container and starts a worker in it.
    async fn start(&self) -> Result<FleetContainer, HadoopError> {
        let shared = &*self.shared;
        let settings = &shared.settings;
        let resource = Resource::new(settings.memory_mb, settings.virtual_cores);
        let cluster = shared.fleet.cluster();
        let label = settings.node_label.as_deref();
        self.enter(Phase::Waiting, None);
        let wish = shared.fleet.container(resource, label);
        tokio::pin!(wish);
        let container = loop {
            match timeout(NOTE_EVERY, &mut wish).await {
                Ok(container) => break container?,
                Err(_) => {
                    let note = cluster.borrow().waiting_for(resource);
                    self.change(|worker| worker.note = Some(note));
                }
            }
        };
        let launch = shared.launch_context().await?;
        container.start(&launch).await?;
        tracing::info!(worker = self.number(), container = %container.id(), node = %container.node(), "started");
        Ok(container)
    }

    /// Waits for the end of a worker. Gives the pause after it and its reason; nothing when the shutdown was first.
    async fn watch(
        &mut self,
        mut container: FleetContainer,
        pauses: &mut Pauses,
    ) -> Option<(Duration, String)> {
        let began = Instant::now();
        let (id, node) = (container.id().to_string(), container.node().to_string());
        self.change(|worker| {
            worker.enter(Phase::Starting, None);
            worker.container = Some(id.clone());
            worker.node = Some(node);
        });
        let mut is_running = false;
        let end = loop {
            tokio::select! {
                end = container.ended() => break end,
                announcement = self.shared.announcement(&id), if !is_running => {
                    is_running = true;
                    self.change(|worker| {
                        worker.enter(Phase::Running, None);
                        worker.http = announcement.http;
                    });
                }
                () = sleep(HEALTHY_AFTER), if is_running && pauses.failures > 0 => {
                    pauses.failures = 0;
                    self.change(|worker| worker.failures = 0);
                }
                how = told(&mut self.shutdown) => {
                    if how == Shutdown::LeaveWorkers {
                        container.leave();
                    } else {
                        self.enter(Phase::Stopping, None);
                        end_orderly(container).await;
                    }
                    return None;
                }
            }
        };
        Announcement::delete(&self.shared.files, &self.shared.settings.directory, &id).await;
        let pause = if end.blames_the_container() {
            pauses.after_failure(began.elapsed())
        } else {
            pauses.after_accident()
        };
        tracing::warn!(worker = self.number(), container = id, reason = %end, "a worker has ended");
        Some((pause, end.to_string()))
    }

    fn note_end(&self, reason: &str, pauses: &Pauses, pause: Duration) {
        let failures = pauses.failures;
        let seconds = pause.as_secs();
        if failures >= MANY_FAILURES {
            tracing::error!(
                worker = self.number(),
                failures,
                seconds,
                reason,
                "the worker ends again and again; it is started again after this pause"
            );
        } else {
            tracing::warn!(
                worker = self.number(),
                failures,
                seconds,
                reason,
                "starting again"
            );
        }
        self.change(|worker| {
            worker.ended(reason, failures);
            worker.enter(Phase::Pausing, Some(format!("for {seconds} s")));
        });
    }

    fn enter(&self, phase: Phase, note: Option<String>) {
        self.change(|worker| worker.enter(phase, note));
    }

    fn change(&self, change: impl FnOnce(&mut WorkerState)) {
        self.shared.state.send_modify(|state| {
            if let Some(worker) = state.workers.get_mut(self.index) {
                change(worker);
            }
        });
    }

    fn number(&self) -> usize {
        self.index + 1
    }
}

/// Waits for the shutdown. Never comes when nobody can tell any more.
pub async fn told(shutdown: &mut watch::Receiver<Shutdown>) -> Shutdown {
    let told = match shutdown.wait_for(|how| *how != Shutdown::No).await {
        Ok(how) => Some(*how),
        Err(_) => None,
    };
    match told {
        Some(how) => how,
        None => std::future::pending().await,
    }
}

/// Lets a worker finish its batches, and ends it for certain.
pub async fn end_orderly(mut container: FleetContainer) {
    let signalled = timeout(SIGNAL_PATIENCE, container.terminate()).await;
    match signalled {
        Ok(Ok(())) => {
            if timeout(ORDERLY_END, container.ended()).await.is_ok() {
                return;
            }
            tracing::warn!(container = %container.id(), "it does not end by itself: stopping it");
        }
        Ok(Err(error)) => {
            tracing::warn!(container = %container.id(), %error, "it cannot be told to end: stopping it");
        }
        Err(_) => {
            tracing::warn!(container = %container.id(), "its node does not answer: stopping it");
        }
    }
    container.stop(STOP_PATIENCE).await;
}

impl Shared {
    /// Waits until a worker says that it works, or has lived for so long that it can be taken to.
    async fn announcement(&self, container: &str) -> Announcement {
        let waited = Instant::now();
        while waited.elapsed() < HEALTHY_AFTER {
            let directory = &self.settings.directory;
            match Announcement::read(&self.files, directory, container).await {
                Ok(Some(announcement)) => return announcement,
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, container, "cannot see whether it works"),
            }
            sleep(LOOK_FOR_START).await;
        }
        Announcement::default()
    }

    async fn launch_context(&self) -> Result<LaunchContext, HadoopError> {
        let resources = self
            .resources
            .get_or_try_init(|| self.read_resources())
            .await?;
        // The stage's name is for people who look at processes.
        let words = format!("worker {}", self.settings.command);
        let mut launch = launch_context(&words, self.files.user(), &self.settings)?;
        launch.local_resources = resources.iter().cloned().collect();
        launch.credentials = self.tokens.for_container().await?;
        Ok(launch)
    }

    async fn read_resources(&self) -> Result<Vec<(String, LocalResource)>, HadoopError> {
        let names: Vec<&str> = self.settings.resources.iter().map(String::as_str).collect();
        let found = application_resources(&self.files, &self.settings.directory, &names).await?;
        Ok(found.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_five_minutes_and_never_end() {
        let mut pauses = Pauses::default();
        let soon = Duration::from_secs(2);
        let seconds: Vec<u64> = (0..12)
            .map(|_| pauses.after_failure(soon).as_secs())
            .collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(pauses.after_accident(), SHORTEST_PAUSE);
        assert_eq!(pauses.failures, 12);
        assert_eq!(pauses.after_failure(HEALTHY_AFTER), SHORTEST_PAUSE);
        pauses.failures = u32::MAX;
        assert_eq!(pauses.after_failure(soon), LONGEST_PAUSE);
    }
}
