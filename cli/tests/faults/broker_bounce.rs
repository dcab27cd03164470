//! Kafka and ZooKeeper that go away and come back under load.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use alidade_testkit::{Kafka, KafkaClient, ZooKeeper, eventually};
use serde_json::{Value as Json, json};

use crate::support::{
    Configuration, PATIENCE, line, number_of, parser, squid_parser, stage_with_session,
};

/// Lines that are sent at once.
const PORTION: usize = 1_000;

fn servers() -> (Kafka, ZooKeeper) {
    let (kafka, zookeeper) = std::thread::scope(|scope| {
        let kafka = scope.spawn(|| Kafka::start().unwrap());
        let zookeeper = scope.spawn(|| ZooKeeper::start().unwrap());
        (kafka.join().unwrap(), zookeeper.join().unwrap())
    });
    for topic in ["squid", "enrichments", "indexing", "errors"] {
        kafka.create_topic(topic, 2).unwrap();
    }
    (kafka, zookeeper)
}

/// The parser of squid, writing a revision into each event.
fn configuration(revision: &str) -> Configuration {
    let configuration = Configuration::new();
    configuration.put_json("global.json", &json!({ "parser.error.topic": "errors" }));
    put_revision(&configuration, revision);
    configuration
}

fn put_revision(configuration: &Configuration, revision: &str) {
    let parser = squid_parser(&json!([
        { "transformation": "STELLAR", "output": ["revision"], "config": { "revision": format!("'{revision}'") } }
    ]));
    configuration.put_json("parsers/squid.json", &parser);
}

fn send(client: &KafkaClient, portions: std::ops::Range<usize>) {
    for portion in portions {
        let lines = (portion * PORTION..(portion + 1) * PORTION).map(line);
        client.produce("squid", lines).unwrap();
    }
}

fn wait_for_no_lag(client: &KafkaClient, group: &str, topic: &str) {
    eventually(PATIENCE, || match client.lag(group, topic) {
        Ok(0) => Ok(()),
        Ok(lag) => Err(format!("{lag} records of {topic} are left")),
        Err(error) => Err(error.to_string()),
    });
}

fn events(client: &KafkaClient, topic: &str) -> Vec<Json> {
    let ends = client.end_offsets(topic).unwrap();
    let records = usize::try_from(ends.values().sum::<i64>()).unwrap();
    let records = client.consume(topic, records, PATIENCE).unwrap();
    records.iter().map(|record| record.value_json()).collect()
}

/// Each line is there, and how many there are too many.
fn repeated(events: &[Json], lines: usize) -> usize {
    let mut seen: HashMap<usize, usize> = HashMap::new();
    for event in events {
        *seen.entry(number_of(event)).or_default() += 1;
    }
    let missing: Vec<usize> = (0..lines)
        .filter(|number| !seen.contains_key(number))
        .collect();
    assert_eq!(missing, [0; 0], "lines are missing");
    events.len() - lines
}

#[test]
fn a_broker_that_bounces_costs_no_line() {
    const PORTIONS: usize = 12;
    let (kafka, zookeeper) = servers();
    configuration("one").push_all(&zookeeper);
    // Longer than the broker is away: the stages stay members of their groups, so they have nothing to repeat.
    let start = |command, more| {
        stage_with_session(Duration::from_secs(120), command, &kafka, &zookeeper, more)
    };
    let mut parser = start("start_parser_topology", &["-s", "squid"]);
    let mut enrichment = start("start_enrichment_topology", &[]);
    let client = kafka.client();

    send(&client, 0..1);
    client.consume("indexing", 1, PATIENCE).unwrap();
    for bounce in 0..2 {
        // The stages are in the midst of it when the broker goes.
        send(&client, 1 + bounce * 5..6 + bounce * 5);
        kafka.restart().unwrap();
    }
    send(&client, 11..PORTIONS);
    wait_for_no_lag(&client, "squid_parser", "squid");
    wait_for_no_lag(&client, "enrichments", "enrichments");

    for process in [&mut parser, &mut enrichment] {
        assert!(process.is_running(), "{}", process.log());
        assert!(!process.log().contains("panicked"), "{}", process.log());
    }
    let lines = PORTIONS * PORTION;
    for (topic, process) in [("enrichments", &parser), ("indexing", &enrichment)] {
        let log = process.log();
        for sign in ["the worker has failed", "partitions revoked"] {
            assert!(!log.contains(sign), "{log}");
        }
        assert_eq!(
            repeated(&events(&client, topic), lines),
            0,
            "{topic}: {log}"
        );
    }
    assert!(events(&client, "errors").is_empty());
    for mut process in [parser, enrichment] {
        process.terminate();
        assert_eq!(process.wait(PATIENCE).unwrap().code(), Some(0));
    }
}

#[test]
fn a_stop_while_the_broker_is_away_takes_bounded_time_and_loses_nothing() {
    const PORTIONS: usize = 6;
    let (kafka, zookeeper) = servers();
    configuration("one").push_all(&zookeeper);
    let mut first = parser(&kafka, &zookeeper);
    let client = kafka.client();
    send(&client, 0..PORTIONS);
    client.consume("enrichments", 1, PATIENCE).unwrap();
    kafka.stop();
    let started = Instant::now();
    first.terminate();
    let status = first.wait(PATIENCE).unwrap();
    let took = started.elapsed();
    println!("the stop took {took:?}");
    assert_eq!(status.code(), Some(0), "{}", first.log());
    assert!(took < Duration::from_secs(40), "{took:?}: {}", first.log());

    kafka.start_again().unwrap();
    let second = parser(&kafka, &zookeeper);
    wait_for_no_lag(&client, "squid_parser", "squid");
    let too_many = repeated(&events(&client, "enrichments"), PORTIONS * PORTION);
    println!("{too_many} repeated");
    drop(second);
}

#[test]
fn zookeeper_away_stops_nothing_and_is_followed_again() {
    const PORTIONS: usize = 12;
    let (kafka, zookeeper) = servers();
    let configuration = configuration("one");
    configuration.push_all(&zookeeper);
    let mut parser = parser(&kafka, &zookeeper);
    let client = kafka.client();

    send(&client, 0..1);
    zookeeper.stop();
    for portion in 1..PORTIONS - 1 {
        send(&client, portion..portion + 1);
        std::thread::sleep(Duration::from_secs(1));
    }
    // Before it is back: all that came meanwhile has been worked off.
    wait_for_no_lag(&client, "squid_parser", "squid");
    zookeeper.start_again().unwrap();
    // What is pushed after that comes by a watch, not by the look that follows the connection's return.
    parser
        .wait_for_line("the connection to ZooKeeper is back", PATIENCE)
        .unwrap();
    std::thread::sleep(Duration::from_secs(1));
    put_revision(&configuration, "two");
    configuration.push_all(&zookeeper);
    parser
        .wait_for_line("configuration changed", PATIENCE)
        .unwrap();
    // An idle worker waits for its next batch with the configuration of before, for a twentieth of a second.
    std::thread::sleep(Duration::from_secs(1));
    send(&client, PORTIONS - 1..PORTIONS);
    wait_for_no_lag(&client, "squid_parser", "squid");

    assert!(parser.is_running(), "{}", parser.log());
    let events = events(&client, "enrichments");
    assert_eq!(repeated(&events, PORTIONS * PORTION), 0);
    for event in &events {
        let is_last = number_of(event) >= (PORTIONS - 1) * PORTION;
        assert_eq!(event["revision"], if is_last { "two" } else { "one" });
    }
    assert!(
        !parser.log().contains("the worker has failed"),
        "{}",
        parser.log()
    );
}
