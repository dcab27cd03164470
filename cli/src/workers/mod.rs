//! `--yarn`: a stage with many workers, each in a YARN container, all in one consumer group.
//!
//! - [`plan`] turns a command line into what workers are told, and takes the files of this machine along.
//! - [`submit`] is the client: it uploads this program and submits the application.
//! - [`master`] is the application master: a [`slot`] for each worker sees to it that one runs.
//! - [`worker`] is what runs in a container: the stage command itself. By an [`announcement`] the master learns that it works.
//! - [`operate`] finds and ends applications.
//!
//! What passes between them is in the application's directory in HDFS: the [`settings`], the [`state`] that the master
//! writes, and a file by which it is asked to end.

mod announcement;
mod launch;
mod leftovers;
mod master;
mod operate;
pub mod options;
mod plan;
mod settings;
mod slot;
mod state;
mod submit;
mod topology;
mod worker;

use std::io::Write;

use alidade_maas_core::posix_options::ParsedOptions;
use alidade_pipeline::{Services, StageSpec};

pub use operate::{is_configured, status, stop};
pub use topology::Topology;

use crate::stage_process::{self, CommonOptions};
use crate::{CliError, logging};
use options::YarnOptions;

/// Not in the overview: YARN calls it, with `master` or `worker`.
pub const HIDDEN_COMMAND: &str = "yarn_workers";

/// To find our applications by.
const KIND: &str = "alidade-topology";
/// Below the home directory in HDFS: a directory for each application.
const FOLDER: &str = ".alidade";
/// In an application's directory: the wish that it ends. Its content does not matter.
const STOP_FILE: &str = "stop";
/// In an application's directory: how its workers do.
const STATE_FILE: &str = "state.json";

/// In an application's directory: a file for each worker that has started.
const STARTED_FOLDER: &str = "started";

/// In the working directory of a container.
const BINARY: &str = ".alidade/alidade";
const SETTINGS: &str = ".alidade/workers.json";
const KEYTAB: &str = ".alidade/keytab";
const KERBEROS_CONF: &str = ".alidade/krb5.conf";
const CONFIGURATION: &str = "hadoop-conf";
/// A container's output.
const LOGS: &str = "1><LOG_DIR>/stdout 2><LOG_DIR>/stderr";

/// Runs a stage as its command line says: in this process, or by workers on YARN.
///
/// # Errors
/// When it does not run.
pub fn run_stage(
    topology: &Topology,
    parsed: &ParsedOptions,
    common: &CommonOptions,
    choose_stages: impl FnOnce(&Services) -> Result<Vec<StageSpec>, CliError>,
) -> Result<(), CliError> {
    let Some(yarn) = YarnOptions::read(topology.command, parsed)? else {
        logging::install(None);
        return stage_process::run(common, choose_stages, worker::announce);
    };
    logging::install(Some("error"));
    if !is_configured() {
        return Err(CliError::Usage(
            "--yarn: which cluster? Set HADOOP_CONF_DIR to the folder with its core-site.xml, hdfs-site.xml and \
             yarn-site.xml"
                .to_owned(),
        ));
    }
    let plan = plan::plan(topology.command, parsed, yarn.workers)?;
    stage_process::check(common, choose_stages)?;
    submit::start(topology, yarn, plan)
}

/// Runs the part of an application that this container is for.
///
/// # Errors
/// When it cannot, or ends before it is told to.
pub fn run_hidden(arguments: &[String]) -> Result<(), CliError> {
    match arguments.first().map(String::as_str) {
        Some("master") => {
            logging::install(None);
            master::run()
        }
        Some("worker") => worker::run(),
        _ => Err(CliError::Usage(format!(
            "{HIDDEN_COMMAND} is started in YARN containers, by the stage commands with --yarn"
        ))),
    }
}

/// Prints a line. Things go on where nobody reads it.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
