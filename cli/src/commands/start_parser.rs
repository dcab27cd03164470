//! `start_parser_topology`: the parser stage of some sensors.

use std::path::Path;

use alidade_maas_core::posix_options::{OptionSpec, ParsedOptions, PosixOptions};
use alidade_pipeline::{ParserSpec, Services, StageSpec, spout_entries};

use super::stage_options::{self as shared, Asked};
use crate::CliError;
use crate::stage_process::CommonOptions;
use crate::workers::options as yarn;
use crate::workers::{Topology, run_stage};

const OPTIONS: &[OptionSpec] = &[
    OptionSpec::value(
        "e",
        "extra_topology_options",
        "Storm settings; accepted, they mean nothing here",
    ),
    OptionSpec::value(
        "esc",
        "extra_kafka_spout_config",
        "File with a JSON map of Kafka consumer settings; replaces the sensor's spoutConfig",
    ),
    OptionSpec::value(
        "ewnt",
        "error_writer_num_tasks",
        "Accepted; errors are written by the parser's worker",
    ),
    OptionSpec::value(
        "ewp",
        "error_writer_p",
        "Accepted; errors are written by the parser's worker",
    ),
    shared::HELP,
    OptionSpec::value("iwnt", "invalid_writer_num_tasks", "Accepted, ignored"),
    OptionSpec::value("iwp", "invalid_writer_p", "Accepted, ignored"),
    shared::KAFKA,
    shared::SECURITY,
    OptionSpec::value(
        "mt",
        "message_timeout",
        "Accepted; nothing is replayed for being slow",
    ),
    OptionSpec::value("mtp", "max_task_parallelism", "Accepted, ignored"),
    OptionSpec::value("na", "num_ackers", "Accepted, ignored"),
    OptionSpec::value(
        "nw",
        "num_workers",
        "With --yarn: worker containers, all in one consumer group (default 1); else accepted, one process",
    ),
    OptionSpec::value(
        "ot",
        "output_topic",
        "Topic for the events of all sensors, instead of their outputTopic",
    ),
    OptionSpec::value("pnt", "parser_num_tasks", "Accepted, ignored"),
    OptionSpec::value(
        "pp",
        "parser_p",
        "Accepted; a consumer parses on its own thread, see -sp",
    ),
    OptionSpec::value("s", "sensor", "Sensors, separated by commas").required(),
    OptionSpec::value("snt", "spout_num_tasks", "Accepted, ignored"),
    OptionSpec::value(
        "sp",
        "spout_p",
        "Consumers, each with a thread: one number for every sensor, or one for each, in their order",
    ),
    OptionSpec::value("t", "test", "Accepted, ignored"),
    shared::ZOOKEEPER,
    shared::CONFIG_DIR,
    shared::PATTERNS_DIR,
    shared::HTTP,
    shared::PROPERTY,
    shared::DETACH,
    yarn::YARN,
    yarn::MEMORY,
    yarn::VCORES,
    yarn::QUEUE,
    yarn::LABEL,
    yarn::TIMEOUT,
    yarn::KEYTAB,
];

/// Upstream passes over options that it does not know, so that wrappers may add some.
const TABLE: PosixOptions = PosixOptions::new("start_parser_topology", OPTIONS).ignoring_unknown();

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let asked = shared::read("start_parser_topology", &TABLE, arguments, topology)?;
    let Asked::Run(parsed) = asked else {
        return Ok(());
    };
    let sensors = sensors(&parsed)?;
    let workers = worker_numbers(&parsed, sensors.len())?;
    let spout_config = parsed
        .value("extra_kafka_spout_config")
        .map(|path| read_map(Path::new(path)))
        .transpose()?;
    let output_topic = parsed.value("output_topic").map(str::to_owned);
    let options = shared::common(&parsed)?;
    run_stage(&topology(&parsed)?, &parsed, &options, |services| {
        sensors
            .iter()
            .try_for_each(|sensor| require_parser(services, &options, sensor))?;
        Ok(sensors
            .iter()
            .zip(workers)
            .map(|(sensor, workers)| {
                StageSpec::Parser(ParserSpec {
                    sensor: sensor.clone(),
                    workers,
                    output_topic: output_topic.clone(),
                    spout_config: spout_config.clone(),
                })
            })
            .collect())
    })
}

