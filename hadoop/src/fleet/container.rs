use std::fmt;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::nodes::Nodes;
use super::{Command, ContainerEnd};
use crate::yarn::{
    Container, ContainerId, ContainerState, ContainerStatus, LaunchContext, NodeId, Resource,
};
use crate::{HadoopError, RemoteError, RemoteKind};

/// How long a node manager may not be ready to start anything, as after a restart of the resource manager.
const NOT_READY_PATIENCE: Duration = Duration::from_secs(60);
const NOT_READY_PAUSE: Duration = Duration::from_secs(1);

/// A container that is ours. Dropping it gives it back to the resource manager, which ends what runs in it, unless it has
/// ended or was left ([`Self::leave`]).
pub struct FleetContainer {
    container: Container,
    end: watch::Receiver<Option<ContainerEnd>>,
    commands: mpsc::UnboundedSender<Command>,
    nodes: Nodes,
    is_left: bool,
}

impl FleetContainer {
    pub(super) fn new(
        container: Container,
        end: watch::Receiver<Option<ContainerEnd>>,
        commands: mpsc::UnboundedSender<Command>,
        nodes: Nodes,
    ) -> Self {
        Self {
            container,
            end,
            commands,
            nodes,
            is_left: false,
        }
    }

    pub fn id(&self) -> ContainerId {
        self.container.id
    }

    pub fn node(&self) -> &NodeId {
        &self.container.node
    }

    /// `host:port` of the node manager's web pages.
    pub fn node_http_address(&self) -> &str {
        &self.container.node_http_address
    }

    /// What it has got; the scheduler rounds up.
    pub fn resource(&self) -> Resource {
        self.container.resource
    }

    /// Starts a command. That it runs, or why not, shows later: in [`Self::ended`]. When the node manager's answer is
    /// lost, it is asked whether it knows the container.
    ///
    /// # Errors
    /// Those of [`NodeManager::start_container`](crate::NodeManager::start_container); the container is then of no use.
    pub async fn start(&self, launch: &LaunchContext) -> Result<(), HadoopError> {
        let give_up_at = Instant::now() + NOT_READY_PATIENCE;
        loop {
            let node_manager = self.nodes.node_manager(self.node())?;
            let error = match node_manager.start_container(&self.container, launch).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let is_not_ready = error.remote_kind() == Some(RemoteKind::NodeNotReady);
            if is_not_ready && Instant::now() < give_up_at {
                tokio::time::sleep(NOT_READY_PAUSE).await;
                continue;
            }
            let is_unclear = matches!(
                error,
                HadoopError::ConnectionLost { .. } | HadoopError::TimedOut { .. }
            );
            if is_unclear && let Ok(status) = self.status().await {
                tracing::debug!(container = %self.id(), ?status, %error, "started, though the answer was lost");
                return Ok(());
            }
            return Err(error);
        }
    }

    /// How it does, by its node manager. For one that was taken over from an earlier attempt.
    ///
    /// # Errors
    /// [`HadoopError::Remote`] when the node manager does not know it: it was never started, or has long ended. Else
    /// when it cannot be asked.
    pub async fn state(&self) -> Result<ContainerState, HadoopError> {
        if self.end.borrow().is_some() {
            return Ok(ContainerState::Complete);
        }
        Ok(self.status().await?.state)
    }

    async fn status(&self) -> Result<ContainerStatus, HadoopError> {
        let node_manager = self.nodes.node_manager(self.node())?;
        let id = self.id();
        let (statuses, refusals) = node_manager.container_statuses(&[id]).await?;
        if let Some(status) = statuses.into_iter().find(|status| status.id == id) {
            return Ok(status);
        }
        let method = "getContainerStatuses";
        let Some(refusal) = refusals.into_iter().find(|refusal| refusal.id == id) else {
            let reason = format!("it does not name {id}, which was asked for");
            return Err(HadoopError::answer(method, reason));
        };
        Err(HadoopError::Remote(RemoteError {
            server: self.node().to_string(),
            method: method.to_owned(),
            class: refusal.class,
            message: refusal.message,
        }))
    }

    /// Waits until it has ended, for whatever reason, and says how. Gives the same when asked again. Losing the future
    /// loses nothing. Never comes when the attempt is over (see [`Fleet::over`](super::Fleet::over)): the container may
    /// then live on for the next one.
    pub async fn ended(&mut self) -> ContainerEnd {
        let end = match self.end.wait_for(Option::is_some).await {
            Ok(end) => end.clone(),
            Err(_) => None,
        };
        match end {
            Some(end) => end,
            None => std::future::pending().await,
        }
    }

    /// Sends SIGTERM to its process, and leaves it at that.
    ///
    /// # Errors
    /// When the node manager cannot be asked or refuses.
    pub async fn terminate(&self) -> Result<(), HadoopError> {
        let node_manager = self.nodes.node_manager(self.node())?;
        node_manager.terminate_gracefully(self.id()).await
    }

    /// Ends what runs in it (SIGTERM, and SIGKILL soon after), gives it back, and waits until its end is reported, but
    /// not longer than `patience`. It is given back in any case.
    pub async fn stop(&mut self, patience: Duration) {
        if self.end.borrow().is_some() {
            return;
        }
        let give_up_at = Instant::now() + patience;
        match tokio::time::timeout_at(give_up_at, self.stop_at_the_node()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(container = %self.id(), %error, "not stopped at the node");
            }
            Err(_) => tracing::debug!(container = %self.id(), "the node manager takes too long"),
        }
        self.give_back();
        if tokio::time::timeout_at(give_up_at, self.ended())
            .await
            .is_err()
        {
            tracing::warn!(container = %self.id(), "its end was not reported in time; it is given back");
        }
    }

    async fn stop_at_the_node(&self) -> Result<(), HadoopError> {
        let node_manager = self.nodes.node_manager(self.node())?;
        for refusal in node_manager.stop_containers(&[self.id()]).await? {
            tracing::debug!(%refusal, "not stopped at the node");
        }
        Ok(())
    }

    /// Lets it live on, without us: for the next attempt to find.
    pub fn leave(mut self) {
        self.is_left = true;
        // Nobody is there to be told when the attempt is over.
        let _ = self.commands.send(Command::Leave(self.id()));
    }

    fn give_back(&self) {
        let _ = self.commands.send(Command::Release(self.id()));
    }
}

impl Drop for FleetContainer {
    fn drop(&mut self) {
        if !self.is_left && self.end.borrow().is_none() {
            self.give_back();
        }
    }
}

impl fmt::Debug for FleetContainer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FleetContainer")
            .field("id", &self.container.id.to_string())
            .field("node", &self.container.node.to_string())
            .field("resource", &self.container.resource)
            .field("end", &*self.end.borrow())
            .finish_non_exhaustive()
    }
}
