//! The steps of the walk-through that do not depend on the store, in its order.

use std::thread;
use std::time::{Duration, Instant};

use alidade_testkit::{Consumed, Kafka, Process, ZooKeeper, eventually, http};
use serde_json::Value;

use crate::access_log::{self, Fields, expected_records, take_guid};
use crate::installation::Installation;

/// For a process to come up, on a machine that is busy.
pub const START_WITHIN: Duration = Duration::from_secs(60);
/// For a process to finish its batches and end.
pub const STOP_WITHIN: Duration = Duration::from_secs(30);
/// From the squid log to the index. Upstream's writers keep a batch that is not full for up to 14 s.
pub const INDEXED_WITHIN: Duration = Duration::from_secs(10);

/// A cluster that the walk-through is followed on.
pub struct Walkthrough {
    pub installation: Installation,
    pub kafka: Kafka,
    pub zookeeper: ZooKeeper,
    began: Instant,
}

/// A stage that runs, with its consumer group and topic.
pub struct Stage {
    process: Process,
    group: &'static str,
    topic: &'static str,
}

impl Walkthrough {
    /// Starts Kafka and ZooKeeper, and installs: topics and the shipped configuration.
    pub fn install() -> Self {
        let began = Instant::now();
        let (kafka, zookeeper) = thread::scope(|scope| {
            let kafka = scope.spawn(|| Kafka::start().unwrap());
            let zookeeper = ZooKeeper::start().unwrap();
            (kafka.join().unwrap(), zookeeper)
        });
        let walkthrough = Walkthrough {
            installation: Installation::new(),
            kafka,
            zookeeper,
            began,
        };
        for topic in ["enrichments", "indexing"] {
            walkthrough.kafka.create_topic(topic, 1).unwrap();
        }
        walkthrough.push_configuration();
        walkthrough
    }

    /// Tells how far it is, for `--nocapture`.
    pub fn note(&self, what: &str) {
        println!("{:>6.1} s  {what}", self.began.elapsed().as_secs_f64());
    }

    pub fn quorum(&self) -> String {
        self.zookeeper.quorum()
    }

    /// Where a store is, is a matter of the global document.
    pub fn patch_global(&self, key: &str, value: &str) {
        let value = format!("\"{value}\"");
        let quorum = self.quorum();
        let patch = [
            "-m", "PATCH", "-z", &quorum, "-c", "GLOBAL", "-pm", "ADD", "-pk", key, "-pv", &value,
        ];
        self.installation.run_ok("zk_load_configs.sh", &patch);
    }

    /// `maas_service.sh`
    pub fn start_maas(&self) -> Process {
        let (quorum, models) = (self.quorum(), self.models());
        let work = self.installation.path("work").display().to_string();
        let service = [
            "-zq",
            &quorum,
            "--payload-root",
            &models,
            "--work-dir",
            &work,
        ];
        let mut service = self.installation.start("maas_service.sh", &service);
        service
            .wait_for_line("Serving model requests", START_WITHIN)
            .unwrap();
        service
    }

