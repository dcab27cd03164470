//! What must be there before anything is uploaded.

use std::path::Path;

use alidade_hadoop::{
    ApplicationId, HadoopError, QueueInfo, QueueState, RemoteKind, ResourceManager,
};
use alidade_maas_core::{Registry, ZooKeeperRegistry};
use alidade_zookeeper::{SASL_VARIABLE, Security};

use super::submit::{Say, SubmitError};

/// Containers must be able to log in to ZooKeeper if we have to.
pub(super) fn check_log_in(keytab: Option<&Path>) -> Result<(), SubmitError> {
    let security = Security::from_environment()
        .map_err(|error| SubmitError::Precondition(error.to_string()))?;
    if security == Security::None || keytab.is_some() {
        return Ok(());
    }
    Err(SubmitError::Precondition(format!(
        "{SASL_VARIABLE} says that ZooKeeper demands tickets, and containers have none of their own: give a keytab with \
         --keytab, with which the master and its models log in"
    )))
}

/// A node, and a queue that takes applications.
pub(super) async fn check_cluster(
    resource_manager: &ResourceManager,
    queue: &str,
    say: Say<'_>,
) -> Result<(), SubmitError> {
    let nodes = resource_manager.running_nodes().await?;
    if nodes.is_empty() {
        return Err(SubmitError::Precondition(
            "the resource manager has no running node: start a NodeManager".to_owned(),
        ));
    }
    say(&format!("YARN has {} running nodes", nodes.len()));
    let info = match resource_manager.queue_info(queue).await {
        Ok(info) => info,
        Err(error @ (HadoopError::Remote(_) | HadoopError::Answer { .. })) => {
            let all = resource_manager.queue_info("root").await;
            let mut names = Vec::new();
            if let Ok(root) = &all {
                leaves(root, &mut names);
            }
            return Err(SubmitError::Precondition(format!(
                "YARN has no queue \"{queue}\" ({error}); its queues are: {}; choose one with -q",
                names.join(", ")
            )));
        }
        Err(error) => return Err(error.into()),
    };
    if info.state != QueueState::Running {
        return Err(SubmitError::Precondition(format!(
            "the queue \"{queue}\" takes no applications now ({:?}); choose another with -q",
            info.state
        )));
    }
    if !info.children.is_empty() {
        let mut names = Vec::new();
        leaves(&info, &mut names);
        return Err(SubmitError::Precondition(format!(
            "the queue \"{queue}\" only holds other queues; choose one of {} with -q",
            names.join(", ")
        )));
    }
    Ok(())
}

fn leaves(queue: &QueueInfo, names: &mut Vec<String>) {
    if queue.children.is_empty() {
        names.push(queue.name.clone());
    }
    for child in &queue.children {
        leaves(child, names);
    }
}

pub(super) async fn check_not_served(
    registry: &ZooKeeperRegistry,
    resource_manager: &ResourceManager,
) -> Result<(), SubmitError> {
    let Some(holder) = registry.holder().await? else {
        return Ok(());
    };
    let stop = "end it with `maas_service.sh stop -zq ...`, or give this one its own configuration node (-zr)";
    let Ok(application) = holder.parse::<ApplicationId>() else {
        return Err(SubmitError::Precondition(format!(
            "another model service ({holder}) serves the queue; {stop}"
        )));
    };
    match resource_manager.application_report(application).await {
        // Its claim is about to go, with its session.
        Ok(report) if report.state.is_final() => Ok(()),
        Err(error) if error.remote_kind() == Some(RemoteKind::ApplicationNotFound) => Ok(()),
        _ => Err(SubmitError::Precondition(format!(
            "another model service ({application}) serves the queue; {stop}"
        ))),
    }
}
