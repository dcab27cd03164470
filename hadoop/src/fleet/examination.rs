use std::collections::HashMap;

use super::ContainerEnd;
use super::nodes::Nodes;
use crate::yarn::{ContainerId, ContainerState, NodeId};

/// What a node manager has said about a container that the resource manager may have forgotten.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) id: ContainerId,
    pub(super) verdict: Verdict,
}

#[derive(Debug)]
pub(super) enum Verdict {
    Lives,
    Ended(ContainerEnd),
    /// It was never started, or has ended long ago.
    Unknown(String),
    /// The node manager does not answer.
    Unclear(String),
}

/// Asks the node managers, all at once.
pub(super) async fn examine(nodes: &Nodes, doubtful: Vec<(ContainerId, NodeId)>) -> Vec<Finding> {
    let mut by_node: HashMap<NodeId, Vec<ContainerId>> = HashMap::new();
    for (id, node) in doubtful {
        by_node.entry(node).or_default().push(id);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for (node, ids) in by_node {
        let nodes = nodes.clone();
        tasks.spawn(async move { examine_node(&nodes, &node, &ids).await });
    }
    let mut findings = Vec::new();
    while let Some(of_node) = tasks.join_next().await {
        findings.extend(of_node.unwrap_or_default());
    }
    findings
}

async fn examine_node(nodes: &Nodes, node: &NodeId, ids: &[ContainerId]) -> Vec<Finding> {
    let asked = match nodes.node_manager(node) {
        Ok(node_manager) => node_manager.container_statuses(ids).await,
        Err(error) => Err(error),
    };
    let (statuses, refusals) = match asked {
        Ok(answer) => answer,
        Err(error) => {
            let unclear = |id: &ContainerId| Finding {
                id: *id,
                verdict: Verdict::Unclear(error.to_string()),
            };
            return ids.iter().map(unclear).collect();
        }
    };
    let found = statuses.into_iter().map(|status| Finding {
        id: status.id,
        verdict: match status.state {
            ContainerState::Complete => Verdict::Ended(ContainerEnd {
                exit_status: status.exit_status,
                diagnostics: status.diagnostics,
            }),
            _ => Verdict::Lives,
        },
    });
    let unknown = refusals.into_iter().map(|refusal| Finding {
        id: refusal.id,
        verdict: Verdict::Unknown(refusal.message),
    });
    found.chain(unknown).collect()
}
