//! The stages as a user runs them, and squid lines to feed them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use alidade_testkit::{Kafka, Process, ProcessBuilder, ZooKeeper};
use serde_json::Value as Json;

pub const BINARY: &str = env!("CARGO_BIN_EXE_alidade");

/// Generous, because the machine that runs the tests may be busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The squid parser of the walk-through without the model call, and with further transformations.
pub fn squid_parser(transformations: &Json) -> Json {
    serde_json::json!({
        "parserClassName": "org.apache.metron.parsers.GrokParser",
        "sensorTopic": "squid",
        "parserConfig": {
            "grokPath": "/patterns/squid",
            "patternLabel": "SQUID_DELIMITED",
            "timestampField": "timestamp"
        },
        "fieldTransformations": transformations
    })
}

/// A configuration folder in the layout of PUSH.
pub struct Configuration {
    folder: tempfile::TempDir,
}

impl Configuration {
    pub fn new() -> Self {
        Configuration {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn put(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub fn put_json(&self, name: &str, json: &Json) {
        self.put(name, &serde_json::to_string_pretty(json).expect("JSON"));
    }

    /// PUSH with the real command; gives its exit code and what it said.
    pub fn push(&self, zookeeper: &ZooKeeper) -> (Option<i32>, String) {
        let output = Command::new(BINARY)
            .args([
                "zk_load_configs",
                "-m",
                "PUSH",
                "-z",
                &zookeeper.quorum(),
                "-i",
            ])
            .arg(self.path())
            .output()
            .expect("zk_load_configs runs");
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    pub fn push_all(&self, zookeeper: &ZooKeeper) {
        let (code, text) = self.push(zookeeper);
        assert_eq!(code, Some(0), "{text}");
    }
}

/// One of the stage commands, started and ready. Partitions of a killed member are given to the next one soon.
pub fn stage(command: &str, kafka: &Kafka, zookeeper: &ZooKeeper, more: &[&str]) -> Process {
    stage_with_session(Duration::from_secs(6), command, kafka, zookeeper, more)
}

/// As [`stage`], in a group that gives its members up after the given time.
pub fn stage_with_session(
    session: Duration,
    command: &str,
    kafka: &Kafka,
    zookeeper: &ZooKeeper,
    more: &[&str],
) -> Process {
    let session = format!("session.timeout.ms={}", session.as_millis());
    let mut process = ProcessBuilder::new(BINARY)
        .args([command, "-k", &kafka.bootstrap(), "-z", &zookeeper.quorum()])
        .args(more)
        .args([
            "--kafka-property",
            &session,
            "--kafka-property",
            "heartbeat.interval.ms=1000",
        ])
        .env("ALIDADE_LOG", "info,librdkafka=off,rdkafka=off")
        .spawn()
        .expect("the stage starts");
    process
        .wait_for_line("the worker has started", PATIENCE)
        .expect("the stage is ready");
    process
}

pub fn parser(kafka: &Kafka, zookeeper: &ZooKeeper) -> Process {
    stage("start_parser_topology", kafka, zookeeper, &["-s", "squid"])
}

/// A squid line that can be told from all others by its number.
pub fn line(number: usize) -> String {
    format!(
        "{}.{:03} 192 10.0.{}.{} TCP_MISS/301 {} GET http://site{number}.example.com/ - DIRECT/72.30.35.10 text/html",
        1_571_000_000 + number,
        number % 1000,
        number / 250 % 250,
        number % 250 + 1,
        number + 100,
    )
}

/// The numbers of the lines that events came from, by their `bytes`.
pub fn number_of(event: &Json) -> usize {
    let bytes = event["bytes"]
        .as_u64()
        .unwrap_or_else(|| panic!("no bytes in {event}"));
    usize::try_from(bytes).expect("a small number") - 100
}
