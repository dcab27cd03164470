use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::application::FinalStatus;
use super::container::{Container, ContainerStatus};
use super::ids::{ContainerId, NodeId};
use super::node::NodeReport;
use super::node_manager::NodeManager;
use super::resource::Resource;
use crate::conf::ResourceManagerPort;
use crate::ipc::{Login, Repeat, RpcClient, RpcOptions};
use crate::proto::yarn::{
    AllocateRequestProto, AllocateResponseProto, AmCommandProto, ContainerProto,
    FinishApplicationMasterRequestProto, FinishApplicationMasterResponseProto, NmTokenProto,
    PriorityProto, RegisterApplicationMasterRequestProto, RegisterApplicationMasterResponseProto,
    ResourceBlacklistRequestProto, ResourceRequestProto,
};
use crate::{Credentials, HadoopConf, HadoopError, RemoteKind, Token, TokenKind};

const PROTOCOL: &str = "org.apache.hadoop.yarn.api.ApplicationMasterProtocolPB";

/// Between two words that we end.
const FINISH_PAUSE: Duration = Duration::from_millis(200);

/// A wish for containers. The resource manager knows it by priority, request id, and place: asking again with the same
/// ones replaces the number. It counts the number down itself as it gives containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub resource: Resource,
    /// How many are outstanding; 0 takes the wish back.
    pub containers: i32,
    /// Comes back in [`Container::allocation_request_id`]. With one id for each container wanted, and never the same
    /// again, it is always clear which wish a container answers.
    pub allocation_request_id: i64,
    /// The lowest number goes first. One size for each pair of priority and request id: the last one wins.
    pub priority: i32,
    /// A host or a rack; anywhere when not set. With a host or a rack, an ask for anywhere must go along.
    pub place: Option<String>,
    /// Whether another place will do.
    pub relax_locality: bool,
    /// Where containers may run, if not where the application's label says.
    pub node_label: Option<String>,
}

impl Ask {
    /// One container, anywhere.
    pub fn one(allocation_request_id: i64, resource: Resource) -> Self {
        Self {
            resource,
            containers: 1,
            allocation_request_id,
            priority: 0,
            place: None,
            relax_locality: true,
            node_label: None,
        }
    }
}

/// A heartbeat, with what has changed since the last one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AllocateRequest {
    pub asks: Vec<Ask>,
    /// Containers that are not wanted any more.
    pub release: Vec<ContainerId>,
    /// Hosts to avoid, and hosts not to avoid any more.
    pub avoid: Vec<String>,
    pub avoid_no_more: Vec<String>,
    /// 0 to 1
    pub progress: f32,
}

/// What the resource manager tells an application master to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MasterCommand {
    /// Register again, and ask for everything again.
    Resync,
    /// Stop.
    Shutdown,
}

/// The answer to a heartbeat.
#[derive(Debug, Clone)]
pub struct AllocateAnswer {
    pub command: Option<MasterCommand>,
    pub allocated: Vec<Container>,
    /// Each at least once: those told to an earlier attempt come again.
    pub completed: Vec<ContainerStatus>,
    /// Containers of earlier attempts that have been found since the registration.
    pub from_previous_attempts: Vec<Container>,
    /// Nodes that have changed.
    pub updated_nodes: Vec<NodeReport>,
    pub cluster_nodes: i32,
    /// What is left to be had.
    pub available: Resource,
}

/// The answer to a registration.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The largest container that the cluster gives.
    pub maximum: Resource,
    pub queue: String,
    /// Containers that live on from earlier attempts.
    pub from_previous_attempts: Vec<Container>,
}

/// The resource manager, for an application master (`ApplicationMasterProtocol`).
///
/// Its methods take `&mut self`: heartbeats have an order, and a second one must not leave before the first is
/// answered. One that was given up in the middle may be repeated; the resource manager then repeats its answer.
///
/// Errors that mean something: [`RemoteKind::NotRegistered`](crate::RemoteKind::NotRegistered) (the resource manager
/// was restarted: [`Self::register`] again and ask for everything that is outstanding),
/// [`RemoteKind::AttemptNotFound`](crate::RemoteKind::AttemptNotFound) (this attempt is over: stop, without
/// [`Self::finish`]).
#[derive(Debug)]
pub struct ApplicationMaster {
    rpc: RpcClient,
    options: RpcOptions,
    /// Of the last answer; the next heartbeat names it.
    response_id: i32,
    /// The newest for each node. Given once, good for the application master's whole life.
    node_tokens: HashMap<NodeId, Token>,
}

