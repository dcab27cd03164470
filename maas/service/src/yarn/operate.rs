//! Looks after a service that runs: its status, its end.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use alidade_hadoop::{ApplicationId, HadoopConf, HadoopError, RemoteKind, ResourceManager};
use alidade_maas_core::{Registry, ServiceStatus, ZooKeeperOptions, ZooKeeperRegistry, printable};
use tokio::time::sleep;

use super::submit::{KIND, SubmitError};

const LOOK: Duration = Duration::from_millis(500);
const KILL_PATIENCE: Duration = Duration::from_secs(30);

/// Describes the service that serves a configuration: who, since when, its instances.
pub(crate) async fn print_status(options: ZooKeeperOptions) -> Result<String, SubmitError> {
    let registry = ZooKeeperRegistry::connect(options).await?;
    registry.require_config_node().await?;
    let Some(holder) = registry.holder().await? else {
        return Ok(nobody_serves().await);
    };
    let mut text = format!("served by {}\n", printable(&holder));
    if let Ok(id) = holder.parse::<ApplicationId>() {
        text += &application_line(id).await;
    }
    let status = registry.published_status().await?.unwrap_or_default();
    describe(&status, &mut text);
    Ok(text)
}

/// No master holds the queue now; one may be about to.
async fn nobody_serves() -> String {
    let mut text = "no model service serves the queue\n".to_owned();
    let asked = async {
        let resource_manager = ResourceManager::connect(&HadoopConf::from_environment()?)?;
        resource_manager.applications(&[KIND], &[], true).await
    };
    for report in asked.await.unwrap_or_default() {
        let _ = writeln!(
            text,
            "but {} of user {} is {:?} and may be a service whose master is just starting, or hangs; end it with `yarn \
             application -kill {}` if it is not to serve",
            report.id,
            printable(&report.user),
            report.state,
            report.id
        );
    }
    text
}

async fn application_line(id: ApplicationId) -> String {
    let asked = async {
        let resource_manager = ResourceManager::connect(&HadoopConf::from_environment()?)?;
        resource_manager.application_report(id).await
    };
    match asked.await {
        Ok(report) => {
            let attempt = report.attempt.map_or(0, |attempt| attempt.number);
            format!(
                "YARN: {:?}, user {}, queue {}, attempt {attempt} on {}\n",
                report.state, report.user, report.queue, report.host
            )
        }
        Err(error) => format!("YARN cannot be asked: {error}\n"),
    }
}

fn describe(status: &ServiceStatus, text: &mut String) {
    if status.instances.is_empty() {
        text.push_str("no models are wanted\n");
    }
    for instance in &status.instances {
        let _ = write!(
            text,
            "{} {}: {}",
            printable(&instance.name),
            printable(&instance.version),
            instance.state.as_str()
        );
        if let Some(url) = &instance.url {
            let _ = write!(text, " at {}", printable(url));
        }
        if instance.failures > 0 {
            let _ = write!(text, ", {} failures in a row", instance.failures);
        }
        if let Some(place) = &instance.place {
            let _ = write!(text, " ({})", printable(place));
        }
        if let Some(failure) = &instance.last_failure {
            let _ = write!(text, "; last failure: {}", printable(failure));
        }
        text.push('\n');
    }
    for rejection in &status.rejected {
        let _ = writeln!(
            text,
            "refused {}: {}",
            printable(&rejection.item),
            printable(&rejection.reason)
        );
    }
}

/// Ends the service that serves a configuration, with its models, and waits until it has ended.
pub(crate) async fn stop_service(
    options: ZooKeeperOptions,
    patience: Duration,
) -> Result<String, SubmitError> {
    let registry = ZooKeeperRegistry::connect(options).await?;
    registry.require_config_node().await?;
    let Some(holder) = registry.holder().await? else {
        return Ok(nobody_serves().await);
    };
    let Ok(id) = holder.parse::<ApplicationId>() else {
        return Err(SubmitError::Precondition(format!(
            "the service is no YARN application but {holder}; end it there, or with `maas_service.sh stop` if it was \
             started with --detach"
        )));
    };
    registry.request_stop(Some(&holder)).await?;
    let resource_manager = ResourceManager::connect(&HadoopConf::from_environment()?)?;
    let give_up_at = Instant::now() + patience;
    loop {
        match resource_manager.application_report(id).await {
            Ok(report) if report.state.is_final() => {
                return Ok(format!("{id} has ended ({:?})\n", report.final_status));
            }
            Ok(_) => {}
            Err(error) if error.remote_kind() == Some(RemoteKind::ApplicationNotFound) => {
                return Ok(format!("{id} is not known to YARN any more\n"));
            }
            Err(error @ HadoopError::Remote(_)) => return Err(error.into()),
            Err(error) => tracing::warn!(%error, "cannot ask for the application, trying again"),
        }
        if Instant::now() > give_up_at {
            break;
        }
        sleep(LOOK).await;
    }
    resource_manager
        .kill_application(id, "it did not end when it was asked to", KILL_PATIENCE)
        .await?;
    registry.request_stop(None).await?;
    Ok(format!(
        "{id} did not end within {} s and was killed\n",
        patience.as_secs()
    ))
}
