use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_event::{Event, NumberStyle, Origin};
use alidade_indexing::{
    Completed, Dispatcher, GlobalIndexingSettings, IndexDate, Item, Limits, Offered, Writer,
    WriterKind, WriterSettings,
};

/// The walk-through's two events as they leave triage.
pub const YAHOO: &str = r#"{"is_malicious":"legit","full_hostname":"yahoo.com","code":301,"method":"GET",
    "url":"http:\/\/yahoo.com\/","source.type":"squid","elapsed":192,"ip_dst_addr":"72.30.35.10",
    "original_string":"1571163620.277 192 127.0.0.1 TCP_MISS\/301 366 GET http:\/\/yahoo.com\/ - DIRECT\/72.30.35.10 text\/html",
    "bytes":366,"domain_without_subdomains":"yahoo.com","action":"TCP_MISS","guid":"9d19f502-0770-4ca1-9eeb-d0bcbb0942c7",
    "ip_src_addr":"127.0.0.1","timestamp":1571163620277,"parallelenricher.splitter.begin.ts":"1571163625000",
    "parallelenricher.splitter.end.ts":"1571163625001","parallelenricher.enrich.begin.ts":"1571163625001",
    "parallelenricher.enrich.end.ts":"1571163625002"}"#;
pub const CNN: &str = r#"{"is_malicious":"malicious","full_hostname":"cnn.com","code":301,"method":"GET","is_alert":"true",
    "url":"http:\/\/cnn.com\/","source.type":"squid","elapsed":106,"ip_dst_addr":"151.101.1.67",
    "original_string":"1571163632.536 106 127.0.0.1 TCP_MISS\/301 539 GET http:\/\/cnn.com\/ - DIRECT\/151.101.1.67 -",
    "bytes":539,"domain_without_subdomains":"cnn.com","action":"TCP_MISS","guid":"69254e10-bed9-4743-ba8b-d3c01c29430d",
    "ip_src_addr":"127.0.0.1","timestamp":1571163632536,"parallelenricher.splitter.begin.ts":"1571163635000",
    "parallelenricher.splitter.end.ts":"1571163635001","parallelenricher.enrich.begin.ts":"1571163635001",
    "parallelenricher.enrich.end.ts":"1571163635002","threat.triage.score":100.0,"threat.triage.rules.0.score":"100",
    "threat.triage.rules.0.name":null,"threat.triage.rules.0.comment":null,"threat.triage.rules.0.reason":null}"#;

/// Records of one partition, at offsets 0, 1, 2 …, all appended at the same moment.
pub fn items(events: &[&str]) -> Vec<Item> {
    let items = events.iter().enumerate().map(|(offset, json)| {
        let origin = Origin {
            topic: "indexing".into(),
            partition: 0,
            offset: offset as i64,
            record_time_ms: 1_571_163_640_000,
            index: 0,
        };
        Item::read(json.as_bytes(), origin).expect("the event is one")
    });
    items.collect()
}

/// An event of squid with a guid and one more field.
pub fn event(guid: &str, name: &str, value: &str) -> String {
    format!(
        r#"{{"source.type":"squid","guid":"{guid}","timestamp":1571163632536,"{name}":{value}}}"#
    )
}

pub fn dispatcher(writer: impl Writer + 'static) -> Dispatcher {
    dispatcher_with(writer, |settings| settings.batch_size = 5)
}

pub fn dispatcher_with(
    writer: impl Writer + 'static,
    change: impl Fn(&mut WriterSettings) + Send + Sync + 'static,
) -> Dispatcher {
    let configs = move |_: WriterKind, sensor: &str| {
        let mut settings = WriterSettings::default_for(sensor, &GlobalIndexingSettings::default());
        // The same index for a replay, even when the hour changes in between.
        settings.index_date = IndexDate::Record;
        change(&mut settings);
        Arc::new(settings)
    };
    Dispatcher::new(Box::new(writer), Limits::default(), Arc::new(configs))
}

/// What came of some items.
#[derive(Debug, Default, PartialEq)]
pub struct Came {
    /// Offsets, in order.
    pub done: Vec<i64>,
    /// Offsets and causes, in order.
    pub dead: Vec<(i64, String)>,
    pub left: usize,
}

pub fn offer(dispatcher: &mut Dispatcher, items: Vec<Item>) {
    for item in items {
        assert!(matches!(dispatcher.offer(item), Offered::Accepted));
    }
}

pub async fn drain(dispatcher: &mut Dispatcher, within: Duration) -> Came {
    let left = dispatcher.drain(Instant::now() + within).await;
    let mut came = Came {
        left,
        ..Came::default()
    };
    for completion in dispatcher.take_completions() {
        let offset = completion.origin.offset;
        match completion.result {
            Completed::Done => came.done.push(offset),
            Completed::DeadLetter(record) => {
                came.dead.push((offset, record.cause.unwrap_or_default()));
            }
        }
    }
    came.done.sort_unstable();
    came.dead.sort();
    came
}

/// Offers items and waits until all of them are settled.
pub async fn index(dispatcher: &mut Dispatcher, items: Vec<Item>) -> Came {
    offer(dispatcher, items);
    drain(dispatcher, Duration::from_secs(60)).await
}

pub fn parsed(json: &str) -> Event {
    Event::read_json(json.as_bytes(), NumberStyle::Simple).expect("JSON")
}
