//! `parse`: lines through a sensor's parser, without Kafka.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alidade_config::{FolderStore, Snapshot, Store, ZooKeeperStore};
use alidade_event::Origin;
use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_parsers::{ParsedRecord, Record, Scratch};
use alidade_stellar::{Context, Library, NoRemote};

use super::{jsonl, output, stage_options as shared};
use crate::{CliError, files, logging, stage_process};

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    OptionSpec::value(
        "s",
        "sensor",
        "The sensor whose configuration is used; lines come from standard input",
    ),
    OptionSpec::value(
        "i",
        "input",
        "File with the lines, instead of standard input",
    ),
    shared::ZOOKEEPER,
    OptionSpec::value(
        "",
        "config-dir",
        "Folder with the configuration; without it and -z, the one that is shipped",
    ),
    shared::PATTERNS_DIR,
    OptionSpec::value(
        "",
        "jsonl",
        "File of objects with `sensor`, `config` and `line` (- is standard input); answers one object a line",
    ),
];

const TABLE: PosixOptions = PosixOptions::new("alidade parse -s SENSOR [OPTIONS] < LINES", OPTIONS);

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let parsed = TABLE
        .parse(arguments)
        .map_err(|error| CliError::Usage(format!("{error}\n{}", TABLE.usage())))?;
    if parsed.has("help") {
        return super::print(&TABLE.usage());
    }
    logging::install(Some("error"));
    if let Some(path) = parsed.value("jsonl") {
        return jsonl::answer_each(path, alidade_parsers::offline::parse_case);
    }
    let Some(sensor) = parsed.value("sensor") else {
        return Err(CliError::Usage(format!(
            "which sensor? Give -s SENSOR\n{}",
            TABLE.usage()
        )));
    };
    let patterns_dir = parsed.value("patterns-dir").map(PathBuf::from);
    let snapshot = offline_snapshot(parsed.value("zk"), parsed.value("config-dir"), patterns_dir)?;
    parse_lines(
        &snapshot,
        sensor,
        jsonl::lines(parsed.value("input").unwrap_or("-"))?,
    )
}

/// The configuration of a folder or of ZooKeeper, compiled.
pub fn offline_snapshot(
    quorum: Option<&str>,
    folder: Option<&str>,
    patterns_dir: Option<PathBuf>,
) -> Result<Snapshot, CliError> {
    let runtime = stage_process::runtime()?;
    let compiler = stage_process::compiler(&Library::metron(), patterns_dir);
    runtime.block_on(async {
        let store: Arc<dyn Store> = match quorum {
            Some(quorum) => Arc::new(
                ZooKeeperStore::connect(quorum)
                    .await
                    .map_err(CliError::failed)?,
            ),
            None => {
                let folder = files::config_folder(folder.map(Path::new))?;
                Arc::new(FolderStore::new(folder))
            }
        };
        let tree = store.read_tree().await.map_err(CliError::failed)?;
        alidade_config::rebuild(&tree, &compiler, None)
            .map_err(|problems| CliError::problems(&problems))
    })
}

fn parse_lines(snapshot: &Snapshot, sensor: &str, lines: jsonl::Lines) -> Result<(), CliError> {
    let Some(entry) = snapshot.parser(sensor) else {
        return Err(CliError::Failed(why_no_parser(snapshot, sensor)));
    };
    let mut out = output::buffered();
    let mut scratch = Scratch::default();
    let mut record = ParsedRecord::default();
    let mut errors = 0_usize;
    for (offset, line) in (0..).zip(lines) {
        let line = line?;
        let origin = Origin {
            topic: sensor.into(),
            partition: 0,
            offset,
            record_time_ms: 0,
            index: 0,
        };
        let raw = Record {
            topic: sensor,
            key: None,
            value: &line,
            origin,
        };
        let mut remote = NoRemote;
        let now_ms = alidade_pipeline::host::now_ms();
        let mut context = Context::new(&snapshot.global.value, now_ms, &mut remote);
        record.clear();
        entry
            .parser
            .parse(&raw, &mut scratch, &mut context, &mut record);
        for event in &record.events {
            output::written(writeln!(out, "{}", event.to_json()))?;
        }
        for error in &record.errors {
            errors += 1;
            let cause = error
                .message
                .as_deref()
                .or(error.cause.as_deref())
                .unwrap_or("invalid");
            let invalid = if error.error_fields.is_empty() {
                String::new()
            } else {
                format!(" (fields: {})", error.error_fields.join(", "))
            };
            let _ = writeln!(
                std::io::stderr(),
                "line {}: {}: {cause}{invalid}",
                offset + 1,
                error.error_type.as_str()
            );
        }
    }
    output::written(out.flush())?;
    if errors > 0 {
        Err(CliError::Code(1))
    } else {
        Ok(())
    }
}

fn why_no_parser(snapshot: &Snapshot, sensor: &str) -> String {
    let refused = snapshot
        .refusals
        .iter()
        .find(|(id, _)| id.to_string() == format!("parsers/{sensor}"));
    if let Some((_, refusal)) = refused {
        return CliError::problems(&refusal.problems).to_string();
    }
    let known: Vec<&str> = snapshot.parsers.keys().map(String::as_str).collect();
    if known.is_empty() {
        return format!("there is no parser configuration for {sensor:?}, nor any other");
    }
    format!(
        "there is no parser configuration for {sensor:?}; there are: {}",
        known.join(", ")
    )
}
