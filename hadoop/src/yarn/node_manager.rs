use super::container::{Container, ContainerStatus, Refusal};
use super::ids::{ContainerId, NodeId};
use super::launch::LaunchContext;
use crate::ipc::{Login, Repeat, RpcClient, RpcOptions};
use crate::proto::yarn::{
    ContainerExceptionMapProto, ContainerIdProto, GetContainerStatusesRequestProto,
    GetContainerStatusesResponseProto, SignalContainerCommandProto, SignalContainerRequestProto,
    SignalContainerResponseProto, StartContainerRequestProto, StartContainersRequestProto,
    StartContainersResponseProto, StopContainersRequestProto, StopContainersResponseProto,
};
use crate::{HadoopError, Token};

const PROTOCOL: &str = "org.apache.hadoop.yarn.api.ContainerManagementProtocolPB";

/// A node manager, for an application master (`ContainerManagementProtocol`). Comes from
/// [`ApplicationMaster::node_manager`](crate::ApplicationMaster::node_manager).
///
/// Cheap to clone. Every method gives the errors of [`RpcClient::call`].
#[derive(Debug, Clone)]
pub struct NodeManager {
    rpc: RpcClient,
}

impl NodeManager {
    /// A node manager by its token. Connects with the first call.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] when the system has no random numbers.
    pub fn connect(node: &NodeId, token: Token, options: RpcOptions) -> Result<Self, HadoopError> {
        Ok(Self {
            rpc: RpcClient::new(PROTOCOL, vec![node.address()], Login::Token(token), options)?,
        })
    }

    /// Starts a container. That its command runs, or why not, shows later: in its status, and in a heartbeat.
    ///
    /// # Errors
    /// [`HadoopError::Remote`] when the node manager refuses. After [`HadoopError::ConnectionLost`] and
    /// [`HadoopError::TimedOut`] it may have been started: its status tells.
    pub async fn start_container(
        &self,
        container: &Container,
        launch: &LaunchContext,
    ) -> Result<(), HadoopError> {
        let method = "startContainers";
        let request = StartContainersRequestProto {
            start_container_request: vec![StartContainerRequestProto {
                container_launch_context: Some(launch.into()),
                container_token: container.token.clone().map(Into::into),
            }],
        };
        let answer: StartContainersResponseProto =
            self.rpc.call(method, &request, Repeat::Unsafe).await?;
        if let Some(refusal) = answer.failed_requests.into_iter().next() {
            let refusal = Refusal::from(refusal);
            return Err(HadoopError::Remote(crate::RemoteError {
                server: container.node.to_string(),
                method: format!("to start {}", refusal.id),
                class: refusal.class,
                message: refusal.message,
            }));
        }
        let ids = answer.succeeded_requests.into_iter();
        let started: Vec<ContainerId> = ids.map(ContainerId::from).collect();
        if started != [container.id] {
            let reason = format!(
                "it names {started:?}, where {} was to be started",
                container.id
            );
            return Err(HadoopError::answer(method, reason));
        }
        Ok(())
    }

    /// Stops containers: SIGTERM, and SIGKILL after a moment (250 ms by default). Gives those that were not stopped,
    /// for example because they had ended.
    pub async fn stop_containers(&self, ids: &[ContainerId]) -> Result<Vec<Refusal>, HadoopError> {
        let request = StopContainersRequestProto {
            container_id: protos(ids),
        };
        let answer: StopContainersResponseProto = self
            .rpc
            .call("stopContainers", &request, Repeat::Safe)
            .await?;
        Ok(refusals(answer.failed_requests))
    }

    /// How containers do, and those that the node manager does not know (any more).
    pub async fn container_statuses(
        &self,
        ids: &[ContainerId],
    ) -> Result<(Vec<ContainerStatus>, Vec<Refusal>), HadoopError> {
        let request = GetContainerStatusesRequestProto {
            container_id: protos(ids),
        };
        let answer: GetContainerStatusesResponseProto = self
            .rpc
            .call("getContainerStatuses", &request, Repeat::Safe)
            .await?;
        let statuses = answer.status.into_iter().map(Into::into).collect();
        Ok((statuses, refusals(answer.failed_requests)))
    }

    /// Sends SIGTERM to a container's process, and leaves it at that: for one that is to end in its own time.
    pub async fn terminate_gracefully(&self, id: ContainerId) -> Result<(), HadoopError> {
        let request = SignalContainerRequestProto {
            container_id: id.into(),
            command: SignalContainerCommandProto::GracefulShutdown.into(),
        };
        let _: SignalContainerResponseProto = self
            .rpc
            .call("signalToContainer", &request, Repeat::Safe)
            .await?;
        Ok(())
    }
}

fn protos(ids: &[ContainerId]) -> Vec<ContainerIdProto> {
    ids.iter().map(|id| (*id).into()).collect()
}

fn refusals(refused: Vec<ContainerExceptionMapProto>) -> Vec<Refusal> {
    refused.into_iter().map(Into::into).collect()
}
