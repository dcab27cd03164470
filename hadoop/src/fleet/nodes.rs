use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::yarn::{ApplicationMaster, NodeId, NodeManager};
use crate::{HadoopError, Token};

/// The node managers of the nodes on which there are containers: one connection each. Kept up by the heartbeats' task
/// and read by the containers, which do not wait for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Nodes {
    known: Arc<Mutex<HashMap<NodeId, (Token, NodeManager)>>>,
}

impl Nodes {
    /// # Errors
    /// [`HadoopError::Invalid`] when none of our containers is there, or there is no token for it.
    pub(super) fn node_manager(&self, node: &NodeId) -> Result<NodeManager, HadoopError> {
        let known = self.lock();
        let found = known
            .get(node)
            .map(|(_, node_manager)| node_manager.clone());
        found.ok_or_else(|| {
            HadoopError::Invalid(format!(
                "the resource manager has given no token for node {node}, or none of our containers is there any more"
            ))
        })
    }

    /// Knows a node, by its newest token. An older token would not do for a connection after this one.
    pub(super) fn learn(&self, master: &ApplicationMaster, node: &NodeId) {
        let Some(token) = master.node_token(node) else {
            tracing::warn!(%node, "the resource manager has given a container there, but no token for it");
            return;
        };
        let mut known = self.lock();
        if known.get(node).is_some_and(|(of_old, _)| of_old == token) {
            return;
        }
        match master.node_manager(node) {
            Ok(node_manager) => {
                known.insert(node.clone(), (token.clone(), node_manager));
            }
            Err(error) => tracing::warn!(%node, %error, "cannot talk to the node manager"),
        }
    }

    /// Takes new tokens over, and forgets nodes (with their connections) on which nothing is any more.
    pub(super) fn refresh(&self, master: &ApplicationMaster, needed: &HashSet<&NodeId>) {
        self.lock().retain(|node, _| needed.contains(node));
        let known: Vec<NodeId> = self.lock().keys().cloned().collect();
        for node in known {
            self.learn(master, &node);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, (Token, NodeManager)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
