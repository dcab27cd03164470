//! Configuration that changes, and configuration that is wrong, while lines flow.

use std::collections::HashSet;

use alidade_testkit::{Kafka, ZooKeeper, eventually};
use serde_json::{Value as Json, json};

use crate::support::{Configuration, PATIENCE, line, number_of, parser, squid_parser, stage};

const LINES: usize = 20_000;
const CHUNK: usize = 500;

/// Two outputs of one document that always carry the same revision.
fn parser_revision(revision: &str) -> Json {
    squid_parser(&json!([
        { "transformation": "STELLAR", "output": ["first"], "config": { "first": format!("'{revision}'") } },
        { "transformation": "STELLAR", "output": ["second", "is_alert"],
          "config": { "second": format!("'{revision}'"), "is_alert": "'true'" } }
    ]))
}

fn triage_revision(score: u32) -> Json {
    json!({
        "enrichment": { "fieldMap": {} },
        "threatIntel": { "fieldMap": {}, "triageConfig": {
            "riskLevelRules": [ { "name": format!("rule {score}"), "rule": "code == 301", "score": score } ],
            "aggregator": "MAX" } }
    })
}

#[test]
fn a_push_while_lines_flow_loses_nothing_and_mixes_nothing() {
    let (kafka, zookeeper) = (Kafka::start().unwrap(), ZooKeeper::start().unwrap());
    for topic in ["squid", "enrichments", "indexing"] {
        kafka.create_topic(topic, 2).unwrap();
    }
    let configuration = Configuration::new();
    configuration.put_json("global.json", &json!({ "parser.error.topic": "errors" }));
    configuration.put_json("parsers/squid.json", &parser_revision("old"));
    configuration.put_json("enrichments/squid.json", &triage_revision(10));
    configuration.push_all(&zookeeper);
    let mut parser = parser(&kafka, &zookeeper);
    let enrichment = stage("start_enrichment_topology", &kafka, &zookeeper, &[]);

    let client = kafka.client();
    for start in (0..LINES).step_by(CHUNK) {
        client
            .produce("squid", (start..start + CHUNK).map(line))
            .unwrap();
        match start {
            6_000 => {
                configuration.put_json("parsers/squid.json", &parser_revision("new"));
                configuration.put_json("enrichments/squid.json", &triage_revision(20));
                configuration.push_all(&zookeeper);
                parser
                    .wait_for_line("configuration changed", PATIENCE)
                    .unwrap();
            }
            12_000 => {
                // The tool refuses a broken document, so it is put past the tool, as another program might.
                put_past_the_tool(
                    &zookeeper,
                    "parsers/squid",
                    b"{ \"parserClassName\": \n \"GrokParser\", \"oops\": 1 }",
                );
                let refused = parser
                    .wait_for_line("configuration document refused", PATIENCE)
                    .unwrap();
                assert!(
                    refused.contains("parsers/squid.json") && refused.contains("oops"),
                    "{refused}"
                );
                assert!(refused.contains("\"line\":2"), "{refused}");
            }
            _ => {}
        }
    }
    let records = client.consume("indexing", LINES, PATIENCE).unwrap();

    let mut numbers = HashSet::new();
    let mut revisions = HashSet::new();
    for record in &records {
        let event = record.value_json();
        numbers.insert(number_of(&event));
        assert_eq!(
            event["first"], event["second"],
            "two revisions of the parser in {event}"
        );
        let score = event["threat.triage.score"].as_f64().unwrap();
        assert_eq!(
            event["threat.triage.rules.0.name"],
            format!("rule {score}"),
            "two revisions in {event}"
        );
        revisions.insert((event["first"].as_str().unwrap().to_owned(), score as i64));
    }
    assert_eq!(numbers.len(), LINES, "lines are missing");
    assert!(
        revisions.contains(&("old".to_owned(), 10)) && revisions.contains(&("new".to_owned(), 20)),
        "{revisions:?}"
    );
    let last = client.consume("indexing", LINES, PATIENCE).unwrap();
    assert_eq!(last.len(), LINES, "nothing is doubled when nothing fails");
    drop(enrichment);
}

#[test]
fn a_broken_document_is_refused_with_its_place_and_nothing_is_written() {
    let zookeeper = ZooKeeper::start().unwrap();
    let configuration = Configuration::new();
    configuration.put_json("parsers/squid.json", &parser_revision("old"));
    configuration.push_all(&zookeeper);
    let broken = squid_parser(&json!([
        { "transformation": "STELLAR", "output": ["host"], "config": { "host": "URL_TO_HOSST(url)" } }
    ]));
    configuration.put_json("parsers/squid.json", &broken);
    configuration.put_json("enrichments/squid.json", &triage_revision(10));
    let (code, text) = configuration.push(&zookeeper);
    assert_eq!(code, Some(1), "{text}");
    for part in ["parsers/squid.json:", "URL_TO_HOSST", "URL_TO_HOST"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    let dump = eventually(PATIENCE, || dump(&zookeeper));
    assert!(
        dump.contains("'old'") && !dump.contains("URL_TO_HOSST"),
        "{dump}"
    );
    assert!(!dump.contains("ENRICHMENT Config"), "{dump}");
}

fn dump(zookeeper: &ZooKeeper) -> Result<String, String> {
    let output = std::process::Command::new(crate::support::BINARY)
        .args(["zk_load_configs", "-m", "DUMP", "-z", &zookeeper.quorum()])
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn put_past_the_tool(zookeeper: &ZooKeeper, document: &str, bytes: &[u8]) {
    use alidade_config::{DocumentId, Store, ZooKeeperStore};
    let sensor = document.strip_prefix("parsers/").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = ZooKeeperStore::connect(&zookeeper.quorum()).await.unwrap();
        store
            .write(&DocumentId::Parser(sensor.to_owned()), bytes)
            .await
            .unwrap();
    });
}
