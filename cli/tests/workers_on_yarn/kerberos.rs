//! Workers that write to HDFS, on a YARN and an HDFS that demand tickets.

use alidade_testkit::{
    Hdfs, Kafka, Kdc, ProcessBuilder, Realm, RunDir, Yarn, YarnSetup, ZooKeeper, eventually,
};
use serde_json::json;

use crate::one_at_a_time;
use crate::support::{BINARY, Configuration, PATIENCE};

const STAGE: &str = "start_hdfs_topology";

struct Servers {
    yarn: Yarn,
    hdfs: Hdfs,
    kafka: Kafka,
    zookeeper: ZooKeeper,
    home: RunDir,
}

impl Servers {
    fn run(&self, realm: &Realm, arguments: &[&str]) -> (Option<i32>, String) {
        let mut process = ProcessBuilder::new(BINARY)
            .arg(STAGE)
            .args(arguments)
            .env("HOME", self.home.path())
            .env("HADOOP_CONF_DIR", self.yarn.conf_dir())
            .env("ALIDADE_LOG", "info,librdkafka=off,rdkafka=off")
            .current_dir(self.home.path());
        for (name, value) in realm.environment() {
            process = process.env(name, value);
        }
        let mut process = process.spawn().unwrap();
        let status = process.wait(PATIENCE).unwrap();
        (status.code(), process.log())
    }

    #[track_caller]
    fn run_ok(&self, realm: &Realm, arguments: &[&str]) -> String {
        let (code, output) = self.run(realm, arguments);
        let logs = || self.yarn.all_container_logs();
        assert_eq!(code, Some(0), "{arguments:?}: {output}\n{}", logs());
        output
    }

    /// Starts the stage, indexes an event into HDFS, and ends the stage.
    #[track_caller]
    fn index(&self, realm: &Realm, number: usize, more: &[&str]) {
        let (kafka, quorum) = (self.kafka.bootstrap(), self.zookeeper.quorum());
        let root = format!("{}/user/metron/indexed", self.hdfs.uri());
        let fixed = [
            "-k",
            &kafka,
            "-z",
            &quorum,
            "--fs-uri",
            &root,
            "--yarn",
            "--yarn-memory",
            "256",
        ];
        let output = self.run_ok(realm, &[&fixed, more].concat());
        assert!(output.contains("submitted batch_indexing as"), "{output}");
        let application = self.yarn.applications().unwrap().pop().unwrap();
        let described = self.yarn.application(&application).unwrap();
        assert_eq!(described["user"], "metron", "{described}");

        let event = json!({ "source.type": "squid", "guid": format!("guid-{number}"), "timestamp": number });
        let client = self.kafka.client();
        client.produce("indexing", [event.to_string()]).unwrap();
        // An offset is committed when the file with the event is complete.
        eventually(PATIENCE, || {
            match client.lag("indexing-batch", "indexing") {
                Ok(0) => Ok(()),
                Ok(lag) => Err(format!(
                    "{lag} are left\n{}",
                    self.yarn.all_container_logs()
                )),
                Err(error) => Err(error.to_string()),
            }
        });
        let status = self.run_ok(realm, &["status"]);
        assert!(status.contains("batch_indexing ACTIVE"), "{status}");
        assert!(status.contains("1 of 1 workers run"), "{status}");
        let stopped = self.run_ok(realm, &["stop"]);
        assert!(stopped.contains("batch_indexing has stopped"), "{stopped}");
        let described = self.yarn.application(&application).unwrap();
        assert_eq!(described["finalStatus"], "SUCCEEDED", "{described}");
    }
}

#[test]
fn workers_write_to_hdfs_where_tickets_are_demanded() {
    let _turn = one_at_a_time();
    let kdc = Kdc::start().unwrap();
    let hdfs = kdc.hdfs().unwrap();
    let servers = Servers {
        yarn: kdc.yarn(&hdfs, &YarnSetup::default()).unwrap(),
        hdfs,
        kafka: Kafka::start().unwrap(),
        zookeeper: ZooKeeper::start().unwrap(),
        home: RunDir::new("home").unwrap(),
    };
    servers.kafka.create_topic("indexing", 1).unwrap();
    let configuration = Configuration::new();
    configuration.put_json("global.json", &json!({}));
    let hdfs = json!({ "hdfs": { "index": "squid", "batchSize": 1, "enabled": true } });
    configuration.put_json("indexing/squid.json", &hdfs);
    configuration.push_all(&servers.zookeeper);

    let ticket = kdc.with_ticket("metron").unwrap();
    servers.index(&ticket, 1, &[]);
    // With a keytab there are no tokens that end some day: everybody logs in.
    let keytab = kdc.keytab("metron");
    servers.index(&ticket, 2, &["--keytab", keytab.to_str().unwrap()]);
    let files = servers.run(&kdc.without_ticket(), &["status"]);
    assert!(files.1.contains("YARN cannot be asked"), "{}", files.1);
}
