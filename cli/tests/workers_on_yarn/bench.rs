//! The servers that stages run on, and what can be seen of their workers from outside.

use std::collections::HashMap;

use alidade_testkit::{
    Hdfs, Kafka, KafkaClient, Lifetime, Yarn, YarnContainer, YarnSetup, ZooKeeper, eventually,
};
use serde_json::json;

use crate::installation::{Finished, Installation};
use crate::support::{Configuration, PATIENCE, number_of, squid_parser};

pub const PARSER: &str = "start_parser_topology.sh";
const PARTITIONS: i32 = 4;

/// Everything that a parser stage on YARN needs.
pub struct Bench {
    // First of all the commands end, last of all ZooKeeper.
    pub installation: Installation,
    pub yarn: Yarn,
    pub hdfs: Hdfs,
    pub kafka: Kafka,
    pub zookeeper: ZooKeeper,
}

/// What has come out of the parser.
#[derive(Debug)]
pub struct Outcome {
    /// Records, with those that came twice.
    pub records: usize,
    /// How often the line of a number came.
    pub lines: HashMap<usize, usize>,
}

impl Bench {
    pub fn start() -> Bench {
        let (kafka, zookeeper, (hdfs, yarn)) = std::thread::scope(|scope| {
            let kafka = scope.spawn(|| Kafka::start().unwrap());
            let zookeeper = scope.spawn(|| ZooKeeper::start().unwrap());
            let hadoop = scope.spawn(|| {
                let hdfs = Hdfs::start().unwrap();
                let setup = YarnSetup {
                    nodes: 2,
                    node_memory_mb: 2048,
                    recovers: true,
                };
                let yarn = Yarn::start_as(&hdfs.conf_dir(), &setup, &Lifetime::Scoped).unwrap();
                (hdfs, yarn)
            });
            (
                kafka.join().unwrap(),
                zookeeper.join().unwrap(),
                hadoop.join().unwrap(),
            )
        });
        kafka.create_topic("squid", PARTITIONS).unwrap();
        for topic in ["enrichments", "errors"] {
            kafka.create_topic(topic, 2).unwrap();
        }
        let configuration = Configuration::new();
        configuration.put_json("global.json", &json!({ "parser.error.topic": "errors" }));
        configuration.put_json("parsers/squid.json", &squid_parser(&json!([])));
        configuration.push_all(&zookeeper);
        let mut installation = Installation::new();
        let conf = yarn.conf_dir().display().to_string();
        // Master and workers log as the command that submits them does.
        let log_filter = "info,librdkafka=off,rdkafka=off".to_owned();
        installation.environment = vec![("HADOOP_CONF_DIR", conf), ("ALIDADE_LOG", log_filter)];
        Bench {
            installation,
            yarn,
            hdfs,
            kafka,
            zookeeper,
        }
    }

    pub fn client(&self) -> KafkaClient {
        self.kafka.client()
    }

    /// `start_parser_topology.sh -s squid --yarn`. Partitions of a killed worker are given to the next one soon.
    pub fn start_parser(&self, more: &[&str]) -> Finished {
        let (kafka, zookeeper) = (self.kafka.bootstrap(), self.zookeeper.quorum());
        let fixed = [
            "-k",
            &kafka,
            "-z",
            &zookeeper,
            "-s",
            "squid",
            "--yarn",
            "--yarn-memory",
            "256",
            "--kafka-property",
            "session.timeout.ms=6000",
            "--kafka-property",
            "heartbeat.interval.ms=1000",
        ];
        self.installation.run(PARSER, &[&fixed, more].concat())
    }

    /// As [`Self::start_parser`], which has to succeed. Gives the application's id.
    #[track_caller]
    pub fn start_parser_ok(&self, workers: usize) -> String {
        let more = ["-nw", &workers.to_string(), "--http", "127.0.0.1:0"];
        let finished = self.start_parser(&more);
        let output = finished.output;
        println!("{output}");
        assert_eq!(finished.code, Some(0), "{output}");
        let all_run = format!("{workers} of {workers} workers run");
        assert!(output.contains(&all_run), "{output}");
        self.yarn.applications().unwrap().last().unwrap().clone()
    }