    /// `maas_deploy.sh -mo ADD`, `-mo LIST` and the page's `curl`. Gives the model's URL.
    pub fn deploy_model(&self) -> String {
        let (quorum, models) = (self.quorum(), self.models());
        let payload = self.installation.user_home().join("mock_dga");
        let payload = payload.display().to_string();
        let add = [
            "-zq",
            &quorum,
            "-lmp",
            &payload,
            "-hmp",
            "/user/metron/models",
            "-mo",
            "ADD",
            "-m",
            "512",
            "-n",
            "dga",
            "-v",
            "1.0",
            "-ni",
            "1",
            "--payload-root",
            &models,
        ];
        self.installation.run_ok("maas_deploy.sh", &add);
        let url = eventually(START_WITHIN, || model_url(&self.list_models()));
        let answer = http::get(&format!("{url}/apply?host=caseystella.com")).unwrap();
        assert_eq!(answer.text(), r#"{"is_malicious": "malicious"}"#);
        self.note("the model answers");
        url
    }

    /// `maas_deploy.sh -mo LIST`
    pub fn list_models(&self) -> String {
        self.installation
            .run_ok("maas_deploy.sh", &["-zq", &self.quorum(), "-mo", "LIST"])
    }

    fn models(&self) -> String {
        self.installation.path("models").display().to_string()
    }

    /// `PULL`, the page's edits, `PUSH`.
    pub fn configure_squid(&self) {
        let (config, quorum) = (self.installation.config(), self.quorum());
        let folder = config.display().to_string();
        let pull = ["-m", "PULL", "-o", &folder, "-z", &quorum];
        let refused = self.installation.run("zk_load_configs.sh", &pull);
        assert_eq!(refused.code, Some(1), "{}", refused.output);
        assert!(refused.output.contains("-f"), "{}", refused.output);
        let forced = [&pull[..], &["-f"]].concat();
        self.installation.run_ok("zk_load_configs.sh", &forced);

        for document in [
            "parsers/squid.json",
            "enrichments/squid.json",
            "indexing/squid.json",
        ] {
            let edited = self
                .installation
                .metron_home()
                .join("examples/squid/config");
            std::fs::copy(edited.join(document), config.join(document)).unwrap();
        }
        self.push_configuration();
        let dump = self
            .installation
            .run_ok("zk_load_configs.sh", &["-m", "DUMP", "-z", &quorum]);
        assert!(dump.contains("MAAS_GET_ENDPOINT('dga')"), "{dump}");
        self.note("squid is configured");
    }

    fn push_configuration(&self) {
        let config = self.installation.config().display().to_string();
        let quorum = self.quorum();
        let push = ["--mode", "PUSH", "-i", &config, "-z", &quorum];
        self.installation.run_ok("zk_load_configs.sh", &push);
    }

    /// `start_parser_topology.sh` for squid, whose topic is made as well.
    pub fn start_parser(&self) -> Stage {
        self.kafka.create_topic("squid", 1).unwrap();
        let arguments = self.with_cluster(&[], &["-s", "squid"]);
        let group = "squid_parser";
        self.start_stage("start_parser_topology.sh", &arguments, group, "squid")
    }

    pub fn start_enrichment(&self) -> Stage {
        let (script, group) = ("start_enrichment_topology.sh", "enrichments");
        self.start_stage(script, &self.with_cluster(&[], &[]), group, "enrichments")
    }

    /// Starts an indexing stage.
    pub fn start_indexing(&self, script: &str, arguments: &[&str], group: &'static str) -> Stage {
        let arguments = self.with_cluster(&[], arguments);
        self.start_stage(script, &arguments, group, "indexing")
    }

    /// `alidade run` for squid. What is looked at of its offsets is those of the batch writer.
    pub fn start_all_in_one(&self, arguments: &[&str]) -> Stage {
        let arguments = [&["-s", "squid"], arguments].concat();
        let arguments = self.with_cluster(&["run"], &arguments);
        self.start_stage("run-alidade", &arguments, "indexing-batch", "indexing")
    }

    /// Arguments with `-k` and `-z` between those that come first and the others.
    pub fn with_cluster(&self, first: &[&str], others: &[&str]) -> Vec<String> {
        let (brokers, quorum) = (self.kafka.bootstrap(), self.quorum());
        let arguments = [first, &["-k", &brokers, "-z", &quorum], others].concat();
        arguments.into_iter().map(str::to_owned).collect()
    }

    fn start_stage(
        &self,
        script: &str,
        arguments: &[String],
        group: &'static str,
        topic: &'static str,
    ) -> Stage {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut process = self.installation.start(script, &arguments);
        process
            .wait_for_line("partitions assigned", START_WITHIN)
            .unwrap();
        self.note(script);
        Stage {
            process,
            group,
            topic,
        }
    }

    /// `cat access.log | kafka-console-producer.sh`. Gives the moment at which the lines were in the topic.
    pub fn send_log(&self) -> Instant {
        let log = self.installation.read("examples/squid/access.log");
        self.kafka.client().produce("squid", log.lines()).unwrap();
        self.note("the log is in the topic");
        Instant::now()
    }

    /// The two newest records of `enrichments` have to be the page's. `before` is the number of records before them.
    /// Gives their guids.
    #[track_caller]
    pub fn check_enrichments(&self, before: usize) -> Vec<String> {
        let wanted = before + access_log::LINES.len();
        let records = self
            .kafka
            .client()
            .consume("enrichments", wanted, START_WITHIN)
            .unwrap();
        let records = &records[before..];
        assert_eq!(records.len(), 2);
        let ends = self.kafka.client().end_offsets("enrichments").unwrap();
        assert_eq!(
            ends.into_values().sum::<i64>(),
            i64::try_from(wanted).unwrap()
        );
        self.note("the records are in the topic enrichments");
        records
            .iter()
            .zip(expected_records())
            .map(|(record, expected)| check_record(record, &expected))
            .collect()
    }

    /// Ends the stages with SIGTERM: exit code 0, and every record of their topics is committed.
    #[track_caller]
    pub fn stop(&self, stages: Vec<Stage>) {
        let mut stages = stages;
        for stage in &mut stages {
            stage.process.terminate();
        }
        for stage in &mut stages {
            let status = stage.process.wait(STOP_WITHIN).unwrap();
            assert_eq!(status.code(), Some(0), "{}", stage.process.log());
            let client = self.kafka.client();
            let ends = client.end_offsets(stage.topic).unwrap();
            let ends = ends
                .into_iter()
                .map(|(partition, end)| (partition, Some(end)));
            let committed = client.committed_offsets(stage.group, stage.topic).unwrap();
            assert_eq!(committed, ends.collect(), "group {}", stage.group);
        }
        self.note("the stages have stopped");
    }

    /// Ends the model service, and with it the model.
    #[track_caller]
    pub fn stop_maas(&self, mut service: Process, url: &str) {
        service.terminate();
        let status = service.wait(STOP_WITHIN).unwrap();
        assert_eq!(status.code(), Some(0), "{}", service.log());
        assert!(http::get(url).is_err(), "the model still answers");
        assert_eq!(self.list_models(), "");
        self.note("the model service has stopped");
    }
}

/// The URL of the only instance in a listing.
pub fn model_url(listing: &str) -> Result<String, String> {
    let unexpected = || format!("the listing is {listing:?}");
    let lines: Vec<&str> = listing.lines().collect();
    let [model, instance, "\tapply=apply"] = lines.as_slice() else {
        return Err(unexpected());
    };
    assert_eq!(*model, "Model dga @ 1.0");
    let url = instance
        .strip_prefix("dga:1.0 @ ")
        .and_then(|rest| rest.strip_suffix(" serving:"));
    url.map(str::to_owned).ok_or_else(unexpected)
}

/// Compares a record of `enrichments` with the page's, and gives its guid.
#[track_caller]
fn check_record(record: &Consumed, expected: &Fields) -> String {
    // Upstream's JSON escapes the slashes, and the page shows it.
    let text = record.value_text();
    assert!(text.contains(r#""url":"http:\/\/"#), "{text}");
    assert_eq!(record.key, None);
    let Value::Object(mut fields) = record.value_json() else {
        panic!("not an object: {text}");
    };
    let guid = take_guid(&mut fields);
    assert_eq!(&fields, expected);
    guid
}
