//! The two lines of the walk-through and what has to become of them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

pub type Fields = Map<String, Value>;

/// `access.log` of the examples: first yahoo.com, which the model calls legit, then cnn.com, which it does not.
pub const LINES: [&str; 2] = [
    "1571163620.277 192 127.0.0.1 TCP_MISS/301 366 GET http://yahoo.com/ - DIRECT/72.30.35.10 text/html",
    "1571163632.536 106 127.0.0.1 TCP_MISS/301 539 GET http://cnn.com/ - DIRECT/151.101.1.67 -",
];

/// The time stamps that every event carries from enrichment on.
const STAMPS: [&str; 4] = [
    "parallelenricher.splitter.begin.ts",
    "parallelenricher.splitter.end.ts",
    "parallelenricher.enrich.begin.ts",
    "parallelenricher.enrich.end.ts",
];

/// An hour: time stamps that are older were not made by this test.
const RECENT_MS: u128 = 3_600_000;

/// The page's two records of the topic `enrichments`, without their random guids.
pub fn expected_records() -> [Fields; 2] {
    let yahoo = json!({
        "is_malicious": "legit", "full_hostname": "yahoo.com", "code": 301, "method": "GET",
        "url": "http://yahoo.com/", "source.type": "squid", "elapsed": 192, "ip_dst_addr": "72.30.35.10",
        "original_string": LINES[0], "bytes": 366, "domain_without_subdomains": "yahoo.com",
        "action": "TCP_MISS", "ip_src_addr": "127.0.0.1", "timestamp": 1_571_163_620_277_i64,
    });
    let cnn = json!({
        "is_malicious": "malicious", "full_hostname": "cnn.com", "code": 301, "method": "GET",
        "is_alert": "true", "url": "http://cnn.com/", "source.type": "squid", "elapsed": 106,
        "ip_dst_addr": "151.101.1.67", "original_string": LINES[1], "bytes": 539,
        "domain_without_subdomains": "cnn.com", "action": "TCP_MISS", "ip_src_addr": "127.0.0.1",
        "timestamp": 1_571_163_632_536_i64,
    });
    [fields(yahoo), fields(cnn)]
}

/// What enrichment and triage make of the records, with the dots of the field names, without guids and time stamps.
pub fn expected_events() -> [Fields; 2] {
    let [yahoo, mut cnn] = expected_records();
    cnn.extend(fields(json!({
        "threat.triage.score": 100.0,
        "threat.triage.rules.0.score": 100,
        "threat.triage.rules.0.name": null,
        "threat.triage.rules.0.comment": null,
        "threat.triage.rules.0.reason": null,
    })));
    [yahoo, cnn]
}

/// The members of an object.
#[track_caller]
pub fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        other => panic!("not an object: {other}"),
    }
}

/// Takes the guid out of an event.
#[track_caller]
pub fn take_guid(event: &mut Fields) -> String {
    match event.remove("guid") {
        Some(Value::String(guid)) if guid.len() == 36 => guid,
        other => panic!("no guid: {other:?} in {event:?}"),
    }
}

/// Checks an enriched event (with dots in its names) against the one expected, and gives its guid.
#[track_caller]
pub fn check_event(mut event: Fields, expected: &Fields) -> String {
    let guid = take_guid(&mut event);
    for name in STAMPS {
        let stamp = event.remove(name).unwrap_or_default();
        assert!(is_recent(&stamp), "{name} is {stamp} in {event:?}");
    }
    assert_eq!(&event, expected);
    guid
}

/// The time stamps are texts of milliseconds; a typed schema makes numbers of them.
fn is_recent(stamp: &Value) -> bool {
    let text = stamp
        .as_str()
        .map_or_else(|| stamp.to_string(), str::to_owned);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    text.parse()
        .is_ok_and(|stamp: u128| now.as_millis().abs_diff(stamp) < RECENT_MS)
}

/// The event of a document whose names were written with colons.
pub fn with_dots(document: Fields) -> Fields {
    document
        .into_iter()
        .map(|(name, value)| (name.replace(':', "."), value))
        .collect()
}

/// Sorts events as the lines are: yahoo.com before cnn.com.
pub fn in_order(mut events: Vec<Fields>) -> Vec<Fields> {
    events.sort_by_key(|event| event.get("timestamp").and_then(Value::as_i64));
    events
}
