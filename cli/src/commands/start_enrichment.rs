//! `start_enrichment_topology`: enrichment, threat intelligence and triage of every sensor.

use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_pipeline::StageSpec;

use super::stage_options::{self as shared, Asked};
use crate::CliError;
use crate::workers::options as yarn;
use crate::workers::{Topology, run_stage};

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
    yarn::YARN,
    yarn::NUM_WORKERS,
    yarn::MEMORY,
    yarn::VCORES,
    yarn::QUEUE,
    yarn::LABEL,
    yarn::TIMEOUT,
    yarn::KEYTAB,
    shared::REMOTE,
    shared::FILTER,
];

const TABLE: PosixOptions = PosixOptions::new("start_enrichment_topology", OPTIONS);

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let command = "start_enrichment_topology";
    let topology = Topology::only(command, "enrichment");
    let asked = shared::read(command, &TABLE, arguments, |_| Ok(topology.clone()))?;
    let Asked::Run(parsed) = asked else {
        return Ok(());
    };
    let workers = parsed
        .value("workers")
        .map_or(Ok(1), |text| shared::number("workers", text, 1))?;
    let workers = usize::try_from(workers).unwrap_or(1);
    let options = shared::common(&parsed)?;
    run_stage(&topology, &parsed, &options, |_| {
        Ok(vec![StageSpec::Enrichment { workers }])
    })
}
