use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::Instant;

use super::book::Book;
use super::heart::{Heart, Pace};
use super::nodes::Nodes;
use super::trouble::Trouble;
use super::{Cluster, Command, Finish, FleetContainer, FleetOptions, Life};
use crate::yarn::{
    ApplicationAttemptId, ApplicationMaster, Ask, ContainerId, FinalStatus, Registration, Resource,
};
use crate::{HadoopError, RemoteKind};

/// For the answer to [`Fleet::finish`] beyond its patience: the heartbeat that is on its way has to end first.
const FINISH_MARGIN: Duration = Duration::from_secs(1);

/// The containers of one attempt of an application. All clones are the same; when the last one and the last
/// [`FleetContainer`] are dropped, the heartbeats end.
#[derive(Clone)]
pub struct Fleet {
    inner: Arc<Inner>,
}

struct Inner {
    attempt: ApplicationAttemptId,
    maximum: Resource,
    next_wish: AtomicU32,
    commands: mpsc::UnboundedSender<Command>,
    life: watch::Receiver<Life>,
    cluster: watch::Receiver<Cluster>,
    found: Mutex<mpsc::UnboundedReceiver<FleetContainer>>,
}

/// Takes a wish back when it is dropped. One that was granted is none any more.
struct Wished<'a> {
    commands: &'a mpsc::UnboundedSender<Command>,
    id: i64,
}

impl Drop for Wished<'_> {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Cancel(self.id));
    }
}

impl Fleet {
    /// Registers the application master and starts its heartbeats; gives the containers that live on from earlier
    /// attempts. Needs a runtime. `host` and `tracking_url` are shown to users. `attempt` is this run of the application
    /// master: its number is in all allocation request ids, so that no attempt repeats another's.
    ///
    /// When the answer to the registration is lost, so are the containers of earlier attempts: those that are known
    /// otherwise can be given back by [`Self::release`].
    ///
    /// # Errors
    /// [`RemoteKind::AttemptNotFound`] when the attempt is over already; else when the resource manager cannot be asked
    /// or refuses.
    pub async fn start(
        mut master: ApplicationMaster,
        host: &str,
        tracking_url: &str,
        attempt: ApplicationAttemptId,
        options: FleetOptions,
    ) -> Result<(Fleet, Vec<FleetContainer>), HadoopError> {
        let registration = register(&mut master, host, tracking_url, &options).await?;
        let (commands, inbox) = mpsc::unbounded_channel();
        let (found, found_later) = mpsc::unbounded_channel();
        let (life, life_shown) = watch::channel(Life::Running);
        let (cluster, cluster_shown) = watch::channel(Cluster::default());
        let nodes = Nodes::default();
        let weak = commands.downgrade();
        let mut book = Book::new(
            attempt,
            options.release_again,
            options.turn,
            weak.clone(),
            found,
            nodes.clone(),
        );
        let (maximum, containers) = match registration {
            None => (Resource::default(), Vec::new()),
            Some(Registration {
                maximum,
                from_previous_attempts,
                ..
            }) => (maximum, from_previous_attempts),
        };
        for container in &containers {
            nodes.learn(&master, &container.node);
        }
        let containers = book.found(containers);
        let heart = Heart {
            master,
            host: host.to_owned(),
            tracking_url: tracking_url.to_owned(),
            trouble: Trouble::new(options.first_pause, options.longest_pause),
            options,
            book,
            nodes,
            inbox,
            commands: weak,
            life,
            cluster,
            pace: Pace::new(),
            in_flight: None,
            must_register: false,
        };
        tokio::spawn(heart.run());
        let inner = Inner {
            attempt,
            maximum,
            next_wish: AtomicU32::new(1),
            commands,
            life: life_shown,
            cluster: cluster_shown,
            found: Mutex::new(found_later),
        };
        let fleet = Fleet {
            inner: Arc::new(inner),
        };
        Ok((fleet, containers))
    }

    /// The largest container that the cluster gives. Zero when it is not known.
    pub fn maximum(&self) -> Resource {
        self.inner.maximum
    }

    /// What the resource manager says about the cluster, and whether it can be asked.
    pub fn cluster(&self) -> watch::Receiver<Cluster> {
        self.inner.cluster.clone()
    }

    /// Waits until a container is given, however long. Dropping the future takes the wish back; a container that comes
    /// all the same is given back. `node_label`: where it may run, if not where the application's label says.
    ///
    /// # Errors
    /// When the resource manager refuses the wish, as one that is too large for the cluster, or for a node label that
    /// there is not; when the attempt is over, or the application finished.
    pub async fn container(
        &self,
        resource: Resource,
        node_label: Option<&str>,
    ) -> Result<FleetContainer, HadoopError> {
        self.check(resource)?;
        let number = self.inner.next_wish.fetch_add(1, Ordering::Relaxed);
        let id = i64::from(self.inner.attempt.number) << 32 | i64::from(number);
        let ask = Ask {
            node_label: node_label.map(str::to_owned),
            ..Ask::one(id, resource)
        };
        let (reply, granted) = oneshot::channel();
        let wish = Command::Wish { ask, reply };
        let commands = &self.inner.commands;
        commands.send(wish).map_err(|_| self.gone())?;
        let _wished = Wished { commands, id };
        match granted.await {
            Ok(granted) => granted,
            Err(_) => Err(self.gone()),
        }
    }

