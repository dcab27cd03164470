use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::book::Book;
use super::nodes::Nodes;
use super::trouble::Trouble;
use super::{Cluster, Command, Finish, FleetOptions, Life, examination};
use crate::yarn::{
    AllocateAnswer, AllocateRequest, ApplicationMaster, Container, MasterCommand, Registration,
};
use crate::{HadoopError, RemoteKind};

/// How long heartbeats are quicker after something was asked for. What has not come by then will not come soon.
const BUSY_FOR: Duration = Duration::from_secs(30);

/// For the last heartbeat, when all handles are gone.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Between two attempts to end the application.
const FINISH_PAUSE: Duration = Duration::from_millis(500);

/// Containers of earlier attempts cannot be given back where the application does not keep them.
const FOREIGN_RELEASE: &str = ".InvalidContainerReleaseException";

/// The task that talks to the resource manager: it owns the application master, so that there is never more than one
/// heartbeat on its way.
pub(super) struct Heart {
    pub(super) master: ApplicationMaster,
    pub(super) host: String,
    pub(super) tracking_url: String,
    pub(super) options: FleetOptions,
    pub(super) book: Book,
    pub(super) nodes: Nodes,
    pub(super) inbox: mpsc::UnboundedReceiver<Command>,
    pub(super) commands: mpsc::WeakUnboundedSender<Command>,
    pub(super) life: watch::Sender<Life>,
    pub(super) cluster: watch::Sender<Cluster>,
    pub(super) trouble: Trouble,
    pub(super) pace: Pace,
    /// A heartbeat that may have arrived, to be repeated.
    pub(super) in_flight: Option<AllocateRequest>,
    pub(super) must_register: bool,
}

/// When heartbeats are due.
pub(super) struct Pace {
    last: Option<Instant>,
    busy_until: Option<Instant>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            last: None,
            busy_until: None,
        }
    }
}

/// What ends the task.
enum Ending {
    /// Nobody holds a handle or a container any more.
    Alone,
    Life(Life),
}

/// What comes of a heartbeat.
type Beat = Result<(), Ending>;

impl Heart {
    pub(super) async fn run(mut self) {
        let ending = loop {
            if let Err(ending) = self.wait().await {
                break ending;
            }
            if let Err(ending) = self.beat().await {
                break ending;
            }
        };
        match ending {
            Ending::Alone => {
                if self.book.has_news() {
                    let _ = tokio::time::timeout(LAST_WORDS, self.beat()).await;
                }
            }
            Ending::Life(life) => {
                if let Life::Over(reason) = &life {
                    tracing::warn!(reason, "this attempt of the application is over");
                }
                self.book.end(&life);
                self.life.send_replace(life);
            }
        }
    }

    fn due(&self, now: Instant) -> Instant {
        let is_busy = self.pace.busy_until.is_some_and(|until| now < until);
        let pause = if is_busy && (self.book.is_waiting() || self.book.has_news()) {
            self.options.busy_heartbeat
        } else {
            self.options.heartbeat
        };
        let due = self.pace.last.map_or(now, |last| last + pause);
        self.trouble.try_at().map_or(due, |try_at| due.max(try_at))
    }

