use super::ids::{ContainerId, NodeId};
use super::resource::Resource;
use crate::Token;
use crate::proto::yarn::{
    ContainerExceptionMapProto, ContainerProto, ContainerReportProto, ContainerStateProto,
    ContainerStatusProto,
};

/// A container that the resource manager has given to an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub id: ContainerId,
    pub node: NodeId,
    /// `host:port` of the node manager's web pages.
    pub node_http_address: String,
    /// What it has got; the scheduler rounds up.
    pub resource: Resource,
    pub priority: i32,
    /// Of the ask that it answers; -1 when that had none.
    pub allocation_request_id: i64,
    /// Proves to the node manager that the container may be started. A restarted resource manager has none for what it
    /// has learnt of from node managers: those have been started.
    pub token: Option<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    New,
    Running,
    Complete,
    /// One that this client does not know.
    Other(i32),
}

/// How a container does, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerStatus {
    pub id: ContainerId,
    pub state: ContainerState,
    /// The process's own from 0 to 255; YARN's reasons below 0; -1000 while it runs, and also when it could not be
    /// prepared.
    pub exit_status: i32,
    pub diagnostics: String,
}

/// What the resource manager knows of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerReport {
    pub id: ContainerId,
    pub node: NodeId,
    pub resource: Resource,
    pub state: ContainerState,
    /// As in [`ContainerStatus`].
    pub exit_status: i32,
    pub diagnostics: String,
    /// Where its logs can be read.
    pub log_url: String,
    /// Epoch milliseconds.
    pub created_ms: i64,
    /// Epoch milliseconds; 0 while it runs.
    pub finished_ms: i64,
}

/// What a node manager did not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{id}: {message} ({class})")]
pub struct Refusal {
    pub id: ContainerId,
    /// The Java class of the exception.
    pub class: String,
    pub message: String,
}

impl From<i32> for ContainerState {
    fn from(number: i32) -> Self {
        match ContainerStateProto::try_from(number) {
            Ok(ContainerStateProto::CNew) => ContainerState::New,
            Ok(ContainerStateProto::CRunning) => ContainerState::Running,
            Ok(ContainerStateProto::CComplete) => ContainerState::Complete,
            Err(_) => ContainerState::Other(number),
        }
    }
}

impl TryFrom<ContainerProto> for Container {
    type Error = String;

    fn try_from(container: ContainerProto) -> Result<Self, String> {
        let allocation_request_id = container.allocation_request_id();
        let id = ContainerId::from(container.id.ok_or("a container has no id")?);
        let node = container.node_id;
        let node = node.ok_or_else(|| format!("{id} is on no node"))?;
        Ok(Self {
            id,
            node: node.into(),
            node_http_address: container.node_http_address.unwrap_or_default(),
            resource: container.resource.unwrap_or_default().into(),
            priority: container.priority.unwrap_or_default().priority(),
            allocation_request_id,
            token: container.container_token.map(Token::from),
        })
    }
}

impl From<ContainerStatusProto> for ContainerStatus {
    fn from(status: ContainerStatusProto) -> Self {
        Self {
            state: status.state.unwrap_or_default().into(),
            exit_status: status.exit_status(),
            diagnostics: status.diagnostics().to_owned(),
            id: status.container_id.unwrap_or_default().into(),
        }
    }
}

impl From<ContainerReportProto> for ContainerReport {
    fn from(report: ContainerReportProto) -> Self {
        Self {
            state: report.container_state.unwrap_or_default().into(),
            exit_status: report.container_exit_status(),
            created_ms: report.creation_time(),
            finished_ms: report.finish_time(),
            diagnostics: report.diagnostics_info().to_owned(),
            id: report.container_id.unwrap_or_default().into(),
            node: report.node_id.unwrap_or_default().into(),
            resource: report.resource.unwrap_or_default().into(),
            log_url: report.log_url.unwrap_or_default(),
        }
    }
}

impl From<ContainerExceptionMapProto> for Refusal {
    fn from(refused: ContainerExceptionMapProto) -> Self {
        let exception = refused.exception.unwrap_or_default();
        let message = exception.message().lines().next().unwrap_or_default();
        Self {
            id: refused.container_id.unwrap_or_default().into(),
            class: exception.class_name().to_owned(),
            message: message.to_owned(),
        }
    }
}
