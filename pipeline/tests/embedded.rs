//! The stages between topics, against the embedded broker.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alidade_config::{Compiler, FolderStore, Live, LiveOptions};
use alidade_parsers::BuiltInPatterns;
use alidade_pipeline::embedded::EmbeddedBroker;
use alidade_pipeline::{
    KafkaSettings, ParserSpec, RestClient, Services, Shutdown, StageSpec, start,
};
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
        rest: RestClient::new(runtime.handle().clone()),
        databases: Arc::default(),
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

/// The events of a topic, by the moment of each line.
fn moments(client: &KafkaClient, count: usize) -> Vec<serde_json::Value> {
    let records = client.consume("enrichments", count, Duration::from_secs(30));
    let mut moments: Vec<serde_json::Value> = records
        .unwrap()
        .iter()
        .map(|record| record.value_json()["timestamp"].take())
        .collect();
    moments.sort_by_key(serde_json::Value::as_i64);
    moments
}

fn line_at(second: u32) -> String {
    LINE.replace("1571163620.277", &format!("{second}.000"))
}

#[test]
fn a_worker_waits_while_its_document_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let broker = EmbeddedBroker::start(&["squid", "enrichments"]).unwrap();
    let runtime = Runtime::new().unwrap();
    let services = services(&runtime, folder.path(), broker.address());
    let client = KafkaClient::new(broker.address());
    let mut changes = services.live.changed();
    let mut change = |act: &dyn Fn()| {
        changes.mark_unchanged();
        act();
        runtime.block_on(async { changes.changed().await.unwrap() });
    };
    let parser_document = folder.path().join("parsers/squid.json");
    client.produce("squid", [line_at(1)]).unwrap();

    let pipeline = start(&services, &[parser("squid")], Shutdown::default()).unwrap();
    let health = pipeline.health();
    let stays_up = |what: &str| {
        for _ in 0..30 {
            assert!(health.down().is_empty(), "the worker was restarted {what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    stays_up("before there was a document");
    change(&|| write(folder.path(), "parsers/squid.json", SQUID));
    assert_eq!(moments(&client, 1), [1_000]);

    change(&|| std::fs::remove_file(&parser_document).unwrap());
    // The batch that has begun may still be worked off.
    std::thread::sleep(Duration::from_millis(200));
    client.produce("squid", [line_at(2)]).unwrap();
    stays_up("after its document was deleted");
    let sent: i64 = client.end_offsets("enrichments").unwrap().values().sum();
    assert_eq!(sent, 1, "a line is not taken without a document");
    change(&|| write(folder.path(), "parsers/squid.json", SQUID));
    assert_eq!(moments(&client, 2), [1_000, 2_000]);
    assert!(health.down().is_empty());
    pipeline.stop();
    let committed = client.committed_offsets("squid_parser", "squid").unwrap();
    assert_eq!(committed.get(&0), Some(&Some(2)));
}

#[test]
fn a_worker_follows_its_sensor_to_another_topic() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "parsers/squid.json", SQUID);
    let broker = EmbeddedBroker::start(&["squid", "squid_new", "enrichments"]).unwrap();
    let runtime = Runtime::new().unwrap();
    let services = services(&runtime, folder.path(), broker.address());
    let client = KafkaClient::new(broker.address());
    let pipeline = start(&services, &[parser("squid")], Shutdown::default()).unwrap();
    client.produce("squid", [line_at(1)]).unwrap();
    assert_eq!(moments(&client, 1), [1_000]);

    let elsewhere = SQUID.replace(r#""sensorTopic": "squid""#, r#""sensorTopic": "squid_new""#);
    client.produce("squid_new", [line_at(2)]).unwrap();
    write(folder.path(), "parsers/squid.json", &elsewhere);
    assert_eq!(moments(&client, 2), [1_000, 2_000]);
    // What the old topic still gets is for the time when somebody reads it again.
    client.produce("squid", [line_at(3)]).unwrap();
    client.produce("squid_new", [line_at(4)]).unwrap();
    assert_eq!(moments(&client, 3), [1_000, 2_000, 4_000]);
    assert!(pipeline.health().down().is_empty());
    pipeline.stop();
    let committed = |topic: &str| {
        let group = format!("{topic}_parser");
        client.committed_offsets(&group, topic).unwrap()[&0]
    };
    assert_eq!(
        (committed("squid"), committed("squid_new")),
        (Some(1), Some(2))
    );
}

#[test]
fn a_stop_takes_bounded_time_when_the_broker_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "parsers/squid.json", SQUID);
    let broker = EmbeddedBroker::start(&["squid", "enrichments"]).unwrap();
    let runtime = Runtime::new().unwrap();
    let services = services(&runtime, folder.path(), broker.address());
    let client = KafkaClient::new(broker.address());
    let pipeline = start(&services, &[parser("squid")], Shutdown::default()).unwrap();
    client.produce("squid", [line_at(1)]).unwrap();
    assert_eq!(moments(&client, 1), [1_000]);
    client.produce("squid", (2..5_000).map(line_at)).unwrap();
    drop(broker);
    let started = std::time::Instant::now();
    pipeline.stop();
    let took = started.elapsed();
    assert!(took < Duration::from_secs(40), "the stop took {took:?}");
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