    /// Takes commands until the next heartbeat is due.
    async fn wait(&mut self) -> Beat {
        loop {
            let now = Instant::now();
            let due = self.due(now);
            let examine_at = self.book.examine_at();
            if examine_at.is_some_and(|at| at <= now) {
                self.examine(now);
                continue;
            }
            let wake_at = examine_at.map_or(due, |at| at.min(due));
            tokio::select! {
                biased;
                command = self.inbox.recv() => match command {
                    None => return Err(Ending::Alone),
                    Some(command) => self.obey(command).await?,
                },
                () = tokio::time::sleep_until(wake_at) => {
                    if due <= Instant::now() {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn obey(&mut self, command: Command) -> Beat {
        let now = Instant::now();
        match command {
            Command::Wish { ask, reply } => self.book.wish(ask, reply),
            Command::Cancel(id) => self.book.cancel(id),
            Command::Release(id) => self.book.release(id),
            Command::ReleaseUnknown(id) => self.book.release_unknown(id),
            Command::Leave(id) => tracing::debug!(container = %id, "left to itself"),
            Command::Examined(findings) => {
                let FleetOptions {
                    examine_after,
                    node_patience,
                    ..
                } = self.options;
                self.book
                    .examined(findings, now, examine_after, node_patience);
            }
            Command::Finish(finish) => return self.finish(finish).await,
        }
        self.pace.busy_until = Some(now + BUSY_FOR);
        Ok(())
    }

    /// In a task of its own: node managers may take their time.
    fn examine(&mut self, now: Instant) {
        let doubtful = self.book.doubtful(now);
        if doubtful.is_empty() {
            return;
        }
        let (nodes, commands) = (self.nodes.clone(), self.commands.clone());
        tokio::spawn(async move {
            let findings = examination::examine(&nodes, doubtful).await;
            if let Some(commands) = commands.upgrade() {
                let _ = commands.send(Command::Examined(findings));
            }
        });
    }

    async fn beat(&mut self) -> Beat {
        if self.must_register {
            self.register().await?;
            if self.must_register {
                return Ok(());
            }
        }
        let now = Instant::now();
        let request = match self.in_flight.take() {
            Some(request) => request,
            None => self.book.next_request(now),
        };
        let answer = self.master.allocate(&request).await;
        self.pace.last = Some(Instant::now());
        match answer {
            Ok(answer) => {
                self.trouble.is_over();
                self.book.answered(&request);
                self.take_in(answer)
            }
            Err(error) => self.failed(request, error),
        }
    }

    fn take_in(&mut self, answer: AllocateAnswer) -> Beat {
        let containers = answer
            .allocated
            .iter()
            .chain(&answer.from_previous_attempts);
        self.learn_nodes(containers);
        self.book.found_late(answer.from_previous_attempts);
        for container in answer.allocated {
            self.book.allocated(container);
        }
        for status in answer.completed {
            self.book.completed(status);
        }
        self.nodes.refresh(&self.master, &self.book.nodes());
        match answer.command {
            Some(MasterCommand::Shutdown) => {
                return Err(over("the resource manager tells it to stop"));
            }
            Some(MasterCommand::Resync) => self.must_register = true,
            None => {}
        }
        self.show(Cluster {
            available: answer.available,
            nodes: answer.cluster_nodes,
            trouble: None,
        });
        Ok(())
    }

    fn learn_nodes<'a>(&self, containers: impl Iterator<Item = &'a Container>) {
        for container in containers {
            self.nodes.learn(&self.master, &container.node);
        }
    }

    fn failed(&mut self, request: AllocateRequest, error: HadoopError) -> Beat {
        match (&error, error.remote_kind()) {
            (_, Some(RemoteKind::AttemptNotFound)) => Err(over(&error.to_string())),
            (_, Some(RemoteKind::NotRegistered)) => {
                tracing::info!("the resource manager has been restarted; registering again");
                self.must_register = true;
                Ok(())
            }
            (_, Some(RemoteKind::InvalidResourceRequest)) if !request.asks.is_empty() => {
                self.book.refused(&request, &error);
                Ok(())
            }
            (HadoopError::Remote(remote), _) if remote.class.ends_with(FOREIGN_RELEASE) => {
                self.book.release_no_foreign(&request);
                self.has_trouble(&error)
            }
            // It has been taken in. What the answer has given and cannot be read comes back by itself.
            (HadoopError::Answer { .. }, _) => {
                self.book.answered(&request);
                self.has_trouble(&error)
            }
            _ => {
                self.in_flight = Some(request);
                self.has_trouble(&error)
            }
        }
    }

    /// Again, after the resource manager has forgotten us.
    async fn register(&mut self) -> Beat {
        let registration = self
            .master
            .register(&self.host, 0, &self.tracking_url)
            .await;
        let now = Instant::now();
        self.pace.last = Some(now);
        let found = match registration {
            Ok(Registration {
                from_previous_attempts,
                ..
            }) => from_previous_attempts,
            Err(error) => match error.remote_kind() {
                // The answer to the last time was lost. What it has told of earlier attempts is known from before.
                Some(RemoteKind::InvalidMasterRequest) => Vec::new(),
                Some(RemoteKind::AttemptNotFound) => return Err(over(&error.to_string())),
                _ => return self.has_trouble(&error),
            },
        };
        self.must_register = false;
        self.in_flight = None;
        self.learn_nodes(found.iter());
        self.book.start_over(now, self.options.examine_after);
        self.book.found_late(found);
        Ok(())
    }

    fn has_trouble(&mut self, error: &HadoopError) -> Beat {
        let refused_for = self.trouble.failed(error, Instant::now());
        if refused_for >= self.options.refusal_patience {
            return Err(over(&error.to_string()));
        }
        let trouble = self.trouble.reason().map(str::to_owned);
        let cluster = Cluster {
            trouble,
            ..self.cluster.borrow().clone()
        };
        self.show(cluster);
        Ok(())
    }

    fn show(&self, cluster: Cluster) {
        self.cluster.send_if_modified(|shown| {
            let is_new = *shown != cluster;
            *shown = cluster;
            is_new
        });
    }

    async fn finish(&mut self, finish: Finish) -> Beat {
        loop {
            let left = finish.give_up_at.saturating_duration_since(Instant::now());
            let (status, diagnostics) = (finish.status, finish.diagnostics.as_str());
            let call = self
                .master
                .finish(status, diagnostics, &self.tracking_url, left);
            let error = match tokio::time::timeout(left, call).await {
                Ok(Ok(())) => {
                    let _ = finish.reply.send(Ok(()));
                    return Err(Ending::Life(Life::Finished));
                }
                Ok(Err(error)) => error,
                Err(_) => HadoopError::TimedOut {
                    server: "the resource manager".to_owned(),
                    what: "it has not taken in that the application is finished".to_owned(),
                    after: finish.patience,
                },
            };
            let kind = error.remote_kind();
            let is_over = kind == Some(RemoteKind::AttemptNotFound);
            if is_over || Instant::now() + FINISH_PAUSE > finish.give_up_at {
                let reason = error.to_string();
                let _ = finish.reply.send(Err(error));
                return if is_over { Err(over(&reason)) } else { Ok(()) };
            }
            if kind == Some(RemoteKind::NotRegistered) {
                self.must_register = true;
                let register = self.register();
                if let Ok(registered) = tokio::time::timeout_at(finish.give_up_at, register).await {
                    registered?;
                }
            }
            tokio::time::sleep(FINISH_PAUSE).await;
        }
    }
}

fn over(reason: &str) -> Ending {
    Ending::Life(Life::Over(reason.to_owned()))
}
