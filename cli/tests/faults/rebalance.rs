//! Members of one group that come and go, in order and by force, under load: every line arrives.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use alidade_testkit::{Kafka, Process, ZooKeeper, eventually};
use serde_json::json;

use crate::support::{Configuration, PATIENCE, line, number_of, parser, squid_parser};

const LINES: usize = 20_000;
const PARTITIONS: i32 = 4;
/// One step every two seconds or so.
const STORM: Duration = Duration::from_secs(15);
const PORTION: usize = 1_000;
/// A batch that was sent and not committed is sent again by the next owner; a kill costs a batch or two.
const MOST_RECORDS: usize = LINES + LINES / 4;

#[test]
fn members_that_come_and_go_lose_no_line() {
    let (kafka, zookeeper) = std::thread::scope(|scope| {
        let kafka = scope.spawn(|| Kafka::start().unwrap());
        let zookeeper = scope.spawn(|| ZooKeeper::start().unwrap());
        (kafka.join().unwrap(), zookeeper.join().unwrap())
    });
    kafka.create_topic("squid", PARTITIONS).unwrap();
    for topic in ["enrichments", "errors"] {
        kafka.create_topic(topic, 2).unwrap();
    }
    let configuration = Configuration::new();
    configuration.put_json("global.json", &json!({ "parser.error.topic": "errors" }));
    configuration.put_json("parsers/squid.json", &squid_parser(&json!([])));
    configuration.push_all(&zookeeper);
    let client = kafka.client();

    let mut survivor = parser(&kafka, &zookeeper);
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let pause = STORM / u32::try_from(LINES / PORTION).unwrap();
            for start in (0..LINES).step_by(PORTION) {
                let lines = (start..start + PORTION).map(line);
                client.produce("squid", lines).unwrap();
                std::thread::sleep(pause);
            }
        });
        let mut others: [Option<Process>; 2] = [None, None];
        let started = Instant::now();
        let mut step = 0;
        while started.elapsed() < STORM {
            change(&mut others[step % 2], step, &kafka, &zookeeper);
            std::thread::sleep(Duration::from_secs(2));
            step += 1;
        }
        load.join().unwrap();
        // The last ones go as well, one of each kind.
        for (number, other) in others.iter_mut().enumerate() {
            leave(other, number % 2 == 0);
        }
    });

    eventually(PATIENCE, || match client.lag("squid_parser", "squid") {
        Ok(0) => Ok(()),
        Ok(lag) => Err(format!("{lag} records are left")),
        Err(error) => Err(error.to_string()),
    });
    assert!(survivor.is_running(), "{}", survivor.log());
    for sign in ["panicked", "the worker has failed"] {
        assert!(!survivor.log().contains(sign), "{}", survivor.log());
    }
    let errors: i64 = client.end_offsets("errors").unwrap().values().sum();
    assert_eq!(errors, 0);
    let ends = client.end_offsets("enrichments").unwrap();
    let records = usize::try_from(ends.values().sum::<i64>()).unwrap();
    let events = client.consume("enrichments", records, PATIENCE).unwrap();
    let mut seen: HashMap<usize, usize> = HashMap::new();
    for event in &events {
        *seen.entry(number_of(&event.value_json())).or_default() += 1;
    }
    let missing: Vec<usize> = (0..LINES)
        .filter(|number| !seen.contains_key(number))
        .collect();
    assert_eq!(missing, [0; 0], "lines are missing");
    println!("{records} records for {LINES} lines");
    assert!(
        records <= MOST_RECORDS,
        "{records} records for {LINES} lines"
    );

    // The survivor has all partitions and still works.
    let before = client.end_offsets("enrichments").unwrap();
    client.produce("squid", (0..100).map(line)).unwrap();
    eventually(PATIENCE, || {
        let now = client.end_offsets("enrichments").unwrap();
        let more: i64 = now.values().sum::<i64>() - before.values().sum::<i64>();
        if more == 100 { Ok(()) } else { Err(more) }
    });
    survivor.terminate();
    assert_eq!(survivor.wait(PATIENCE).unwrap().code(), Some(0));
}

/// One who is not there joins; one who is there leaves, by turns in order and by force.
fn change(member: &mut Option<Process>, step: usize, kafka: &Kafka, zookeeper: &ZooKeeper) {
    if member.is_some() {
        leave(member, step % 4 < 2);
    } else {
        *member = Some(parser(kafka, zookeeper));
    }
}

fn leave(member: &mut Option<Process>, in_order: bool) {
    let Some(mut process) = member.take() else {
        return;
    };
    if in_order {
        process.terminate();
        let status = process.wait(PATIENCE).unwrap();
        assert_eq!(status.code(), Some(0), "{}", process.log());
    } else {
        process.kill();
    }
}
