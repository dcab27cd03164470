use serde_json::json;
use zookeeper_client::{Acls, Client, CreateMode};

use crate::bench::Bench;

pub fn documents_are_put_and_come_back(bench: &Bench) {
    assert_eq!(
        bench.json("CONFIG_GET('PARSER', 'squid', false)"),
        json!(null)
    );
    let parser = r#"{"parserClassName": "org.apache.metron.parsers.json.JSONMapParser", "sensorTopic": "squid"}"#;
    assert_eq!(
        bench.json(&format!("CONFIG_PUT('PARSER', '{parser}', 'squid')")),
        json!(null)
    );
    assert_eq!(bench.text("CONFIG_GET('PARSER', 'squid')"), parser);
    let stored = node(bench, "/metron/topology/parsers/squid");
    assert_eq!(stored, parser.as_bytes());

    let broken = r#"{"parserClassName": "org.apache.metron.parsers.json.JSONMapParser", "fieldTransformations": [{"transformation": "STELLAR", "output": ["a"], "config": {"a": "TO_UPPER("}}]}"#;
    let error = bench.error(&format!("CONFIG_PUT('PARSER', '{broken}', 'squid')"));
    assert!(error.contains("parsers/squid.json:1:"), "{error}");
    assert!(
        error.contains("/fieldTransformations/0/config/a"),
        "{error}"
    );
    assert!(error.contains("nothing was written"), "{error}");
    assert_eq!(bench.text("CONFIG_GET('PARSER', 'squid')"), parser);
    let error = bench.error("CONFIG_PUT('GLOBAL', 'foo bar')");
    assert!(error.contains("global.json:1:"), "{error}");
    assert_eq!(bench.json("CONFIG_GET('GLOBAL', false)"), json!(null));
    assert_eq!(bench.text("CONFIG_GET('GLOBAL')"), "{ }");
    assert_eq!(bench.json("CONFIG_PUT('GLOBAL', null)"), json!(null));
}

pub fn edited_documents_are_put(bench: &Bench) {
    bench.value(
        "CONFIG_PUT('PARSER', PARSER_STELLAR_TRANSFORM_ADD(CONFIG_GET('PARSER', 'squid'), {'upper': 'TO_UPPER(a)'}), 'squid')",
    );
    let table = bench.text("PARSER_STELLAR_TRANSFORM_PRINT(CONFIG_GET('PARSER', 'squid'))");
    assert!(table.contains("║ upper │ TO_UPPER(a)    ║"), "{table}");
    bench.value(
        "CONFIG_PUT('INDEXING', INDEXING_SET_ENABLED(INDEXING_SET_INDEX(INDEXING_SET_BATCH(CONFIG_GET('INDEXING', 'squid'), 'hdfs', 5), 'hdfs', 'proxy'), 'hdfs', false), 'squid')",
    );
    let stored: serde_json::Value =
        serde_json::from_slice(&node(bench, "/metron/topology/indexing/squid")).unwrap();
    assert_eq!(
        stored,
        json!({"hdfs": {"batchSize": 5, "batchTimeout": 0, "index": "proxy", "enabled": false}})
    );
    bench.value(
        "CONFIG_PUT('ENRICHMENT', ENRICHMENT_STELLAR_TRANSFORM_ADD(CONFIG_GET('ENRICHMENT', 'squid'), 'THREAT_INTEL', {'is_alert': 'true'}, 'triage'), 'squid')",
    );
    let get = "CONFIG_GET('ENRICHMENT', 'squid')";
    let table = bench.text(&format!(
        "ENRICHMENT_STELLAR_TRANSFORM_PRINT({get}, 'THREATINTEL')"
    ));
    assert!(
        table.contains("║ triage │ is_alert │ true           ║"),
        "{table}"
    );
    let removed = bench.text(&format!(
        "ENRICHMENT_STELLAR_TRANSFORM_REMOVE({get}, 'THREAT_INTEL', ['is_alert'], 'triage')"
    ));
    assert!(!removed.contains("stellar"), "{removed}");
}

/// Without `bootstrap.servers`, the brokers are those that have registered in ZooKeeper.
pub fn brokers_are_found_where_they_register(bench: &Bench) {
    let props = |global| bench.try_with(global, "KAFKA_PROPS()").unwrap().to_json();
    assert!(props("{}").contains(r#""bootstrap.servers":"localhost:9092""#));
    let bootstrap = bench.kafka.bootstrap();
    let (host, port) = bootstrap.split_once(':').unwrap();
    let registration = format!(r#"{{"host": "{host}", "port": {port}}}"#);
    bench.runtime.block_on(async {
        let client = Client::connect(&bench.zookeeper.quorum()).await.unwrap();
        let options = CreateMode::Persistent.with_acls(Acls::anyone_all());
        for (path, data) in [
            ("/brokers", ""),
            ("/brokers/ids", ""),
            ("/brokers/ids/1", &registration),
        ] {
            client
                .create(path, data.as_bytes(), &options)
                .await
                .unwrap();
        }
    });
    let found = props("{}").replace("\\/", "/");
    assert!(
        found.contains(&format!(r#""bootstrap.servers":"{bootstrap}""#)),
        "{found}"
    );
    bench.kafka.create_topic("registered", 1).unwrap();
    let put = bench
        .try_with("{}", "KAFKA_PUT('registered', 'x')")
        .unwrap();
    assert_eq!(put.to_json(), "1");

    let secret = "KAFKA_PROPS({'sasl.password': 'hunter2', 'max.poll.records': 1})";
    let shown = bench.json(secret);
    assert_eq!(shown["sasl.password"], json!("********"));
    assert_eq!(shown["max.poll.records"], json!(1));
    assert_eq!(shown["es.ip"], json!("node1:9300"));
}

fn node(bench: &Bench, path: &str) -> Vec<u8> {
    bench.runtime.block_on(async {
        let client = Client::connect(&bench.zookeeper.quorum()).await.unwrap();
        client.get_data(path).await.unwrap().0
    })
}
