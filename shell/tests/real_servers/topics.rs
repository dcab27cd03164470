use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bench::Bench;

/// Evaluates an expression that waits for messages while another one writes some, again and again.
fn while_writing(bench: &Bench, reading: &str, writing: &str) -> Value {
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                bench.value(writing);
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let read = bench.json(reading);
        is_done.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        read
    })
}

pub fn messages_are_put_and_come_in_order(bench: &Bench) {
    bench.kafka.create_topic("five", 1).unwrap();
    let put = "KAFKA_PUT('five', ['{\"value\": 1}', 'zwei é', 'three', '{\"value\": 4}', 'five'])";
    assert_eq!(bench.json(put), json!(5));
    assert_eq!(bench.json("KAFKA_GET('five')"), json!(["{\"value\": 1}"]));
    assert_eq!(
        bench.json("KAFKA_GET('five', 2)"),
        json!(["zwei é", "three"])
    );
    let began = Instant::now();
    let rest = "KAFKA_GET('five', 10, {'stellar.kafka.max.wait.millis': 1000})";
    assert_eq!(bench.json(rest), json!(["{\"value\": 4}", "five"]));
    assert_eq!(bench.json(rest), json!([]));
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );

    assert_eq!(bench.json("KAFKA_PUT('five', 'alone')"), json!(1));
    assert_eq!(bench.json("KAFKA_PUT('five', [null])"), json!(1));
    assert_eq!(bench.json("KAFKA_PUT('five', [])"), json!(0));
    assert_eq!(bench.json("KAFKA_GET('five', 2)"), json!(["alone", null]));
}

pub fn a_group_goes_on_where_it_stopped(bench: &Bench) {
    let properties =
        "{'group.id': 'late', 'auto.offset.reset': 'latest', 'stellar.kafka.max.wait.millis': 700}";
    let get = format!("KAFKA_GET('five', 9, {properties})");
    // Nothing is new, and from then on everything is.
    assert_eq!(bench.json(&get), json!([]));
    bench.value("KAFKA_PUT('five', ['after', 'that'])");
    assert_eq!(bench.json(&get), json!(["after", "that"]));
    assert_eq!(bench.json(&get), json!([]));
    let none = "KAFKA_GET('five', 1, {'group.id': 'other', 'auto.offset.reset': 'none'})";
    let error = bench.error(none);
    assert!(
        error.contains("the group `other` has stored no offset"),
        "{error}"
    );
}

pub fn only_what_is_new_is_tailed(bench: &Bench) {
    bench.kafka.create_topic("tail", 1).unwrap();
    bench.value("KAFKA_PUT('tail', ['old', 'old', 'old'])");
    let none = "KAFKA_TAIL('tail', 1, {'stellar.kafka.max.wait.millis': 500})";
    assert_eq!(bench.json(none), json!([]));
    let tail = "KAFKA_TAIL('tail', 2)";
    assert_eq!(
        while_writing(bench, tail, "KAFKA_PUT('tail', 'new')"),
        json!(["new", "new"])
    );
    // The group has not moved.
    assert_eq!(bench.json("KAFKA_GET('tail')"), json!(["old"]));
}

/// A topic that is made while it is waited for is read from its beginning.
pub fn a_topic_that_is_not_there_yet_is_waited_for(bench: &Bench) {
    let tailed = std::thread::scope(|scope| {
        let tail = scope.spawn(|| {
            bench.json("KAFKA_TAIL('later', 1, {'stellar.kafka.max.wait.millis': 20000})")
        });
        std::thread::sleep(Duration::from_secs(1));
        bench.kafka.create_topic("later", 1).unwrap();
        bench.value("KAFKA_PUT('later', ['first', 'second'])");
        tail.join().unwrap()
    });
    assert_eq!(tailed, json!(["first"]));
}

pub fn what_satisfies_a_condition_is_found(bench: &Bench) {
    bench.kafka.create_topic("find", 1).unwrap();
    let put = "KAFKA_PUT('find', ['{\"value\": 23}', 'no json', '[1]', '{\"value\": 7}'])";
    bench.value(put);
    let find = "KAFKA_FIND('find', m -> MAP_GET('value', m) == 23, 2)";
    assert_eq!(
        while_writing(bench, find, put),
        json!(["{\"value\": 23}", "{\"value\": 23}"])
    );
    let none =
        "KAFKA_FIND('find', m -> MAP_GET('value', m), 10, {'stellar.kafka.max.wait.millis': 1500})";
    let began = Instant::now();
    assert_eq!(
        while_writing(bench, none, put),
        json!([]),
        "a number is not true"
    );
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    // A condition that fails says so.
    let bad = "KAFKA_FIND('find', m -> FORMAT('%d', MAP_GET('value', m)) == 'x')";
    let error = std::thread::scope(|scope| {
        let reading = scope.spawn(|| bench.error(bad));
        while !reading.is_finished() {
            bench.value("KAFKA_PUT('find', '{\"value\": \"text\"}')");
        }
        reading.join().unwrap()
    });
    assert!(error.contains("FORMAT"), "{error}");
}