    /// Most of what the resource manager would refuse.
    fn check(&self, resource: Resource) -> Result<(), HadoopError> {
        if resource.memory_mb < 1 || resource.virtual_cores < 1 {
            return Err(HadoopError::Invalid(format!(
                "a container of {resource} is none: both must be at least 1"
            )));
        }
        let maximum = self.inner.maximum;
        let is_known = maximum != Resource::default();
        let is_too_large = resource.memory_mb > maximum.memory_mb
            || resource.virtual_cores > maximum.virtual_cores;
        if is_known && is_too_large {
            return Err(HadoopError::Invalid(format!(
                "a container of {resource} is more than the cluster gives: at most {maximum}"
            )));
        }
        Ok(())
    }

    fn gone(&self) -> HadoopError {
        self.inner.life.borrow().error()
    }

    /// Waits for a container of an earlier attempt that is found after the registration, as it may be after a restart
    /// of the resource manager. Each is given once.
    pub async fn found_late(&self) -> FleetContainer {
        let found = self.inner.found.lock().await.recv().await;
        match found {
            Some(container) => container,
            None => std::future::pending().await,
        }
    }

    /// Gives back a container that is known only by its id. Nothing happens when the resource manager does not know it.
    pub fn release(&self, id: ContainerId) {
        let _ = self.inner.commands.send(Command::ReleaseUnknown(id));
    }

    /// Waits until this attempt is over, and gives the reason: the resource manager does not know it any more, or tells
    /// it to stop. The process must then end, without [`Self::finish`]; its containers may live on for another attempt.
    /// Never comes when the application was finished.
    pub async fn over(&self) -> String {
        let mut life = self.inner.life.clone();
        let ended = match life.wait_for(|life| *life != Life::Running).await {
            Ok(ended) => ended.clone(),
            Err(_) => Life::Running,
        };
        match ended {
            Life::Over(reason) => reason,
            Life::Running => ended.to_string(),
            Life::Finished => std::future::pending().await,
        }
    }

    /// Ends the application, with all containers, and waits until the resource manager has noted it down: only then may
    /// the process end.
    ///
    /// # Errors
    /// The last one, when that does not happen within `patience`; the heartbeats then go on.
    pub async fn finish(
        &self,
        status: FinalStatus,
        diagnostics: &str,
        patience: Duration,
    ) -> Result<(), HadoopError> {
        let (reply, finished) = oneshot::channel();
        let give_up_at = Instant::now() + patience;
        let finish = Command::Finish(Finish {
            status,
            diagnostics: diagnostics.to_owned(),
            give_up_at,
            patience,
            reply,
        });
        self.inner.commands.send(finish).map_err(|_| self.gone())?;
        match tokio::time::timeout_at(give_up_at + FINISH_MARGIN, finished).await {
            Ok(Ok(finished)) => finished,
            Ok(Err(_)) => Err(self.gone()),
            Err(_) => Err(HadoopError::TimedOut {
                server: "the resource manager".to_owned(),
                what: "it cannot be told that the application is finished".to_owned(),
                after: patience,
            }),
        }
    }
}

/// For the first time. Gives none when the answer to an earlier attempt at it was lost.
async fn register(
    master: &mut ApplicationMaster,
    host: &str,
    tracking_url: &str,
    options: &FleetOptions,
) -> Result<Option<Registration>, HadoopError> {
    let give_up_at = Instant::now() + options.start_patience;
    let mut trouble = Trouble::new(options.first_pause, options.longest_pause);
    loop {
        let error = match master.register(host, 0, tracking_url).await {
            Ok(registration) => return Ok(Some(registration)),
            Err(error) => error,
        };
        if error.remote_kind() == Some(RemoteKind::InvalidMasterRequest) {
            tracing::warn!(%error, "registered already: what the first answer said is lost");
            return Ok(None);
        }
        let is_away = matches!(
            error,
            HadoopError::Unreachable { .. }
                | HadoopError::ConnectionLost { .. }
                | HadoopError::TimedOut { .. }
        ) || matches!(
            error.remote_kind(),
            Some(RemoteKind::Standby | RemoteKind::Retriable)
        );
        trouble.failed(&error, Instant::now());
        let try_at = trouble
            .try_at()
            .filter(|try_at| is_away && *try_at < give_up_at);
        let Some(try_at) = try_at else {
            return Err(error);
        };
        tokio::time::sleep_until(try_at).await;
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Fleet")
            .field("attempt", &self.inner.attempt.to_string())
            .field("life", &*self.inner.life.borrow())
            .finish_non_exhaustive()
    }
}
