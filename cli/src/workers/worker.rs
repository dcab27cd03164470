//! A worker: the stage command, in a container.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;

use tokio::runtime::Runtime;

use super::SETTINGS;
use super::announcement::Announcement;
use super::settings::Settings;
use crate::{CliError, commands};

/// The commands that a worker may be.
const STAGES: [&str; 5] = [
    "start_parser_topology",
    "start_enrichment_topology",
    "start_elasticsearch_topology",
    "start_solr_topology",
    "start_hdfs_topology",
];

/// Where to announce that this process works, if it is a worker.
static MASTER: OnceLock<Master> = OnceLock::new();

#[derive(Debug)]
struct Master {
    file_system: String,
    directory: String,
    container: String,
}

/// Runs the stage until SIGTERM.
pub fn run() -> Result<(), CliError> {
    let settings = Settings::read(Path::new(SETTINGS))?;
    if !STAGES.contains(&settings.command.as_str()) {
        return Err(CliError::Usage(format!(
            "{} is no stage that a worker can run",
            settings.command
        )));
    }
    settings.write_files(Path::new(""))?;
    let container = std::env::var("CONTAINER_ID")
        .map_err(|_| CliError::Failed("CONTAINER_ID is not in the environment".to_owned()))?;
    let arguments = arguments(&settings, &container);
    // It is set once, before anything reads it.
    let _ = MASTER.set(Master {
        file_system: settings.file_system,
        directory: settings.directory,
        container,
    });
    commands::run(&settings.command, &arguments)
}

/// Brokers show which worker a member of the group is. What the user says about it comes later, and so counts.
fn arguments(settings: &Settings, container: &str) -> Vec<String> {
    let client = format!("--kafka-property=client.id=alidade-{container}");
    let mut arguments = vec![client];
    arguments.extend(settings.arguments.iter().cloned());
    arguments
}

/// Tells the master that the stage works, if this process is a worker.
pub fn announce(runtime: &Runtime, bound: Option<SocketAddr>) {
    let Some(master) = MASTER.get() else { return };
    let node = std::env::var("NM_HOST").unwrap_or_default();
    let announcement = Announcement::new(bound, &node);
    runtime.spawn(async move {
        announcement
            .write(&master.file_system, &master.directory, &master.container)
            .await;
    });
}
