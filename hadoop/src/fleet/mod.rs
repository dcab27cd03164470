//! An application master for asynchronous programs: [`Fleet`] gets containers and gives them back, while a task of its
//! own keeps the conversation with the resource manager, one heartbeat after another.
//!
//! - Every wish for a container has an allocation request id of its own, never used again, so that it is always clear
//!   which wish a container answers. What nobody wishes (any more) is given back at once.
//! - A [`FleetContainer`] that is dropped is given back; [`FleetContainer::leave`] lets it live on.
//! - A resource manager that is away is waited for; one that was restarted is told again what is outstanding.

mod book;
mod container;
mod end;
mod examination;
mod handle;
mod heart;
mod nodes;
mod trouble;
mod turns;

use std::fmt;
use std::time::Duration;

use tokio::sync::oneshot;

pub use container::FleetContainer;
pub use end::ContainerEnd;
pub use handle::Fleet;

use crate::HadoopError;
use crate::yarn::{Ask, ContainerId, FinalStatus, Resource};
use examination::Finding;

/// How a [`Fleet`] talks to the resource manager.
#[derive(Debug, Clone)]
pub struct FleetOptions {
    /// How long the resource manager may be away when the application master registers for the first time.
    pub start_patience: Duration,
    /// Between heartbeats when nothing is going on.
    pub heartbeat: Duration,
    /// Between heartbeats for a while after something was asked for.
    pub busy_heartbeat: Duration,
    /// Before the next attempt at a resource manager that does not answer or refuses; doubled each time...
    pub first_pause: Duration,
    /// ...up to this.
    pub longest_pause: Duration,
    /// How long the resource manager may refuse this attempt's token, or its heartbeats as being out of order, until
    /// the attempt is taken to be over. Another attempt may have taken its place by then.
    pub refusal_patience: Duration,
    /// A container that is given back and whose end is not reported is given back again after this.
    pub release_again: Duration,
    /// When containers of several sizes are wished for and nothing is given for this long, the sizes take turns, so that
    /// one that the cluster has no room for does not hold up the others.
    pub turn: Duration,
    /// After a restart of the resource manager, which may have forgotten containers and then never reports their
    /// end: the node managers are asked about them after this.
    pub examine_after: Duration,
    /// How long after such a restart a node manager may be unreachable until its containers are taken to be lost.
    pub node_patience: Duration,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self {
            start_patience: Duration::from_secs(120),
            heartbeat: Duration::from_secs(1),
            busy_heartbeat: Duration::from_millis(250),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(15),
            refusal_patience: Duration::from_secs(120),
            release_again: Duration::from_secs(10),
            turn: Duration::from_secs(5),
            examine_after: Duration::from_secs(20),
            node_patience: Duration::from_secs(600),
        }
    }
}

/// What the resource manager has last said about the cluster, for messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cluster {
    /// What the application can still get in its queue.
    pub available: Resource,
    /// Nodes that run.
    pub nodes: i32,
    /// Why the resource manager cannot be asked, while it cannot.
    pub trouble: Option<String>,
}

impl Cluster {
    /// For a person who waits for a container.
    pub fn waiting_for(&self, resource: Resource) -> String {
        let memory_mb = resource.memory_mb;
        let what = format!("waiting for a container of {memory_mb} MB");
        if let Some(trouble) = &self.trouble {
            return format!("{what}: {trouble}");
        }
        let (left, nodes) = (self.available.memory_mb, self.nodes);
        let noun = if nodes == 1 { "node" } else { "nodes" };
        format!("{what}: the queue has {left} MB left on {nodes} {noun}")
    }
}

/// What handles tell the heartbeats' task.
enum Command {
    Wish {
        ask: Ask,
        reply: WishReply,
    },
    /// The wish with this allocation request id is over.
    Cancel(i64),
    Release(ContainerId),
    /// As `Release`, also for a container of which nothing is known.
    ReleaseUnknown(ContainerId),
    Leave(ContainerId),
    Examined(Vec<Finding>),
    Finish(Finish),
}

type WishReply = oneshot::Sender<Result<FleetContainer, HadoopError>>;

struct Finish {
    status: FinalStatus,
    diagnostics: String,
    give_up_at: tokio::time::Instant,
    patience: Duration,
    reply: oneshot::Sender<Result<(), HadoopError>>,
}

/// Whether the heartbeats go on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Life {
    Running,
    /// The application has ended as it should.
    Finished,
    /// The attempt is over, for this reason.
    Over(String),
}

impl Life {
    /// Why nothing can be had any more.
    fn error(&self) -> HadoopError {
        HadoopError::Invalid(self.to_string())
    }
}

impl fmt::Display for Life {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Life::Running => formatter.write_str("the heartbeats have ended unexpectedly"),
            Life::Finished => formatter.write_str("the application is finished"),
            Life::Over(reason) => {
                write!(
                    formatter,
                    "this attempt of the application is over: {reason}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_told_for_what() {
        let mut cluster = Cluster {
            available: Resource::new(256, 3),
            nodes: 1,
            trouble: None,
        };
        let wanted = Resource::new(512, 1);
        assert_eq!(
            cluster.waiting_for(wanted),
            "waiting for a container of 512 MB: the queue has 256 MB left on 1 node"
        );
        cluster.nodes = 2;
        assert!(cluster.waiting_for(wanted).ends_with("on 2 nodes"));
        cluster.trouble = Some("rm:8030 is not reachable".into());
        assert_eq!(
            cluster.waiting_for(wanted),
            "waiting for a container of 512 MB: rm:8030 is not reachable"
        );
    }
}
