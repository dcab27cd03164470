//! Garbage of all kinds: each line becomes an error record or is dropped by rule, and the process stays up and small.

use alidade_testkit::{Kafka, ZooKeeper, eventually};
use serde_json::json;

use crate::support::{Configuration, PATIENCE, line, parser, squid_parser};

const GARBAGE: usize = 10_000;
/// Lines of nearly one MB, just below what clients send by default.
const LARGE: usize = 40;
const LARGE_BYTES: usize = 950_000;

/// Garbage that depends on the number only.
fn garbage(number: usize) -> Vec<u8> {
    let mut state = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    match number % 6 {
        0 => Vec::new(),
        1 => (0..next() % 300).map(|_| (next() & 0xff) as u8).collect(),
        2 => b"\xff\xfe\xc0\xaf invalid \xed\xa0\x80".to_vec(),
        3 => line(number).chars().rev().collect::<String>().into_bytes(),
        4 => line(number).as_bytes()[..(next() % 40) as usize].to_vec(),
        _ => format!("{{\"not\": [\"squid\", {number}]}}\n\r\t\0").into_bytes(),
    }
}

#[test]
fn garbage_becomes_error_records_and_memory_stays_flat() {
    let (kafka, zookeeper) = (Kafka::start().unwrap(), ZooKeeper::start().unwrap());
    for topic in ["squid", "enrichments", "errors"] {
        kafka.create_topic(topic, 1).unwrap();
    }
    let configuration = Configuration::new();
    configuration.put_json("global.json", &json!({ "parser.error.topic": "errors" }));
    configuration.put_json("parsers/squid.json", &squid_parser(&json!([])));
    configuration.push_all(&zookeeper);
    let mut parser = parser(&kafka, &zookeeper);
    let client = kafka.client();

    client.produce("squid", (0..GARBAGE).map(garbage)).unwrap();
    client.produce("squid", [line(1)]).unwrap();
    client.consume("enrichments", 1, PATIENCE).unwrap();
    let memory_before = resident_kib(parser.pid());
    for round in 0..LARGE {
        let mut large = if round % 2 == 0 {
            "x".repeat(LARGE_BYTES)
        } else {
            line(round)
        };
        let filler = "/y".repeat((LARGE_BYTES - large.len()) / 2);
        large = large.replacen("example.com/", &format!("example.com/{filler}"), 1);
        client.produce("squid", [large]).unwrap();
    }
    client.produce("squid", (0..GARBAGE).map(garbage)).unwrap();
    client.produce("squid", [line(2)]).unwrap();
    eventually(PATIENCE, || match client.lag("squid_parser", "squid") {
        Ok(0) => Ok(()),
        Ok(lag) => Err(format!("{lag} records are left")),
        Err(error) => Err(error.to_string()),
    });

    assert!(parser.is_running(), "{}", parser.log());
    assert!(!parser.log().contains("panicked"), "{}", parser.log());
    let count = |topic: &str| client.end_offsets(topic).unwrap().values().sum::<i64>();
    let all = i64::try_from(2 * GARBAGE + LARGE + 2).unwrap();
    // A large line that parses grows on the way and is refused by the broker: that is an error record too.
    assert_eq!(
        count("enrichments") + count("errors"),
        all,
        "{}",
        parser.log()
    );
    assert!(count("enrichments") >= 2);
    let memory_after = resident_kib(parser.pid());
    assert!(
        memory_after < memory_before + 120_000,
        "{memory_before} KiB grew to {memory_after} KiB"
    );

    let errors = client.consume("errors", 1_000, PATIENCE).unwrap();
    for record in errors {
        let error = record.value_json();
        assert_eq!(error["source.type"], "error");
        assert_eq!(error["failed_sensor_type"], "squid");
        assert!(
            error["error_hash"]
                .as_str()
                .is_some_and(|hash| hash.len() == 64),
            "{error}"
        );
    }
    parser.terminate();
    assert_eq!(parser.wait(PATIENCE).unwrap().code(), Some(0));
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