impl ApplicationMaster {
    /// The resource manager of a configuration, with the token that YARN has put into the container's token file.
    /// Connects with the first call.
    ///
    /// # Errors
    /// [`HadoopError::Tokens`] when there is no such token; [`HadoopError::Configuration`].
    pub fn connect(conf: &HadoopConf, credentials: &Credentials) -> Result<Self, HadoopError> {
        Self::connect_with(conf, credentials, RpcOptions::from_conf(conf)?)
    }

    /// As [`Self::connect`], with limits of one's own. They also go for the node managers.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn connect_with(
        conf: &HadoopConf,
        credentials: &Credentials,
        options: RpcOptions,
    ) -> Result<Self, HadoopError> {
        let Some(token) = credentials.token_of_kind(TokenKind::AmRm) else {
            let kind = TokenKind::AmRm.text();
            let reason = format!(
                "none of its tokens is of kind {kind}; an application master is started by YARN, which gives it one"
            );
            return Err(HadoopError::tokens("the token file", reason));
        };
        let servers = conf.resource_managers(ResourceManagerPort::Scheduler)?;
        let login = Login::Token(token.clone());
        Ok(Self {
            rpc: RpcClient::new(PROTOCOL, servers, login, options.clone())?,
            options,
            response_id: 0,
            node_tokens: HashMap::new(),
        })
    }

    /// Registers the application master, for the first time or again. `host` and `tracking_url` are shown to users.
    ///
    /// # Errors
    /// [`RemoteKind::InvalidMasterRequest`](crate::RemoteKind::InvalidMasterRequest) when it is registered already,
    /// which also happens when the answer to the first time was lost.
    pub async fn register(
        &mut self,
        host: &str,
        port: i32,
        tracking_url: &str,
    ) -> Result<Registration, HadoopError> {
        let method = "registerApplicationMaster";
        let request = RegisterApplicationMasterRequestProto {
            host: Some(host.to_owned()),
            rpc_port: Some(port),
            tracking_url: Some(tracking_url.to_owned()),
        };
        let answer: RegisterApplicationMasterResponseProto =
            self.rpc.call(method, &request, Repeat::Safe).await?;
        self.response_id = 0;
        self.keep_node_tokens(answer.nm_tokens_from_previous_attempts);
        Ok(Registration {
            maximum: answer.maximum_capability.unwrap_or_default().into(),
            queue: answer.queue.unwrap_or_default(),
            from_previous_attempts: containers(method, answer.containers_from_previous_attempts)?,
        })
    }

    /// One heartbeat. Without any for ten minutes (by default) the resource manager gives the application master up.
    pub async fn allocate(
        &mut self,
        request: &AllocateRequest,
    ) -> Result<AllocateAnswer, HadoopError> {
        let method = "allocate";
        let avoids = !(request.avoid.is_empty() && request.avoid_no_more.is_empty());
        let request = AllocateRequestProto {
            ask: request.asks.iter().map(resource_request).collect(),
            release: request.release.iter().map(|id| (*id).into()).collect(),
            blacklist_request: avoids.then(|| ResourceBlacklistRequestProto {
                blacklist_additions: request.avoid.clone(),
                blacklist_removals: request.avoid_no_more.clone(),
            }),
            response_id: Some(self.response_id),
            progress: Some(request.progress),
            tracking_url: None,
        };
        let answer = self.rpc.call(method, &request, Repeat::Safe).await;
        let answer: AllocateResponseProto = answer.inspect_err(|error| {
            // It counts anew, even when the answer to the next registration is lost.
            if error.remote_kind() == Some(RemoteKind::NotRegistered) {
                self.response_id = 0;
            }
        })?;
        // First what must not be lost, whatever else is in the answer.
        self.response_id = answer.response_id();
        self.keep_node_tokens(answer.nm_tokens);
        if let Some(token) = answer.am_rm_token {
            tracing::info!("the resource manager has given a new token; connecting again with it");
            self.rpc.set_login(Login::Token(token.into())).await;
        }
        let command = match answer.a_m_command.map(AmCommandProto::try_from) {
            Some(Ok(AmCommandProto::AmResync)) => {
                self.response_id = 0;
                Some(MasterCommand::Resync)
            }
            Some(Ok(AmCommandProto::AmShutdown)) => Some(MasterCommand::Shutdown),
            Some(Err(_)) | None => None,
        };
        Ok(AllocateAnswer {
            command,
            allocated: containers(method, answer.allocated_containers)?,
            completed: answer
                .completed_container_statuses
                .into_iter()
                .map(Into::into)
                .collect(),
            from_previous_attempts: containers(method, answer.containers_from_previous_attempts)?,
            updated_nodes: answer.updated_nodes.into_iter().map(Into::into).collect(),
            cluster_nodes: answer.num_cluster_nodes.unwrap_or_default(),
            available: answer.limit.unwrap_or_default().into(),
        })
    }

    /// Ends the application, and waits until the resource manager has noted it down: only then may the process end.
    ///
    /// # Errors
    /// [`HadoopError::TimedOut`] when that does not happen within `patience`.
    pub async fn finish(
        &mut self,
        status: FinalStatus,
        diagnostics: &str,
        tracking_url: &str,
        patience: Duration,
    ) -> Result<(), HadoopError> {
        let give_up_at = Instant::now() + patience;
        let request = FinishApplicationMasterRequestProto {
            diagnostics: Some(diagnostics.to_owned()),
            tracking_url: Some(tracking_url.to_owned()),
            final_application_status: Some(status.into()),
        };
        loop {
            let answer: FinishApplicationMasterResponseProto = self
                .rpc
                .call("finishApplicationMaster", &request, Repeat::Safe)
                .await?;
            if answer.is_unregistered() {
                return Ok(());
            }
            if Instant::now() + FINISH_PAUSE > give_up_at {
                return Err(HadoopError::TimedOut {
                    server: "the resource manager".to_owned(),
                    what: "it has not noted down that the application is finished".to_owned(),
                    after: patience,
                });
            }
            tokio::time::sleep(FINISH_PAUSE).await;
        }
    }

    /// The node manager of a node on which we have been given a container.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] when there was never a token for it.
    pub fn node_manager(&self, node: &NodeId) -> Result<NodeManager, HadoopError> {
        let Some(token) = self.node_tokens.get(node) else {
            return Err(HadoopError::Invalid(format!(
                "the resource manager has given no token for node {node}: none of our containers is there"
            )));
        };
        NodeManager::connect(node, token.clone(), self.options.clone())
    }

    pub(crate) fn node_token(&self, node: &NodeId) -> Option<&Token> {
        self.node_tokens.get(node)
    }

    fn keep_node_tokens(&mut self, tokens: Vec<NmTokenProto>) {
        for token in tokens {
            if let (Some(node), Some(token)) = (token.node_id, token.token) {
                self.node_tokens.insert(node.into(), token.into());
            }
        }
    }
}

fn containers(
    method: &'static str,
    containers: Vec<ContainerProto>,
) -> Result<Vec<Container>, HadoopError> {
    let containers = containers.into_iter().map(Container::try_from);
    containers
        .collect::<Result<_, _>>()
        .map_err(|reason| HadoopError::answer(method, reason))
}

fn resource_request(ask: &Ask) -> ResourceRequestProto {
    ResourceRequestProto {
        priority: Some(PriorityProto {
            priority: Some(ask.priority),
        }),
        resource_name: Some(ask.place.clone().unwrap_or_else(|| "*".to_owned())),
        capability: Some(ask.resource.into()),
        num_containers: Some(ask.containers),
        relax_locality: Some(ask.relax_locality),
        node_label_expression: ask.node_label.clone(),
        execution_type_request: None,
        allocation_request_id: Some(ask.allocation_request_id),
    }
}
