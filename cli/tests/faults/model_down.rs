//! Models that are away, slow, or talk nonsense: events flow on without their verdict.

use std::sync::Arc;
use std::time::Duration;

use alidade_maas_core::{
    Endpoint, Registry, ServiceInstance, ServiceType, ZooKeeperOptions, ZooKeeperRegistry,
};
use alidade_testkit::{Behaviour, FakeModel, Kafka, ZooKeeper, eventually, http};
use serde_json::{Value as Json, json};

use crate::support::{Configuration, PATIENCE, line, number_of, squid_parser, stage};

/// As many as must flow in each state of the model, each about another domain so that no answer is cached.
const LINES: usize = 30;

struct Scene {
    kafka: Kafka,
    sent: usize,
}

impl Scene {
    /// Sends some lines and gives back their events.
    fn send(&mut self) -> Vec<Json> {
        let client = self.kafka.client();
        client
            .produce("squid", (self.sent..self.sent + LINES).map(line))
            .unwrap();
        self.sent += LINES;
        let records = client.consume("enrichments", self.sent, PATIENCE).unwrap();
        let first = self.sent - LINES;
        let events: Vec<Json> = records.iter().map(|record| record.value_json()).collect();
        events
            .into_iter()
            .filter(|event| number_of(event) >= first)
            .collect()
    }

    fn send_without_verdict(&mut self) {
        let events = self.send();
        assert_eq!(events.len(), LINES);
        assert!(
            events
                .iter()
                .all(|event| event.get("is_malicious").is_none()),
            "{events:?}"
        );
    }

    /// Repeats until the model answers again: an instance that failed is set aside for a moment.
    fn send_until_verdicts(&mut self) {
        eventually(PATIENCE, || {
            let events = self.send();
            if events
                .iter()
                .all(|event| event["is_malicious"] == "malicious")
            {
                return Ok(());
            }
            Err(format!("no verdicts yet: {:?}", events[0]))
        });
    }
}

#[test]
fn events_flow_while_the_model_fails_and_recover_with_it() {
    let (kafka, zookeeper) = (Kafka::start().unwrap(), ZooKeeper::start().unwrap());
    for topic in ["squid", "enrichments"] {
        kafka.create_topic(topic, 1).unwrap();
    }
    let configuration = Configuration::new();
    configuration.put_json("global.json", &json!({}));
    configuration.put_json("parsers/squid.json", &squid_parser(&json!([
        { "transformation": "STELLAR", "output": ["is_malicious"], "config": {
            "is_malicious": "MAP_GET('is_malicious', MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga'), {'host' : URL_TO_HOST(url)}))" } }
    ])));
    configuration.push_all(&zookeeper);
    let http_port = alidade_testkit::free_port().unwrap();
    let http_address = format!("127.0.0.1:{http_port}");
    let _parser = stage(
        "start_parser_topology",
        &kafka,
        &zookeeper,
        &["-s", "squid", "--http", &http_address],
    );
    let mut scene = Scene { kafka, sent: 0 };
    scene.send_without_verdict();

    let model = FakeModel::start().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let options = ZooKeeperOptions::new(zookeeper.quorum());
    let registry: Arc<dyn Registry> = Arc::new(
        runtime
            .block_on(ZooKeeperRegistry::connect(options))
            .unwrap(),
    );
    let instance = ServiceInstance::new(
        "dga",
        "1.0",
        2,
        Endpoint::at(&model.url()),
        ServiceType::Dynamic,
        0,
    );
    runtime.block_on(registry.register(&instance)).unwrap();
    scene.send_until_verdicts();

    for behaviour in [
        Behaviour::Delay(Duration::from_secs(5)),
        Behaviour::Garbage,
        Behaviour::Status(500),
        Behaviour::HangUp,
    ] {
        model.set(behaviour);
        scene.send_without_verdict();
        model.set(Behaviour::Normal);
        scene.send_until_verdicts();
    }
    let metrics = http::get(&format!("http://{http_address}/metrics"))
        .unwrap()
        .text();
    let failures = metrics.lines().find(|line| {
        line.starts_with("alidade_maas_calls_total") && !line.contains("outcome=\"ok\"")
    });
    assert!(failures.is_some(), "{metrics}");
    assert_eq!(
        http::get(&format!("http://{http_address}/health"))
            .unwrap()
            .status,
        200
    );

    // Gone between look-up and call: still registered, but nothing listens.
    drop(model);
    scene.send_without_verdict();
    let model = FakeModel::start().unwrap();
    let instance = ServiceInstance::new(
        "dga",
        "1.0",
        3,
        Endpoint::at(&model.url()),
        ServiceType::Dynamic,
        0,
    );
    runtime.block_on(registry.register(&instance)).unwrap();
    runtime.block_on(registry.unregister("dga", "2")).unwrap();
    scene.send_until_verdicts();
}
