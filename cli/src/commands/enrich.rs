//! `enrich`: messages through a sensor's enrichment and triage, without Kafka.

use std::io::Write;

use alidade_config::Snapshot;
use alidade_enrichment::{EnrichOutcome, Enricher, EnrichmentSettings, SensorEnrichmentConfig};
use alidade_event::{Event, NumberStyle, field};
use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_stellar::{Context, Library, NoRemote};

use super::{jsonl, output, parse, stage_options as shared};
use crate::{CliError, logging};

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    OptionSpec::value(
        "s",
        "sensor",
        "The sensor whose configuration is used; else the one that each message names",
    ),
    OptionSpec::value(
        "i",
        "input",
        "File with one message a line, instead of standard input",
    ),
    shared::ZOOKEEPER,
    OptionSpec::value(
        "",
        "config-dir",
        "Folder with the configuration; without it and -z, the one that is shipped",
    ),
    OptionSpec::value(
        "",
        "jsonl",
        "File of objects with `config` and `message` (- is standard input); answers one object a line",
    ),
];

const TABLE: PosixOptions = PosixOptions::new("alidade enrich [OPTIONS] < MESSAGES", OPTIONS);

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let parsed = TABLE
        .parse(arguments)
        .map_err(|error| CliError::Usage(format!("{error}\n{}", TABLE.usage())))?;
    if parsed.has("help") {
        return super::print(&TABLE.usage());
    }
    logging::install(Some("error"));
    if let Some(path) = parsed.value("jsonl") {
        return jsonl::answer_each(path, alidade_enrichment::offline::enrich_case);
    }
    let snapshot = parse::offline_snapshot(parsed.value("zk"), parsed.value("config-dir"), None)?;
    if let Some(sensor) = parsed.value("sensor") {
        refuse_broken(&snapshot, sensor)?;
        if snapshot.enrichment(sensor).is_none() {
            let _ = writeln!(
                std::io::stderr(),
                "note: there is no enrichment configuration for {sensor:?}; messages pass without enrichment and triage"
            );
        }
    }
    let lines = jsonl::lines(parsed.value("input").unwrap_or("-"))?;
    let mut out = output::buffered();
    let mut failures = 0_usize;
    for (number, line) in (1..).zip(lines) {
        let line = line?;
        let mut event = match Event::read_json(&line, NumberStyle::Simple) {
            Ok(event) => event,
            Err(error) => {
                failures += 1;
                let _ = writeln!(
                    std::io::stderr(),
                    "line {number}: not a JSON object: {error}"
                );
                continue;
            }
        };
        let sensor = parsed
            .value("sensor")
            .or_else(|| event.get_str(field::SOURCE_TYPE))
            .unwrap_or_default();
        let default;
        let enricher = match snapshot.enrichment(sensor) {
            Some(entry) => &entry.enricher,
            None => {
                refuse_broken(&snapshot, sensor)?;
                default = empty_enricher(sensor)?;
                &default
            }
        };
        let mut remote = NoRemote;
        let now_ms = alidade_pipeline::host::now_ms();
        let mut context = Context::new(&snapshot.global.value, now_ms, &mut remote);
        let mut errors = Vec::new();
        let outcome = enricher.enrich(&mut event, &mut context, &mut errors);
        debug_assert_eq!(outcome, EnrichOutcome::Done);
        for error in errors {
            failures += 1;
            let cause = error.cause.unwrap_or_default();
            let _ = writeln!(
                std::io::stderr(),
                "line {number}: {}: {cause}",
                error.error_type.as_str()
            );
        }
        output::written(writeln!(out, "{}", event.to_json()))?;
    }
    output::written(out.flush())?;
    if failures > 0 {
        Err(CliError::Code(1))
    } else {
        Ok(())
    }
}

/// A sensor whose configuration does not compile is not one without a configuration.
fn refuse_broken(snapshot: &Snapshot, sensor: &str) -> Result<(), CliError> {
    let document = format!("enrichments/{sensor}");
    let refusals = &snapshot.refusals;
    match refusals.iter().find(|(id, _)| id.to_string() == document) {
        None => Ok(()),
        Some((_, refusal)) => Err(CliError::problems(&refusal.problems)),
    }
}

pub fn empty_enricher(sensor: &str) -> Result<Enricher, CliError> {
    let config = SensorEnrichmentConfig::default();
    Enricher::compile(
        sensor,
        &config,
        &EnrichmentSettings::default(),
        &Library::metron(),
    )
    .map_err(|problems| {
        CliError::Failed(
            problems
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        )
    })
}