    /// `start_parser_topology.sh stop -s squid`, which has to end the application orderly, with everything that it had.
    #[track_caller]
    pub fn stop_parser(&self, application: &str) {
        let status = self.status();
        let output = self.installation.run_ok(PARSER, &["stop", "-s", "squid"]);
        println!("{status}{output}");
        let stopped = format!("squid has stopped ({application})");
        assert!(output.contains(&stopped), "{output}");
        let described = self.yarn.application(application).unwrap();
        assert_eq!(described["state"], "FINISHED", "{described}");
        assert_eq!(described["finalStatus"], "SUCCEEDED", "{described}");
        eventually(PATIENCE, || match self.yarn.processes_of(application) {
            none if none.is_empty() => Ok(()),
            some => Err(format!("still running: {some:#?}")),
        });
        self.assert_no_files();
    }

    /// Applications leave nothing in HDFS.
    #[track_caller]
    pub fn assert_no_files(&self) {
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        let folder = format!("/user/{user}/.alidade");
        // The master deletes its files after it has told that it is finished.
        eventually(PATIENCE, || match self.hdfs.list(&folder, &user) {
            Ok(names) if names.is_empty() => Ok(()),
            Ok(names) => Err(format!("{folder} has {names:?}")),
            Err(error) => Err(error.to_string()),
        });
    }

    pub fn status(&self) -> String {
        self.installation.run_ok(PARSER, &["status"])
    }

    /// The containers of workers.
    pub fn workers(&self, application: &str) -> Vec<YarnContainer> {
        let mut all = self.yarn.containers(application);
        all.retain(|container| !container.id.ends_with("_000001"));
        all
    }

    /// The container of the application's master; none between two attempts.
    pub fn master(&self, application: &str) -> Option<YarnContainer> {
        let mut all = self.yarn.containers(application).into_iter();
        all.find(|container| container.id.ends_with("_000001"))
    }

    /// Waits until `status` says that so many workers run.
    #[track_caller]
    pub fn wait_for_workers(&self, workers: usize) -> String {
        let all_run = format!("{workers} of {workers} workers run");
        eventually(PATIENCE, || match self.status() {
            status if status.contains(&all_run) => Ok(status),
            status => Err(status),
        })
    }

    #[track_caller]
    pub fn wait_for_no_lag(&self) {
        let client = self.client();
        eventually(PATIENCE, || match client.lag("squid_parser", "squid") {
            Ok(0) => Ok(()),
            Ok(lag) => Err(format!("{lag} records are left")),
            Err(error) => Err(error.to_string()),
        });
    }

    pub fn outcome(&self) -> Outcome {
        let client = self.client();
        let ends = client.end_offsets("enrichments").unwrap();
        let records = usize::try_from(ends.values().sum::<i64>()).unwrap();
        let events = client.consume("enrichments", records, PATIENCE).unwrap();
        let mut lines: HashMap<usize, usize> = HashMap::new();
        let mut guids: HashMap<usize, String> = HashMap::new();
        for event in &events {
            let event = event.value_json();
            let number = number_of(&event);
            *lines.entry(number).or_default() += 1;
            // Whoever reads them can tell that a repeated event is the same.
            let guid = event["guid"].as_str().unwrap().to_owned();
            assert_eq!(*guids.entry(number).or_insert(guid.clone()), guid);
        }
        Outcome { records, lines }
    }
}

impl Outcome {
    /// Every line has come; gives how many have come again.
    #[track_caller]
    pub fn repeated(&self, lines: usize) -> usize {
        let missing: Vec<usize> = (0..lines)
            .filter(|number| !self.lines.contains_key(number))
            .collect();
        assert_eq!(missing, [0; 0], "lines are missing");
        assert_eq!(self.lines.len(), lines);
        self.records - lines
    }
}
