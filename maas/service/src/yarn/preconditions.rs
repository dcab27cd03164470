//! What must not be there before anything is uploaded.

use std::path::Path;

use alidade_hadoop::{ApplicationId, RemoteKind, ResourceManager};
use alidade_maas_core::{Registry, ZooKeeperRegistry};
use alidade_zookeeper::{SASL_VARIABLE, Security};

use super::submit::SubmitError;

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

/// Only one service may serve a queue.
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
