//! The stages between topics, against the embedded broker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alidade_config::{Compiler, FolderStore, Live, LiveOptions};
use alidade_parsers::BuiltInPatterns;
use alidade_pipeline::embedded::EmbeddedBroker;
use alidade_pipeline::{KafkaSettings, ParserSpec, Services, Shutdown, StageSpec, start};
use alidade_stellar::Library;
use alidade_testkit::KafkaClient;
use tokio::runtime::Runtime;

const LINE: &str = "1571163620.277 192 127.0.0.1 TCP_MISS/301 366 GET http://yahoo.com/ - DIRECT/72.30.35.10 text/html";

const SQUID: &str = r#"{
  "parserClassName": "org.apache.metron.parsers.GrokParser",
  "sensorTopic": "squid",
  "parserConfig": {
    "grokPath": "/patterns/squid",
    "patternLabel": "SQUID_DELIMITED",
    "timestampField": "timestamp"
  },
  "fieldTransformations": [
    { "transformation": "STELLAR", "output": ["is_alert"], "config": { "is_alert": "if code == 500 then 'true' else null" } }
  ]
}"#;

const ENRICHMENT: &str = r#"{
  "enrichment": { "fieldMap": {} },
  "threatIntel": { "fieldMap": {}, "triageConfig": {
    "riskLevelRules": [ { "rule": "code == 500", "score": 40 } ], "aggregator": "MAX" } }
}"#;

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn services(runtime: &Runtime, folder: &Path, brokers: String) -> Services {
    let library = Library::metron();
    let compiler = Compiler::new(library.clone(), Arc::new(BuiltInPatterns));
    let store = Arc::new(FolderStore::new(folder));
    let live = runtime
        .block_on(Live::start(store, LiveOptions::new(compiler)))
        .unwrap();
    Services {
        live,
        library,
        kafka: KafkaSettings {
            brokers,
            ..KafkaSettings::default()
        },
        models: None,
        runtime: runtime.handle().clone(),
    }
}

fn parser(sensor: &str) -> StageSpec {
    StageSpec::Parser(ParserSpec {
        sensor: sensor.to_owned(),
        workers: None,
        output_topic: None,
        spout_config: None,
    })
}

#[test]
fn a_line_goes_through_the_parser_and_the_enrichment_stage() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "parsers/squid.json", SQUID);
    write(folder.path(), "enrichments/squid.json", ENRICHMENT);
    let broker = EmbeddedBroker::start(&["squid", "enrichments", "indexing"]).unwrap();
    let runtime = Runtime::new().unwrap();
    let services = services(&runtime, folder.path(), broker.address());
    let stages = [parser("squid"), StageSpec::Enrichment { workers: 1 }];
    let pipeline = start(&services, &stages, Shutdown::default()).unwrap();

    let client = KafkaClient::new(broker.address());
    let bad = LINE.replace("/301", "/500").replace("620.277", "630.000");
    client
        .produce(
            "squid",
            [
                LINE.as_bytes(),
                bad.as_bytes(),
                b"garbage",
                b"\xff\xfe\x00",
                b"",
            ],
        )
        .unwrap();
    let records = client
        .consume("indexing", 5, Duration::from_secs(30))
        .unwrap();

    let events: Vec<serde_json::Value> = records.iter().map(|record| record.value_json()).collect();
    let by_type = |sensor: &str| -> Vec<&serde_json::Value> {
        events
            .iter()
            .filter(|event| event["source.type"] == sensor)
            .collect()
    };
    let squid = by_type("squid");
    assert_eq!(squid.len(), 2, "{events:?}");
    assert_eq!(squid[0]["timestamp"], 1_571_163_620_277_i64);
    assert_eq!(squid[0]["original_string"], LINE);
    assert!(squid[0].get("is_alert").is_none());
    assert_eq!(squid[1]["is_alert"], "true");
    assert_eq!(squid[1]["threat.triage.score"], 40.0);
    let errors = by_type("error");
    assert_eq!(errors.len(), 3, "{events:?}");
    assert!(
        errors
            .iter()
            .all(|error| error["error_type"] == "parser_error")
    );
    assert!(
        errors
            .iter()
            .all(|error| error["failed_sensor_type"] == "squid")
    );

    pipeline.stop();
    assert_eq!(
        client
            .committed_offsets("squid_parser", "squid")
            .unwrap()
            .get(&0),
        Some(&Some(5))
    );
}

#[test]
fn a_changed_document_is_used_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "parsers/squid.json", SQUID);
    let broker = EmbeddedBroker::start(&["squid", "enrichments"]).unwrap();
    let runtime = Runtime::new().unwrap();
    let services = services(&runtime, folder.path(), broker.address());
    let pipeline = start(&services, &[parser("squid")], Shutdown::default()).unwrap();
    let client = KafkaClient::new(broker.address());
    let mut changes = services.live.changed();

    client.produce("squid", [LINE]).unwrap();
    let records = client
        .consume("enrichments", 1, Duration::from_secs(30))
        .unwrap();
    assert!(records[0].value_json().get("is_alert").is_none());

    write(
        folder.path(),
        "parsers/squid.json",
        &SQUID.replace("code == 500", "code == 301"),
    );
    runtime.block_on(async { changes.changed().await.unwrap() });
    client.produce("squid", [LINE]).unwrap();
    let records = client
        .consume("enrichments", 2, Duration::from_secs(30))
        .unwrap();
    assert_eq!(records[1].value_json()["is_alert"], "true");

    write(
        folder.path(),
        "parsers/squid.json",
        &SQUID.replace("code == 500", "code == == 301"),
    );
    let refused = || match services.live.last_refusals().first() {
        Some(refusal) => Ok(refusal.clone()),
        None => Err("nothing is refused yet"),
    };
    let refusal = alidade_testkit::eventually(Duration::from_secs(20), refused);
    assert_eq!(refusal.problems[0].line, Some(10));
    client.produce("squid", [LINE]).unwrap();
    let records = client
        .consume("enrichments", 3, Duration::from_secs(30))
        .unwrap();
    assert_eq!(records[2].value_json()["is_alert"], "true");
    pipeline.stop();
}
