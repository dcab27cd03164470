//! Options that all stage commands share, and what runs in the background.

use std::path::PathBuf;

use alidade_maas_core::posix_options::{OptionSpec, OptionsError, ParsedOptions, PosixOptions};

use crate::CliError;
use crate::background::{Background, status};
use crate::stage_process::CommonOptions;
use crate::workers::options as yarn;
use crate::workers::{self, Topology};

pub const HELP: OptionSpec = OptionSpec::flag("h", "help", "This screen");
pub const KAFKA: OptionSpec = OptionSpec::value(
    "k",
    "kafka",
    "Kafka brokers, host:port[,host:port]; without it, the ones that are registered in ZooKeeper",
);
pub const ZOOKEEPER: OptionSpec =
    OptionSpec::value("z", "zk", "ZooKeeper quorum, host:port[,host:port]");
pub const SECURITY: OptionSpec =
    OptionSpec::value("ksp", "kafka_security_protocol", "Kafka security protocol");
pub const CONFIG_DIR: OptionSpec = OptionSpec::value(
    "",
    "config-dir",
    "Folder with the configuration, instead of ZooKeeper",
);
pub const PATTERNS_DIR: OptionSpec = OptionSpec::value(
    "",
    "patterns-dir",
    "Folder in which grok pattern files are looked up first",
);
pub const HTTP: OptionSpec = OptionSpec::value(
    "",
    "http",
    "Address for /health, /metrics and /config, host:port; off without it",
);
pub const PROPERTY: OptionSpec = OptionSpec::value(
    "",
    "kafka-property",
    "name=value for every Kafka client (librdkafka's names); repeatable",
);
pub const REMOTE: OptionSpec =
    OptionSpec::value("", "remote", "Upstream's Flux file; accepted, ignored");
pub const FILTER: OptionSpec = OptionSpec::value(
    "",
    "filter",
    "Upstream's properties file; accepted, ignored",
);
pub const DETACH: OptionSpec = OptionSpec::flag(
    "",
    "detach",
    "Run in the background; `status` and `stop` in place of options find it again",
);

/// The shared part of a command line.
///
/// # Errors
/// When a property has no `=`.
pub fn common(parsed: &ParsedOptions) -> Result<CommonOptions, CliError> {
    let text = |name: &str| parsed.value(name).map(str::to_owned);
    let kafka_properties = parsed
        .values("kafka-property")
        .into_iter()
        .map(|property| match property.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(CliError::Usage(format!(
                "--kafka-property {property}: write name=value"
            ))),
        })
        .collect::<Result<Vec<_>, CliError>>()?;
    Ok(CommonOptions {
        kafka: text("kafka"),
        zookeeper: text("zk"),
        config_dir: text("config-dir").map(PathBuf::from),
        patterns_dir: text("patterns-dir").map(PathBuf::from),
        http: text("http"),
        security_protocol: text("kafka_security_protocol"),
        kafka_properties,
    })
}

/// What a stage command is asked to do.
pub enum Asked {
    /// Done already: help, status, stop, or started in the background.
    Done,
    Run(ParsedOptions),
}

/// Reads a stage command's line, and takes care of help, `status`, `stop` and `--detach`.
///
/// `topology_of` says what the line is about.
///
/// # Errors
/// When the line cannot be read, or what it asks for does not work.
pub fn read(
    command: &str,
    table: &PosixOptions,
    arguments: &[String],
    topology_of: impl Fn(&ParsedOptions) -> Result<Topology, CliError>,
) -> Result<Asked, CliError> {
    let action = arguments
        .first()
        .map(String::as_str)
        .filter(|word| matches!(*word, "status" | "stop"));
    if action == Some("status") {
        super::print(&format!("{}\n", status_text(command, table)))?;
        return Ok(Asked::Done);
    }
    let parsed = table.parse(arguments).map_err(|error| match error {
        OptionsError::MissingOptions(_) if action == Some("stop") => CliError::Usage(format!(
            "which one? Repeat the -s SENSOR that it was started with.\n{}",
            status_text(command, table)
        )),
        error => CliError::Usage(format!("{error}\n{}", table.usage())),
    })?;
    if parsed.has("help") {
        super::print(&table.usage())?;
        return Ok(Asked::Done);
    }
    let topology = topology_of(&parsed)?;
    let background = Background::new(&topology.process_name());
    if action == Some("stop") {
        stop(&topology, &background, table)?;
        return Ok(Asked::Done);
    }
    // On YARN it runs in the background anyway.
    if parsed.has("detach") && !parsed.has(yarn::YARN.long) {
        let mut forwarded = vec![command.to_owned()];
        forwarded.extend(
            arguments
                .iter()
                .filter(|argument| *argument != "--detach")
                .cloned(),
        );
        super::print(&format!("{}\n", background.start(&forwarded)?))?;
        return Ok(Asked::Done);
    }
    Ok(Asked::Run(parsed))
}

/// Ends what a command has started, wherever it runs.
fn stop(
    topology: &Topology,
    background: &Background,
    table: &PosixOptions,
) -> Result<(), CliError> {
    if !may_be_on_yarn(table) {
        return super::print(&format!("{}\n", background.stop()?));
    }
    let was_here = background.is_running();
    if was_here {
        super::print(&format!("{}\n", background.stop()?))?;
    }
    let lines = workers::stop(topology)?;
    if !lines.is_empty() {
        return super::print(&format!("{}\n", lines.join("\n")));
    }
    if was_here {
        return Ok(());
    }
    Err(CliError::Failed(format!(
        "{} does not run",
        topology.process_name()
    )))
}

fn may_be_on_yarn(table: &PosixOptions) -> bool {
    let mut options = table.options.iter();
    options.any(|spec| spec.long == yarn::YARN.long) && workers::is_configured()
}

fn status_text(command: &str, table: &PosixOptions) -> String {
    let mut lines = status(command);
    if may_be_on_yarn(table) {
        lines.extend(workers::status(command));
    }
    if lines.is_empty() {
        return format!("nothing of {command} runs in the background");
    }
    lines.join("\n")
}

/// A whole number of at least `least`.
///
/// # Errors
/// When the text is something else.
pub fn number(option: &str, text: &str, least: i64) -> Result<i64, CliError> {
    match text.trim().parse::<i64>() {
        Ok(number) if number >= least => Ok(number),
        _ => Err(CliError::Usage(format!(
            "--{option} {text}: give a whole number of at least {least}"
        ))),
    }
}
