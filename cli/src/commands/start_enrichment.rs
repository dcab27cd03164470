//! `start_enrichment_topology`: enrichment, threat intelligence and triage of every sensor.

use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_pipeline::StageSpec;

use super::stage_options::{self as shared, Asked};
use crate::{CliError, logging, stage_process};

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    shared::KAFKA,
    shared::ZOOKEEPER,
    shared::SECURITY,
    OptionSpec::value(
        "w",
        "workers",
        "Consumers, each with a thread; 1 without it",
    ),
    shared::CONFIG_DIR,
    shared::HTTP,
    shared::PROPERTY,
    shared::DETACH,
    shared::REMOTE,
    shared::FILTER,
];

const TABLE: PosixOptions = PosixOptions::new("start_enrichment_topology", OPTIONS);

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let name = "start_enrichment_topology";
    let Asked::Run(parsed) = shared::read(name, &TABLE, arguments, |_| Ok(name.to_owned()))? else {
        return Ok(());
    };
    logging::install(None);
    let workers = parsed
        .value("workers")
        .map_or(Ok(1), |text| shared::number("workers", text, 1))?;
    let workers = usize::try_from(workers).unwrap_or(1);
    let options = shared::common(&parsed)?;
    stage_process::run(&options, |_| Ok(vec![StageSpec::Enrichment { workers }]))
}
