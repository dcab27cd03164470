//! Stages that are killed under load: every line arrives, and the index holds each once.

use std::collections::HashSet;
use std::time::Duration;

use alidade_testkit::{
    Elasticsearch, ElasticsearchVersion, Kafka, Process, ZooKeeper, eventually, http,
};
use serde_json::{Value as Json, json};

use crate::support::{Configuration, PATIENCE, line, number_of, squid_parser, stage};

const LINES: usize = 30_000;
const KILLS: usize = 3;

/// A stage that can be killed and started again.
struct Victim<'a> {
    command: &'static str,
    more: &'static [&'static str],
    servers: (&'a Kafka, &'a ZooKeeper),
    process: Process,
}

impl<'a> Victim<'a> {
    fn start(
        servers: (&'a Kafka, &'a ZooKeeper),
        command: &'static str,
        more: &'static [&'static str],
    ) -> Self {
        Victim {
            command,
            more,
            servers,
            process: stage(command, servers.0, servers.1, more),
        }
    }

    fn kill_and_start_again(&mut self) {
        self.process.kill();
        self.process = stage(self.command, self.servers.0, self.servers.1, self.more);
    }
}

#[test]
fn killed_stages_lose_no_line_and_double_no_document() {
    let (kafka, zookeeper, elasticsearch) = std::thread::scope(|scope| {
        let kafka = scope.spawn(|| Kafka::start().unwrap());
        let zookeeper = scope.spawn(|| ZooKeeper::start().unwrap());
        let elasticsearch = scope.spawn(|| Elasticsearch::start(ElasticsearchVersion::V7).unwrap());
        (
            kafka.join().unwrap(),
            zookeeper.join().unwrap(),
            elasticsearch.join().unwrap(),
        )
    });
    for topic in ["squid", "enrichments", "indexing"] {
        kafka.create_topic(topic, 2).unwrap();
    }
    let configuration = Configuration::new();
    let address = elasticsearch.url().replace("http://", "");
    configuration.put_json(
        "global.json",
        &json!({ "es.ip": address, "es.date.format": "yyyy" }),
    );
    configuration.put_json("parsers/squid.json", &squid_parser(&json!([])));
    configuration.put_json(
        "indexing/squid.json",
        &json!({
        "elasticsearch": { "index": "squid", "batchSize": 500, "enabled": true } }),
    );
    configuration.push_all(&zookeeper);

    let servers = (&kafka, &zookeeper);
    let mut victims = [
        Victim::start(servers, "start_parser_topology", &["-s", "squid"]),
        Victim::start(servers, "start_enrichment_topology", &[]),
        Victim::start(servers, "start_elasticsearch_topology", &[]),
    ];
    let client = kafka.client();
    let portion = LINES / (KILLS * victims.len());
    let mut sent = 0;
    for _ in 0..KILLS {
        for victim in &mut victims {
            let until = (sent + portion).min(LINES);
            client.produce("squid", (sent..until).map(line)).unwrap();
            sent = until;
            std::thread::sleep(Duration::from_millis(150));
            victim.kill_and_start_again();
        }
    }
    client.produce("squid", (sent..LINES).map(line)).unwrap();

    eventually(Duration::from_secs(240), || {
        let held = documents_in(&elasticsearch)?;
        if held == LINES {
            Ok(())
        } else {
            Err(format!("the index holds {held} of {LINES}"))
        }
    });
    let lag = eventually(PATIENCE, || match client.lag("indexing-ra", "indexing") {
        Ok(0) => Ok(0),
        Ok(lag) => Err(format!("{lag} records are left")),
        Err(error) => Err(error.to_string()),
    });
    assert_eq!(lag, 0);
    assert_eq!(
        documents_in(&elasticsearch),
        Ok(LINES),
        "a repeated record must not become a second document"
    );

    let ends = client.end_offsets("enrichments").unwrap();
    let records = usize::try_from(ends.values().sum::<i64>()).unwrap();
    let events = client.consume("enrichments", records, PATIENCE).unwrap();
    let numbers: HashSet<usize> = events
        .iter()
        .map(|record| number_of(&record.value_json()))
        .collect();
    assert_eq!(numbers.len(), LINES, "lines are missing on the topic");
}

fn documents_in(elasticsearch: &Elasticsearch) -> Result<usize, String> {
    let base = elasticsearch.url();
    http::request("POST", &format!("{base}/squid_index*/_refresh"), None, &[])
        .map_err(|error| error.to_string())?;
    let answer =
        http::get(&format!("{base}/squid_index*/_count")).map_err(|error| error.to_string())?;
    let count: &Json = &answer.json()["count"];
    let count = count.as_u64().ok_or_else(|| answer.text())?;
    usize::try_from(count).map_err(|error| error.to_string())
}
