//! Kafka and ZooKeeper for real.

use std::time::Duration;

use alidade_testkit::{Kafka, Record, Server, ZooKeeper};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn kafka_keeps_records_over_a_crash_and_a_restart() {
    let kafka = Kafka::start().unwrap();
    let client = kafka.client();
    kafka.create_topic("squid", 2).unwrap();
    let again = kafka.create_topic("squid", 2).unwrap_err().to_string();
    assert!(again.contains("create topic squid"), "{again}");

    let places = client
        .produce_records(
            "squid",
            (0..10).map(|number| Record {
                key: Some(format!("key{number}").into_bytes()),
                value: Some(format!("line {number}").into_bytes()),
                partition: Some(number % 2),
            }),
        )
        .unwrap();
    assert_eq!(places.len(), 10);
    assert_eq!(places[..4], [(0, 0), (1, 0), (0, 1), (1, 1)]);
    let pid = kafka.processes()[0].pid;

    kafka.kill();
    assert!(kafka.processes().is_empty());
    kafka.start_again().unwrap();
    assert_ne!(kafka.processes()[0].pid, pid);

    let mut consumed = client.consume("squid", 10, SOON).unwrap();
    consumed.sort_by_key(|record| (record.partition, record.offset));
    let lines: Vec<String> = consumed.iter().map(|record| record.value_text()).collect();
    let expected: Vec<String> = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
        .map(|number| format!("line {number}"))
        .to_vec();
    assert_eq!(lines, expected);
    assert_eq!(consumed[9].key_text().as_deref(), Some("key9"));
    assert_eq!(
        client.end_offsets("squid").unwrap(),
        [(0, 5), (1, 5)].into()
    );

    let none = client.committed_offsets("nobody", "squid").unwrap();
    assert_eq!(none, [(0, None), (1, None)].into());
    assert_eq!(client.lag("nobody", "squid").unwrap(), 10);

    kafka.restart().unwrap();
    assert_eq!(
        client
            .consume("squid", 11, Duration::from_secs(3))
            .unwrap()
            .len(),
        10
    );
    client.delete_topic("squid").unwrap();
}

#[test]
fn zookeeper_answers_and_comes_back_on_its_port() {
    let zookeeper = ZooKeeper::start().unwrap();
    let description = zookeeper.ask("srvr").unwrap();
    assert!(description.contains("version: 3.8.4"), "{description}");
    let quorum = zookeeper.quorum();

    zookeeper.kill();
    assert!(zookeeper.ask("ruok").is_err());
    zookeeper.start_again().unwrap();
    assert_eq!(zookeeper.quorum(), quorum);
    assert_eq!(zookeeper.ask("ruok").unwrap(), "imok");
    zookeeper.restart().unwrap();
    assert_eq!(zookeeper.ask("ruok").unwrap(), "imok");
}
