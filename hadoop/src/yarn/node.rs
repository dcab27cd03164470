use super::ids::NodeId;
use super::resource::Resource;
use crate::proto::yarn::{NodeReportProto, NodeStateProto};

/// One node of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReport {
    pub id: NodeId,
    /// `host:port` of the node manager's web pages.
    pub http_address: String,
    pub rack: String,
    pub state: NodeState,
    /// Why it is unhealthy, when it is.
    pub health_report: String,
    pub capability: Resource,
    pub used: Resource,
    pub containers: i32,
    pub labels: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeState {
    New,
    Running,
    Unhealthy,
    Decommissioned,
    Lost,
    Rebooted,
    Decommissioning,
    Shutdown,
    /// One that this client does not know.
    Other(i32),
}

impl From<i32> for NodeState {
    fn from(number: i32) -> Self {
        match NodeStateProto::try_from(number) {
            Ok(NodeStateProto::NsNew) => NodeState::New,
            Ok(NodeStateProto::NsRunning) => NodeState::Running,
            Ok(NodeStateProto::NsUnhealthy) => NodeState::Unhealthy,
            Ok(NodeStateProto::NsDecommissioned) => NodeState::Decommissioned,
            Ok(NodeStateProto::NsLost) => NodeState::Lost,
            Ok(NodeStateProto::NsRebooted) => NodeState::Rebooted,
            Ok(NodeStateProto::NsDecommissioning) => NodeState::Decommissioning,
            Ok(NodeStateProto::NsShutdown) => NodeState::Shutdown,
            Err(_) => NodeState::Other(number),
        }
    }
}

impl From<NodeReportProto> for NodeReport {
    fn from(report: NodeReportProto) -> Self {
        Self {
            state: report.node_state.unwrap_or_default().into(),
            containers: report.num_containers(),
            id: report.node_id.unwrap_or_default().into(),
            http_address: report.http_address.unwrap_or_default(),
            rack: report.rack_name.unwrap_or_default(),
            health_report: report.health_report.unwrap_or_default(),
            capability: report.capability.unwrap_or_default().into(),
            used: report.used.unwrap_or_default().into(),
            labels: report.node_labels,
        }
    }
}
