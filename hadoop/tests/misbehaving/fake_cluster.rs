//! A resource manager and a node manager that follow YARN's rules, but for the tricks that a test tells them to play.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use alidade_hadoop::proto::common::TokenProto;
use alidade_hadoop::proto::common::rpc_response_header_proto::RpcStatusProto;
use alidade_hadoop::proto::yarn::{
    AllocateRequestProto, AllocateResponseProto, AmCommandProto, ContainerExceptionMapProto,
    ContainerIdProto, ContainerProto, ContainerStateProto, ContainerStatusProto,
    FinishApplicationMasterResponseProto, GetContainerStatusesRequestProto,
    GetContainerStatusesResponseProto, NmTokenProto, NodeIdProto,
    RegisterApplicationMasterResponseProto, ResourceProto, SerializedExceptionProto,
    StartContainersRequestProto, StartContainersResponseProto, StopContainersRequestProto,
    StopContainersResponseProto,
};
use alidade_hadoop::{
    ApplicationAttemptId, ApplicationId, ContainerId, Fleet, FleetContainer, FleetOptions,
};
use prost::Message;

use crate::application_master::{PASSWORD, log_in, master};
use crate::fake::{Fake, Peer};

/// The attempt that the tests take the part of.
pub const ATTEMPT: ApplicationAttemptId = ApplicationAttemptId {
    application: ApplicationId {
        cluster_timestamp: 1_700_000_000_000,
        number: 7,
    },
    number: 2,
};

pub fn id(number: i64) -> ContainerId {
    ContainerId {
        attempt: ATTEMPT,
        number,
    }
}

/// What happens to one call of the application master.
#[derive(Debug, Clone, Copy)]
pub enum Trick {
    /// It is carried out, and the answer is lost.
    Lose,
    /// An exception of this class, and nothing else.
    Refuse(&'static str),
    /// An answer with this, and nothing else.
    Command(AmCommandProto),
    /// The resource manager has been restarted.
    Restart,
}

#[derive(Debug, Default)]
pub struct State {
    /// For the next heartbeats, and registrations.
    pub heartbeat_tricks: VecDeque<Trick>,
    pub register_tricks: VecDeque<Trick>,
    /// How many containers may still be given.
    pub room: usize,
    /// Said whatever was said before, in the next heartbeat.
    pub completed: Vec<ContainerStatusProto>,
    pub given_unasked: Vec<ContainerProto>,
    pub from_previous_attempts: Vec<ContainerProto>,
    /// Memory from which on an ask is refused.
    pub too_large_mb: Option<i64>,
    pub is_deaf_to_releases: bool,
    pub refuses_foreign_releases: bool,

    is_registered: bool,
    response_id: i32,
    last_answer: AllocateResponseProto,
    pub outstanding: BTreeMap<i64, i64>,
    pub live: BTreeSet<ContainerId>,
    next_number: i64,
    /// Every release that was heard.
    pub released: Vec<ContainerId>,
    /// All allocation request ids ever asked with.
    pub asked: BTreeSet<i64>,
    pub registrations: usize,
    pub is_finished: bool,

