//! Finds and ends applications.

use std::time::{Duration, Instant};

use alidade_hadoop::{
    ApplicationId, ApplicationReport, ApplicationState, FileSystem, HadoopConf, HadoopError,
    RemoteKind, ResourceManager,
};
use alidade_maas_core::{LauncherKind, default_launcher};
use tokio::time::{sleep, timeout};

use super::state::{MOST_BYTES, WorkersState, now_ms};
use super::{FOLDER, KIND, STATE_FILE, STOP_FILE, Topology, say};
use crate::{CliError, stage_process};

const LOOK: Duration = Duration::from_millis(500);
/// For workers to finish their batches, and everything around it; longer than the master takes at most.
const STOP_WITHIN: Duration = Duration::from_secs(90);
const KILL_PATIENCE: Duration = Duration::from_secs(30);
/// How long `status` waits for a cluster that does not answer.
const STATUS_WITHIN: Duration = Duration::from_secs(30);

/// Whether the environment names a YARN cluster.
pub fn is_configured() -> bool {
    default_launcher() == LauncherKind::Yarn
}

/// Lines about the applications that a command has started and that still live.
pub fn status(command: &str) -> Vec<String> {
    let asked = on_runtime(async {
        match timeout(STATUS_WITHIN, status_lines(command)).await {
            Ok(lines) => lines.map_err(CliError::failed),
            Err(_) => Err(CliError::Failed("it does not answer".to_owned())),
        }
    });
    asked.unwrap_or_else(|error| vec![format!("YARN cannot be asked: {error}")])
}

async fn status_lines(command: &str) -> Result<Vec<String>, HadoopError> {
    let conf = HadoopConf::from_environment()?;
    let resource_manager = ResourceManager::connect(&conf)?;
    let files = FileSystem::connect(&conf, None).await?;
    let mut lines = Vec::new();
    for report in living(&resource_manager, command).await? {
        let state = read_state(&files, &directory(&files, &report)).await;
        let state = state.ok().flatten();
        lines.push(headline(command, &report, state.as_ref()));
        let workers = state.map(|state| state.lines(now_ms())).unwrap_or_default();
        lines.extend(workers.into_iter().map(|line| format!("  {line}")));
    }
    Ok(lines)
}

fn headline(command: &str, report: &ApplicationReport, state: Option<&WorkersState>) -> String {
    let ApplicationReport {
        name,
        id,
        user,
        queue,
        host,
        ..
    } = report;
    let mut text = format!("{command} {name} {} {id}", state_text(report));
    if let Some(state) = state {
        text += &format!(
            ", {} of {} workers run",
            state.running(),
            state.workers.len()
        );
    }
    text += &format!(", user {user}, queue {queue}");
    if report.state == ApplicationState::Running {
        text += &format!(", master on {host}");
    }
    text
}

/// The state in upstream's words where it has one.
fn state_text(report: &ApplicationReport) -> String {
    match report.state {
        ApplicationState::Running => "ACTIVE".to_owned(),
        other => format!("{other:?}").to_uppercase(),
    }
}

/// The applications of a command that have not ended, the oldest first.
pub async fn living(
    resource_manager: &ResourceManager,
    command: &str,
) -> Result<Vec<ApplicationReport>, HadoopError> {
    let mut reports = resource_manager
        .applications(&[KIND], &[command], true)
        .await?;
    reports.retain(|report| {
        report.kind == KIND
            && !report.state.is_final()
            && report.tags.iter().any(|tag| tag == command)
    });
    reports.sort_by_key(|report| (report.started_ms, report.id.to_string()));
    Ok(reports)
}

/// Where the application of a report has its files, if it is this user's.
fn directory(files: &FileSystem, report: &ApplicationReport) -> String {
    format!("{}/{FOLDER}/{}", files.home(), report.id)
}

/// What the master has written down; nothing while there is nothing, or a new one is being written.
pub async fn read_state(
    files: &FileSystem,
    directory: &str,
) -> Result<Option<WorkersState>, HadoopError> {
    let path = format!("{directory}/{STATE_FILE}");
    let bytes = files.read(&path, MOST_BYTES).await?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Ends the applications of a topology, orderly if possible, and waits for their end. Gives a sentence for each.
///
/// # Errors
/// When the cluster cannot be asked, and when an application belongs to another user.
pub fn stop(topology: &Topology) -> Result<Vec<String>, CliError> {
    on_runtime(async {
        let conf = HadoopConf::from_environment().map_err(CliError::failed)?;
        let resource_manager = ResourceManager::connect(&conf).map_err(CliError::failed)?;
        let reports = living(&resource_manager, topology.command).await;
        let mut reports = reports.map_err(CliError::failed)?;
        reports.retain(|report| report.name == topology.name);
        let mut ended = Vec::new();
        if reports.is_empty() {
            return Ok(ended);
        }
        let files = FileSystem::connect(&conf, None)
            .await
            .map_err(CliError::failed)?;
        for report in reports {
            if report.user != files.user() {
                return Err(CliError::Failed(format!(
                    "{} of {} belongs to the user {}, who has to end it",
                    report.id, topology.name, report.user
                )));
            }
            let line = stop_one(&resource_manager, &files, &report).await;
            ended.push(line.map_err(CliError::failed)?);
        }
        Ok(ended)
    })
}

async fn stop_one(
    resource_manager: &ResourceManager,
    files: &FileSystem,
    report: &ApplicationReport,
) -> Result<String, HadoopError> {
    let (id, name) = (report.id, &report.name);
    let directory = directory(files, report);
    let asked = Instant::now();
    let mut reason = format!("did not end within {} s", STOP_WITHIN.as_secs());
    match ask_to_end(files, &directory).await {
        Ok(()) => {
            say(&format!("{name}: the workers of {id} finish their batches"));
            while asked.elapsed() < STOP_WITHIN {
                if has_ended(resource_manager, id).await? {
                    return Ok(format!("{name} has stopped ({id})"));
                }
                sleep(LOOK).await;
            }
        }
        Err(error) => reason = format!("cannot be asked to end ({error})"),
    }
    let words = "it did not end when it was asked to";
    resource_manager
        .kill_application(id, words, KILL_PATIENCE)
        .await?;
    if let Err(error) = files.delete(&directory).await {
        say(&format!("the files of {id} stay in HDFS: {error}"));
    }
    Ok(format!("{name} {reason} and was killed ({id})"))
}

async fn ask_to_end(files: &FileSystem, directory: &str) -> Result<(), HadoopError> {
    if files.status(directory).await?.is_none() {
        return Err(HadoopError::Invalid(format!("{directory} is not there")));
    }
    files
        .write(&format!("{directory}/{STOP_FILE}"), b"stop\n", 0o600)
        .await?;
    Ok(())
}

async fn has_ended(
    resource_manager: &ResourceManager,
    id: ApplicationId,
) -> Result<bool, HadoopError> {
    match resource_manager.application_report(id).await {
        Ok(report) => Ok(report.state.is_final()),
        Err(error) if error.remote_kind() == Some(RemoteKind::ApplicationNotFound) => Ok(true),
        Err(error @ HadoopError::Remote(_)) => Err(error),
        Err(error) => {
            tracing::warn!(%error, "cannot ask for the application, trying again");
            Ok(false)
        }
    }
}

pub fn on_runtime<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = stage_process::runtime()?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}
