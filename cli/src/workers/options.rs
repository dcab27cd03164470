//! The options of stage commands that say how workers run on YARN.

use std::path::PathBuf;
use std::time::Duration;

use alidade_hadoop::Resource;
use alidade_maas_core::posix_options::{OptionSpec, ParsedOptions};

use crate::CliError;
use crate::commands::stage_options::number;

pub const YARN: OptionSpec = OptionSpec::flag(
    "",
    "yarn",
    "Run workers in containers of the YARN cluster of HADOOP_CONF_DIR; `status` and `stop` in place of options find them again",
);
pub const NUM_WORKERS: OptionSpec = OptionSpec::value(
    "nw",
    "num_workers",
    "Worker containers, all in one consumer group (--yarn; default 1)",
);
pub const MEMORY: OptionSpec = OptionSpec::value(
    "",
    "yarn-memory",
    "Megabytes for each worker (--yarn; default 1024)",
);
pub const VCORES: OptionSpec = OptionSpec::value(
    "",
    "yarn-vcores",
    "Virtual cores for each worker (--yarn; default 1)",
);
pub const QUEUE: OptionSpec = OptionSpec::value(
    "",
    "yarn-queue",
    "Queue for the application (--yarn; default `default`)",
);
pub const LABEL: OptionSpec = OptionSpec::value(
    "",
    "yarn-label",
    "Label of the nodes on which it may run (--yarn)",
);
pub const TIMEOUT: OptionSpec = OptionSpec::value(
    "",
    "yarn-timeout",
    "Seconds until the workers must run (--yarn; default 300)",
);
pub const KEYTAB: OptionSpec = OptionSpec::value(
    "",
    "keytab",
    "Keytab with which master and workers log in, so that they outlive tokens (--yarn with Kerberos)",
);

/// Options that say nothing to the worker itself.
const OURS: [OptionSpec; 8] = [
    YARN,
    NUM_WORKERS,
    MEMORY,
    VCORES,
    QUEUE,
    LABEL,
    TIMEOUT,
    KEYTAB,
];

const DEFAULT_MEMORY_MB: i64 = 1024;
const DEFAULT_QUEUE: &str = "default";
const DEFAULT_TIMEOUT_S: i64 = 300;
/// More workers than any topic has partitions would only wait.
const MOST_WORKERS: i64 = 10_000;

/// How workers run on YARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YarnOptions {
    pub workers: usize,
    /// What each worker gets.
    pub resource: Resource,
    pub queue: String,
    pub node_label: Option<String>,
    /// Until all workers run.
    pub timeout: Duration,
    pub keytab: Option<PathBuf>,
}

impl YarnOptions {
    /// What the command line says; nothing without `--yarn`.
    ///
    /// # Errors
    /// For a value that is none, and for an option that means nothing without `--yarn`.
    pub fn read(command: &str, parsed: &ParsedOptions) -> Result<Option<YarnOptions>, CliError> {
        if !parsed.has(YARN.long) {
            refuse_alone(command, parsed)?;
            return Ok(None);
        }
        let whole = |spec: OptionSpec, default: i64| {
            let text = parsed.value(spec.long);
            text.map_or(Ok(default), |text| number(spec.long, text, 1))
        };
        let workers = whole(NUM_WORKERS, 1)?;
        if workers > MOST_WORKERS {
            return Err(CliError::Usage(format!(
                "--num_workers {workers}: at most {MOST_WORKERS}"
            )));
        }
        let virtual_cores = i32::try_from(whole(VCORES, 1)?).unwrap_or(i32::MAX);
        let text = |spec: OptionSpec| parsed.value(spec.long).map(str::trim);
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Some(YarnOptions {
            workers: usize::try_from(workers).unwrap_or(1),
            resource: Resource::new(whole(MEMORY, DEFAULT_MEMORY_MB)?, virtual_cores),
            queue: text(QUEUE)
                .and_then(some)
                .unwrap_or_else(|| DEFAULT_QUEUE.to_owned()),
            node_label: text(LABEL).and_then(some),
            timeout: Duration::from_secs(whole(TIMEOUT, DEFAULT_TIMEOUT_S)?.unsigned_abs()),
            keytab: parsed.value(KEYTAB.long).map(PathBuf::from),
        }))
    }
}

fn refuse_alone(command: &str, parsed: &ParsedOptions) -> Result<(), CliError> {
    for spec in OURS {
        // Upstream has this one for parsers, and means something else by it.
        let is_upstreams = spec.long == NUM_WORKERS.long && command == "start_parser_topology";
        if parsed.has(spec.long) && !is_upstreams {
            return Err(CliError::Usage(format!(
                "--{} says how workers run on YARN; give --yarn as well",
                spec.long
            )));
        }
    }
    Ok(())
}

/// Whether an option is one of these.
pub fn is_ours(spec: &OptionSpec) -> bool {
    OURS.iter().any(|ours| ours.long == spec.long)
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::posix_options::PosixOptions;

    use super::*;

    const TABLE: PosixOptions = PosixOptions::new("test", &OURS);

    fn read(command: &str, line: &str) -> Result<Option<YarnOptions>, CliError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        YarnOptions::read(command, &TABLE.parse(&words).unwrap())
    }

    #[test]
    fn there_are_defaults() {
        let options = read("start_enrichment_topology", "--yarn").unwrap();
        let expected = YarnOptions {
            workers: 1,
            resource: Resource::new(1024, 1),
            queue: "default".into(),
            node_label: None,
            timeout: Duration::from_secs(300),
            keytab: None,
        };
        assert_eq!(options, Some(expected));
        let line = "--yarn -nw 3 --yarn-memory 512 --yarn-vcores 2 --yarn-queue a --yarn-label b \
                    --yarn-timeout 7 --keytab k";
        let expected = YarnOptions {
            workers: 3,
            resource: Resource::new(512, 2),
            queue: "a".into(),
            node_label: Some("b".into()),
            timeout: Duration::from_secs(7),
            keytab: Some("k".into()),
        };
        assert_eq!(
            read("start_enrichment_topology", line).unwrap(),
            Some(expected)
        );
    }

    #[test]
    fn numbers_must_be_some() {
        for line in [
            "--yarn -nw 0",
            "--yarn -nw 10001",
            "--yarn -nw many",
            "--yarn --yarn-memory -1",
            "--yarn --yarn-timeout 0",
        ] {
            let refused = read("start_parser_topology", line);
            assert!(matches!(refused, Err(CliError::Usage(_))), "{line}");
        }
    }

    #[test]
    fn without_yarn_its_options_are_refused_and_upstreams_taken() {
        assert_eq!(read("start_parser_topology", "-nw 2").unwrap(), None);
        assert!(read("start_enrichment_topology", "-nw 2").is_err());
        let text = read("start_parser_topology", "--yarn-memory 5").unwrap_err();
        assert_eq!(
            text.to_string(),
            "--yarn-memory says how workers run on YARN; give --yarn as well"
        );
    }
}