fn topology(parsed: &ParsedOptions) -> Result<Topology, CliError> {
    let sensors = sensors(parsed)?;
    Ok(Topology::of_sensors("start_parser_topology", sensors))
}

/// The sensors of `-s`, each once.
pub fn sensors(parsed: &ParsedOptions) -> Result<Vec<String>, CliError> {
    let mut sensors: Vec<String> = Vec::new();
    for sensor in parsed
        .value("sensor")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
    {
        if !sensor.is_empty() && !sensors.iter().any(|known| known == sensor) {
            sensors.push(sensor.to_owned());
        }
    }
    if sensors.is_empty() {
        return Err(CliError::Usage(
            "which sensors? Give -s SENSOR[,SENSOR]".to_owned(),
        ));
    }
    Ok(sensors)
}

/// Says, before anything starts, that a sensor has no usable configuration.
pub fn require_parser(
    services: &Services,
    options: &CommonOptions,
    sensor: &str,
) -> Result<(), CliError> {
    let snapshot = services.live.current();
    if snapshot.parser(sensor).is_some() {
        return Ok(());
    }
    let refusals = services.live.last_refusals();
    let refused = refusals
        .iter()
        .find(|refusal| refusal.document.to_string() == format!("parsers/{sensor}"));
    if let Some(refusal) = refused {
        return Err(CliError::problems(&refusal.problems));
    }
    if let Some(folder) = &options.config_dir {
        return Err(CliError::Failed(format!(
            "there is no parser configuration for {sensor}: {} does not exist",
            folder.join(format!("parsers/{sensor}.json")).display()
        )));
    }
    Err(CliError::Failed(format!(
        "Cannot find the parser configuration in zookeeper for {sensor}. Please check that it exists in zookeeper by using \
         the 'zk_load_configs.sh -m DUMP' command."
    )))
}

fn worker_numbers(parsed: &ParsedOptions, sensors: usize) -> Result<Vec<Option<usize>>, CliError> {
    let Some(text) = parsed.value("spout_p") else {
        return Ok(vec![None; sensors]);
    };
    let numbers = text
        .split(',')
        .map(|part| shared::number("spout_p", part, 1).map(|number| usize::try_from(number).ok()))
        .collect::<Result<Vec<_>, CliError>>()?;
    match numbers.as_slice() {
        [one] => Ok(vec![*one; sensors]),
        several if several.len() == sensors => Ok(numbers),
        several => Err(CliError::Usage(format!(
            "--spout_p gives {} numbers for {sensors} sensors; give one, or one for each",
            several.len()
        ))),
    }
}

fn read_map(path: &Path) -> Result<Vec<(String, String)>, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| CliError::file(path, error))?;
    let members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).map_err(|error| {
            CliError::Failed(format!("{}: not a JSON map: {error}", path.display()))
        })?;
    Ok(spout_entries(&members))
}

/// The options, for tests of what is made of them.
#[cfg(test)]
pub fn options() -> &'static PosixOptions {
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[&str]) -> ParsedOptions {
        TABLE.parse(line).unwrap()
    }

    #[test]
    fn sensors_are_trimmed_and_taken_once() {
        let parsed = parse(&["-k", "b:1", "-z", "z:1", "-s", "squid, bro,squid"]);
        assert_eq!(sensors(&parsed).unwrap(), ["squid", "bro"]);
        assert!(sensors(&parse(&["-s", " , "])).is_err());
    }

    #[test]
    fn consumers_are_given_once_or_for_each_sensor() {
        let of = |text: &str| worker_numbers(&parse(&["-s", "a,b", "-sp", text]), 2);
        assert_eq!(of("3").unwrap(), [Some(3), Some(3)]);
        assert_eq!(of("1,2").unwrap(), [Some(1), Some(2)]);
        assert!(of("1,2,3").is_err());
        assert!(of("0").is_err());
        assert!(of("x").is_err());
    }

    #[test]
    fn upstreams_further_options_are_taken() {
        let line = [
            "-s",
            "a",
            "-nw",
            "2",
            "-mt",
            "30",
            "-c",
            "key=value",
            "-ewnt",
            "1",
        ];
        assert_eq!(parse(&line).value("num_workers"), Some("2"));
    }
}