pub fn one_message_is_sought(bench: &Bench) {
    assert_eq!(bench.json("KAFKA_SEEK('five', 0, 4)"), json!("five"));
    assert_eq!(
        bench.json("KAFKA_SEEK('five', '0', 0)"),
        json!("{\"value\": 1}")
    );
    let soon = "{'stellar.kafka.max.wait.millis': 400}";
    for place in ["0, 9999", "99999, 0", "0, 9223372036854775806L"] {
        let sought = format!("KAFKA_SEEK('five', {place}, {soon})");
        assert_eq!(bench.json(&sought), json!(null), "{place}");
    }
    let error = bench.error("KAFKA_SEEK('five', 0, -1)");
    assert!(error.contains("argument 3 is -1"), "{error}");
    assert_eq!(
        bench.json(&format!("KAFKA_SEEK('no-such-topic', 0, 0, {soon})")),
        json!(null)
    );
}

pub fn the_rich_view_tells_the_place(bench: &Bench) {
    bench.kafka.create_topic("rich", 1).unwrap();
    let rich = "{'stellar.kafka.message.view': 'rich'}";
    let mut put = bench.json(&format!("KAFKA_PUT('rich', ['a', 'b'], {rich})"));
    let read = [
        bench.json(&format!("KAFKA_GET('rich', 1, {rich})"))[0].clone(),
        bench.json(&format!("KAFKA_SEEK('rich', 0, 1, {rich})")),
    ];
    for (at, text) in ["a", "b"].iter().enumerate() {
        let timestamp = put[at]["timestamp"].take();
        assert!(timestamp.as_i64() > Some(1_500_000_000_000), "{timestamp}");
        assert_eq!(
            put[at],
            json!({"topic": "rich", "partition": 0, "offset": at, "timestamp": null})
        );
        assert_eq!(
            read[at],
            json!({"value": text, "topic": "rich", "partition": 0, "offset": at, "timestamp": timestamp, "key": null})
        );
    }
    let tail = format!("KAFKA_TAIL('rich', 1, {rich})");
    let tailed = while_writing(bench, &tail, "KAFKA_PUT('rich', 'new')");
    assert_eq!(tailed[0]["value"], json!("new"));
    assert!(tailed[0]["offset"].as_i64() >= Some(2), "{tailed}");
}

pub fn several_partitions_are_read(bench: &Bench) {
    bench.kafka.create_topic("wide", 3).unwrap();
    let records = (0..30).map(|number| alidade_testkit::Record {
        key: Some(b"key".to_vec()),
        value: Some(format!("{number:02}").into_bytes()),
        partition: Some(number % 3),
    });
    bench
        .kafka
        .client()
        .produce_records("wide", records)
        .unwrap();
    let mut read = Vec::new();
    for _ in 0..3 {
        let part = bench.json("KAFKA_GET('wide', 10)");
        read.extend(
            part.as_array()
                .unwrap()
                .iter()
                .map(|text| text.as_str().unwrap().to_owned()),
        );
    }
    read.sort();
    let expected: Vec<String> = (0..30).map(|number| format!("{number:02}")).collect();
    assert_eq!(read, expected);
    let keyed = "KAFKA_SEEK('wide', 2, 0, {'stellar.kafka.message.view': 'rich'})";
    assert_eq!(bench.json(keyed)["key"], json!("key"));
}

pub fn failures_say_what_is_wrong(bench: &Bench) {
    let soon = "'stellar.kafka.max.wait.millis': 500";
    // Nobody has made the topic: upstream gives an empty list, too.
    let get = format!("KAFKA_GET('no-such-topic', 1, {{{soon}}})");
    assert_eq!(bench.json(&get), json!([]));
    let began = Instant::now();
    let error = bench.error("KAFKA_PUT('no-such-topic', ['a', 'b'])");
    assert!(
        error.contains("2 of 2 messages were not written to the topic `no-such-topic`"),
        "{error}"
    );
    assert!(error.contains(&bench.kafka.bootstrap()), "{error}");
    assert!(
        began.elapsed() < Duration::from_secs(9),
        "{:?}",
        began.elapsed()
    );

    let nobody = format!("{{'bootstrap.servers': '127.0.0.1:1', {soon}}}");
    for call in [
        "KAFKA_GET('five', 1, ",
        "KAFKA_TAIL('five', 1, ",
        "KAFKA_PUT('five', 'x', ",
    ] {
        let began = Instant::now();
        let error = bench.error(&format!("{call}{nobody})"));
        assert!(
            error.contains("no answer from Kafka at 127.0.0.1:1"),
            "{error}"
        );
        assert!(error.contains("refused"), "{error}");
        assert!(error.contains("bootstrap.servers"), "{error}");
        assert!(
            began.elapsed() < Duration::from_secs(9),
            "{:?}",
            began.elapsed()
        );
    }
    for (expression, part) in [
        ("KAFKA_GET('five', 0)", "argument 2 is 0"),
        ("KAFKA_GET('five', 2000000000)", "argument 2 is 2000000000"),
        ("KAFKA_GET(' ')", "argument 1 must not be blank"),
        (
            "KAFKA_GET('five', 1, {'gruop.id': 'x'})",
            "there is no Kafka property `gruop.id`",
        ),
        ("KAFKA_PUT('five', [1])", "message 1 is"),
    ] {
        let error = bench.error(expression);
        assert!(error.contains(part), "{error}");
    }
    let error = bench.error("KAFKA_GET('five', 1, {'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN', 'sasl.username': 'me', 'sasl.password': 'hunter2', 'stellar.kafka.max.wait.millis': 100})");
    assert!(!error.contains("hunter2"), "{error}");
}
