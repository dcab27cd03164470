//! `run`: every stage in one process.

use alidade_maas_core::posix_options::{OptionSpec, ParsedOptions, PosixOptions};
use alidade_pipeline::{ParserSpec, Services, StageSpec};

use super::stage_options::{self as shared, Asked};
use super::start_indexing::{FS_URI, Store, check_fs_uri};
use super::start_parser::{require_parser, sensors};
use crate::workers::Topology;
use crate::{CliError, logging, stage_process};

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    shared::KAFKA,
    shared::ZOOKEEPER,
    OptionSpec::value("s", "sensor", "Sensors, separated by commas").required(),
    OptionSpec::value(
        "",
        "stores",
        "Stores to index into, of elasticsearch, solr, hdfs; without it, elasticsearch, and hdfs where --fs-uri is given",
    ),
    FS_URI,
    shared::SECURITY,
    shared::CONFIG_DIR,
    shared::PATTERNS_DIR,
    shared::HTTP,
    shared::PROPERTY,
    shared::DETACH,
];

const TABLE: PosixOptions = PosixOptions::new(
    "alidade run -s SENSOR -k BROKERS (-z QUORUM | --config-dir DIR) [OPTIONS]",
    OPTIONS,
);

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let asked = shared::read("run", &TABLE, arguments, |parsed| {
        Ok(Topology::of_sensors("run", sensors(parsed)?))
    })?;
    let Asked::Run(parsed) = asked else {
        return Ok(());
    };
    logging::install(None);
    let sensors = sensors(&parsed)?;
    let stores = stores(&parsed)?;
    let fs_uri = parsed.value("fs-uri").map(str::to_owned);
    let options = shared::common(&parsed)?;
    let choose_stages = |services: &Services| {
        sensors
            .iter()
            .try_for_each(|sensor| require_parser(services, &options, sensor))?;
        if stores.contains(&Store::Hdfs) {
            check_fs_uri(services, fs_uri.as_deref())?;
        }
        let parsers = sensors.iter().map(|sensor| {
            StageSpec::Parser(ParserSpec {
                sensor: sensor.clone(),
                workers: None,
                output_topic: None,
                spout_config: None,
            })
        });
        let writers = stores.iter().map(|store| store.stage(fs_uri.clone()));
        Ok(parsers
            .chain([StageSpec::Enrichment { workers: 1 }])
            .chain(writers)
            .collect())
    };
    stage_process::run(&options, choose_stages, |_, _| {})
}

fn stores(parsed: &ParsedOptions) -> Result<Vec<Store>, CliError> {
    let Some(text) = parsed.value("stores") else {
        let hdfs = parsed.has("fs-uri").then_some(Store::Hdfs);
        return Ok([Store::Elasticsearch].into_iter().chain(hdfs).collect());
    };
    text.split(',')
        .map(|name| {
            let found = Store::ALL
                .into_iter()
                .find(|store| store.name() == name.trim());
            found.ok_or_else(|| {
                CliError::Usage(format!(
                    "--stores {name}: there are elasticsearch, solr and hdfs"
                ))
            })
        })
        .collect()
}
