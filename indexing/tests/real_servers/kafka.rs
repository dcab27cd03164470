use std::time::Duration;

use alidade_event::{NumberStyle, read_value};
use alidade_indexing::kafka::{KafkaWriter, KafkaWriterSettings};
use alidade_testkit::Kafka;

use crate::common::{CNN, YAHOO, dispatcher, event, index, items, parsed};

fn settings(json: &str) -> KafkaWriterSettings {
    let map = read_value(json.as_bytes(), NumberStyle::Jackson).unwrap();
    KafkaWriterSettings::from_map(&map, None).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_reach_their_topics() {
    let kafka = Kafka::start().unwrap();
    kafka.create_topic("enrichments", 1).unwrap();
    kafka.create_topic("routed", 1).unwrap();
    let broker = kafka.bootstrap();

    let fixed = settings(&format!(r#"{{"kafka.brokerUrl": "{broker}"}}"#));
    let mut to_one = dispatcher(KafkaWriter::new(&fixed).await.unwrap());
    let huge = event("huge", "padding", &format!("\"{}\"", "x".repeat(2_000_000)));
    let came = index(&mut to_one, items(&[YAHOO, &huge, CNN])).await;
    assert_eq!((came.done, came.left), (vec![0, 2], 0));
    assert_eq!(came.dead.len(), 1);
    let records = kafka
        .client()
        .consume("enrichments", 2, Duration::from_secs(20))
        .unwrap();
    assert_eq!(parsed(&records[0].value_text()), parsed(YAHOO));
    assert_eq!(parsed(&records[1].value_text()), parsed(CNN));

    let by_field = settings(&format!(
        r#"{{"kafka.brokerUrl": "{broker}", "kafka.topicField": "route"}}"#
    ));
    let mut to_many = dispatcher(KafkaWriter::new(&by_field).await.unwrap());
    let routed = event("routed", "route", "\"routed\"");
    let nowhere = event("nowhere", "n", "1");
    let invalid = event("invalid", "route", "\"no such topic!\"");
    let came = index(&mut to_many, items(&[&routed, &nowhere, &invalid])).await;
    assert_eq!((came.done, came.left), (vec![0, 1], 0));
    assert_eq!(came.dead.len(), 1, "{:?}", came.dead);
    let records = kafka
        .client()
        .consume("routed", 1, Duration::from_secs(20))
        .unwrap();
    assert_eq!(parsed(&records[0].value_text()), parsed(&routed));
}