    node_port: u16,
    /// What the node manager knows, and whether it runs.
    pub at_node: BTreeMap<ContainerId, bool>,
    pub node_loses_next_answer: bool,
    pub node_forgets_next_start: bool,
}

pub struct FakeCluster {
    state: Arc<Mutex<State>>,
    pub resource_manager: Fake,
    _node_manager: Fake,
}

impl FakeCluster {
    pub async fn start(room: usize) -> FakeCluster {
        let state = Arc::new(Mutex::new(State {
            room,
            next_number: 2,
            ..State::default()
        }));
        let of_node = state.clone();
        let node_manager = Fake::start(move |peer, _| serve_node(peer, of_node.clone())).await;
        state.lock().unwrap().node_port = node_manager.address.port;
        let of_manager = state.clone();
        let resource_manager = Fake::start(move |peer, _| serve(peer, of_manager.clone())).await;
        FakeCluster {
            state,
            resource_manager,
            _node_manager: node_manager,
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub async fn fleet(&self) -> (Fleet, Vec<FleetContainer>) {
        let started = Fleet::start(master(&self.resource_manager), "host", "", ATTEMPT, quick());
        started.await.unwrap()
    }

    /// Forgets everything but containers, as a restart does.
    pub fn restart(&self) {
        self.state().restart();
    }

    /// Waits until the state is as it should be.
    pub async fn until(&self, what: &str, is_so: impl Fn(&State) -> bool) {
        let give_up_at = Instant::now() + Duration::from_secs(20);
        while !is_so(&self.state()) {
            assert!(
                Instant::now() < give_up_at,
                "{what} does not come about: {:?}",
                self.state()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Exactly these live, and nothing is outstanding, now and a while later.
    pub async fn assert_live(&self, held: &[&FleetContainer]) {
        let held: BTreeSet<ContainerId> = held.iter().map(|container| container.id()).collect();
        let is_so = |state: &State| state.live == held && state.outstanding.is_empty();
        self.until(&format!("{held:?} alone"), is_so).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(is_so(&self.state()));
    }
}

/// Everything much sooner than in life.
pub fn quick() -> FleetOptions {
    FleetOptions {
        turn: Duration::from_secs(5),
        start_patience: Duration::from_secs(5),
        heartbeat: Duration::from_millis(20),
        busy_heartbeat: Duration::from_millis(5),
        first_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(50),
        refusal_patience: Duration::from_millis(300),
        release_again: Duration::from_millis(100),
        examine_after: Duration::from_millis(100),
        node_patience: Duration::from_millis(500),
    }
}

pub fn status(id: ContainerId, exit_status: i32, diagnostics: &str) -> ContainerStatusProto {
    ContainerStatusProto {
        container_id: Some(id.into()),
        state: Some(ContainerStateProto::CComplete.into()),
        diagnostics: Some(diagnostics.into()),
        exit_status: Some(exit_status),
        ..ContainerStatusProto::default()
    }
}

impl State {
    pub fn container(&self, id: ContainerId, allocation_request_id: i64) -> ContainerProto {
        ContainerProto {
            id: Some(id.into()),
            node_id: Some(self.node()),
            node_http_address: Some("127.0.0.1:8042".into()),
            resource: Some(ResourceProto {
                memory: Some(128),
                virtual_cores: Some(1),
                resource_value_map: Vec::new(),
            }),
            container_token: Some(token(&id.to_string(), "ContainerToken")),
            allocation_request_id: Some(allocation_request_id),
            ..ContainerProto::default()
        }
    }

    /// What runs in a container ends.
    pub fn end(&mut self, id: ContainerId, exit_status: i32, diagnostics: &str) {
        self.live.remove(&id);
        self.completed.push(status(id, exit_status, diagnostics));
    }

    fn restart(&mut self) {
        self.is_registered = false;
        self.outstanding.clear();
    }

    fn node(&self) -> NodeIdProto {
        NodeIdProto {
            host: Some("127.0.0.1".into()),
            port: Some(i32::from(self.node_port)),
        }
    }

    fn node_tokens(&self) -> Vec<NmTokenProto> {
        vec![NmTokenProto {
            node_id: Some(self.node()),
            token: Some(token("node", "NMToken")),
        }]
    }

    /// An answer, or the class of an exception.
    fn register(&mut self) -> Result<RegisterApplicationMasterResponseProto, &'static str> {
        if self.is_registered {
            return Err("yarn.exceptions.InvalidApplicationMasterRequestException");
        }
        self.is_registered = true;
        self.registrations += 1;
        self.response_id = 0;
        self.last_answer = AllocateResponseProto::default();
        Ok(RegisterApplicationMasterResponseProto {
            maximum_capability: Some(ResourceProto {
                memory: Some(8192),
                virtual_cores: Some(4),
                resource_value_map: Vec::new(),
            }),
            containers_from_previous_attempts: std::mem::take(&mut self.from_previous_attempts),
            nm_tokens_from_previous_attempts: self.node_tokens(),
            ..RegisterApplicationMasterResponseProto::default()
        })
    }

    fn allocate(
        &mut self,
        request: &AllocateRequestProto,
    ) -> Result<AllocateResponseProto, &'static str> {
        if !self.is_registered {
            return Err("yarn.exceptions.ApplicationMasterNotRegisteredException");
        }
        if request.response_id() + 1 == self.response_id {
            return Ok(self.last_answer.clone());
        }
        if request.response_id() != self.response_id {
            return Err("yarn.exceptions.InvalidApplicationMasterRequestException");
        }
        let memory = |capability: &Option<ResourceProto>| capability.clone().unwrap().memory();
        let mut asks = request.ask.iter();
        if let Some(most) = self.too_large_mb
            && asks.any(|ask| memory(&ask.capability) >= most)
        {
            return Err("yarn.exceptions.InvalidLabelResourceRequestException");
        }
        let released: Vec<ContainerId> = request.release.iter().cloned().map(Into::into).collect();
        if self.refuses_foreign_releases && released.iter().any(|id| id.attempt != ATTEMPT) {
            return Err("yarn.exceptions.InvalidContainerReleaseException");
        }
        for ask in &request.ask {
            let id = ask.allocation_request_id();
            self.asked.insert(id);
            match ask.num_containers() {
                0 => self.outstanding.remove(&id),
                number => self.outstanding.insert(id, number.into()),
            };
        }
        for id in released {
            self.released.push(id);
            if !self.is_deaf_to_releases && self.live.remove(&id) {
                self.completed
                    .push(status(id, -100, "Container released by application"));
            }
        }
        let mut allocated = std::mem::take(&mut self.given_unasked);
        while self.room > self.live.len()
            && let Some((wish, number)) = self.outstanding.pop_first()
        {
            if number > 1 {
                self.outstanding.insert(wish, number - 1);
            }
            let id = id(self.next_number);
            self.next_number += 1;
            self.live.insert(id);
            allocated.push(self.container(id, wish));
        }
        self.response_id += 1;
        self.last_answer = AllocateResponseProto {
            response_id: Some(self.response_id),
            nm_tokens: self.node_tokens(),
            allocated_containers: allocated,
            completed_container_statuses: std::mem::take(&mut self.completed),
            containers_from_previous_attempts: std::mem::take(&mut self.from_previous_attempts),
            num_cluster_nodes: Some(1),
            ..AllocateResponseProto::default()
        };
        Ok(self.last_answer.clone())
    }

    fn start_containers(
        &mut self,
        request: StartContainersRequestProto,
    ) -> StartContainersResponseProto {
        let token = request.start_container_request[0].container_token.clone();
        let identifier = String::from_utf8(token.unwrap().identifier).unwrap();
        let id: ContainerId = identifier.parse().unwrap();
        if !std::mem::take(&mut self.node_forgets_next_start) {
            self.at_node.insert(id, true);
        }
        StartContainersResponseProto {
            succeeded_requests: vec![id.into()],
            ..StartContainersResponseProto::default()
        }
    }

    fn statuses(&self, ids: Vec<ContainerIdProto>) -> GetContainerStatusesResponseProto {
        let mut answer = GetContainerStatusesResponseProto::default();
        for id in ids.into_iter().map(ContainerId::from) {
            match self.at_node.get(&id) {
                Some(true) => answer.status.push(ContainerStatusProto {
                    state: Some(ContainerStateProto::CRunning.into()),
                    ..status(id, -1000, "")
                }),
                Some(false) => answer.status.push(status(id, 3, "at the node")),
                None => answer.failed_requests.push(ContainerExceptionMapProto {
                    container_id: Some(id.into()),
                    exception: Some(SerializedExceptionProto {
                        message: Some(format!("Container {id} is not handled by this NodeManager")),
                        class_name: Some("org.apache.hadoop.yarn.exceptions.YarnException".into()),
                        ..SerializedExceptionProto::default()
                    }),
                }),
            }
        }
        answer
    }
}

fn token(identifier: &str, kind: &str) -> TokenProto {
    TokenProto {
        identifier: identifier.into(),
        password: PASSWORD.to_vec(),
        kind: kind.into(),
        service: String::new(),
    }
}

async fn serve(mut peer: Peer, state: Arc<Mutex<State>>) -> Option<()> {
    log_in(&mut peer).await?;
    while let Some(call) = peer.call().await {
        let trick = {
            let mut state = state.lock().unwrap();
            match call.method.as_str() {
                "allocate" => state.heartbeat_tricks.pop_front(),
                "registerApplicationMaster" => state.register_tricks.pop_front(),
                _ => None,
            }
        };
        if let Some(Trick::Restart) = trick {
            state.lock().unwrap().restart();
        }
        if let Some(Trick::Command(command)) = trick {
            // It knows nothing of the application master any more.
            state.lock().unwrap().restart();
            let answer = AllocateResponseProto {
                response_id: Some(1000),
                a_m_command: Some(command.into()),
                ..AllocateResponseProto::default()
            };
            peer.send_answer(call.id, &answer).await?;
            continue;
        }
        if let Some(Trick::Refuse(class)) = trick {
            peer.refuse(call.id, RpcStatusProto::Error, class).await?;
            continue;
        }
        let answer = match call.method.as_str() {
            "allocate" => {
                let request =
                    AllocateRequestProto::decode_length_delimited(call.request.as_slice());
                let answer = state.lock().unwrap().allocate(&request.unwrap());
                answer.map(|answer| answer.encode_to_vec())
            }
            "registerApplicationMaster" => {
                let answer = state.lock().unwrap().register();
                answer.map(|answer| answer.encode_to_vec())
            }
            "finishApplicationMaster" => {
                let mut state = state.lock().unwrap();
                let is_unregistered = std::mem::replace(&mut state.is_finished, true);
                let answer = FinishApplicationMasterResponseProto {
                    is_unregistered: Some(is_unregistered),
                };
                Ok(answer.encode_to_vec())
            }
            other => panic!("{other} was called"),
        };
        if let Some(Trick::Lose) = trick {
            return None;
        }
        match answer {
            Ok(answer) => peer.send_encoded(call.id, &answer).await?,
            Err(class) => peer.refuse(call.id, RpcStatusProto::Error, class).await?,
        }
    }
    None
}

async fn serve_node(mut peer: Peer, state: Arc<Mutex<State>>) -> Option<()> {
    log_in(&mut peer).await?;
    while let Some(call) = peer.call().await {
        let request = call.request.as_slice();
        let (answer, is_lost) = {
            let mut state = state.lock().unwrap();
            let answer = match call.method.as_str() {
                "startContainers" => {
                    let request = StartContainersRequestProto::decode_length_delimited(request);
                    state.start_containers(request.unwrap()).encode_to_vec()
                }
                "getContainerStatuses" => {
                    let request =
                        GetContainerStatusesRequestProto::decode_length_delimited(request);
                    state
                        .statuses(request.unwrap().container_id)
                        .encode_to_vec()
                }
                "stopContainers" => {
                    let request = StopContainersRequestProto::decode_length_delimited(request);
                    for id in request.unwrap().container_id {
                        let id = id.into();
                        state.at_node.insert(id, false);
                        state.end(id, -105, "");
                    }
                    StopContainersResponseProto::default().encode_to_vec()
                }
                other => panic!("{other} was called"),
            };
            (answer, std::mem::take(&mut state.node_loses_next_answer))
        };
        if is_lost {
            return None;
        }
        peer.send_encoded(call.id, &answer).await?;
    }
    None
}
