//! Raw records to events: the parser stage of one sensor.

use std::sync::Arc;

use alidade_config::{Live, ParserEntry, Snapshot};
use alidade_event::{Event, Str};
use alidade_parsers::{ParsedRecord, PendingEvent, Record, Scratch};
use alidade_stellar::Context;

use crate::ack::Ticket;
use crate::calls::{BatchCalls, MOST_ROUNDS};
use crate::host;
use crate::transform::{InputRecord, Outbox, Outlet, Transform};

/// Upstream's output topic.
pub const ENRICHMENTS: &str = "enrichments";
/// Upstream's default error topic: errors become documents of the `error` index.
pub const INDEXING: &str = "indexing";

/// Turns the records of one sensor into events.
pub struct ParserStage {
    live: Live,
    sensor: Str,
    /// `-ot` of the command line: goes before the sensor's `outputTopic`.
    output_topic: Option<String>,
    calls: Box<dyn BatchCalls>,
    snapshot: Arc<Snapshot>,
    /// The sensor's configuration of this batch; nothing while it is not there.
    entry: Option<Arc<ParserEntry>>,
    route: Route,
    error_topic: String,
    now_ms: i64,
    parsed: ParsedRecord,
    scratch: Scratch,
    waiting: Vec<(Ticket, PendingEvent)>,
    needs_other_worker: NeedsOtherWorker,
    is_outdated: bool,
}

/// Says whether the worker of the stage reads another topic, or with other settings, than a snapshot wants.
pub type NeedsOtherWorker = Box<dyn Fn(&Snapshot) -> bool + Send>;

/// Where the events of a sensor go.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Route {
    topic: String,
    /// `kafka.topicField`: the topic is the text of this field; an event without it is left out.
    field: Option<String>,
    /// `enabled: false`: everything is left out.
    is_disabled: bool,
}

impl ParserStage {
    pub fn new(
        live: Live,
        sensor: &str,
        output_topic: Option<String>,
        calls: Box<dyn BatchCalls>,
        needs_other_worker: NeedsOtherWorker,
    ) -> Self {
        ParserStage {
            snapshot: live.current(),
            live,
            sensor: Str::new(sensor),
            output_topic,
            calls,
            entry: None,
            route: Route::default(),
            error_topic: INDEXING.to_owned(),
            now_ms: 0,
            parsed: ParsedRecord::default(),
            scratch: Scratch::default(),
            waiting: Vec::new(),
            needs_other_worker,
            is_outdated: false,
        }
    }

    fn take_configuration(&mut self) {
        let snapshot = self.live.current();
        let is_new = !Arc::ptr_eq(&snapshot, &self.snapshot) || self.entry.is_none();
        self.snapshot = snapshot;
        if !is_new {
            return;
        }
        self.entry = self.snapshot.parser(&self.sensor).cloned();
        let Some(entry) = &self.entry else { return };
        self.is_outdated = (self.needs_other_worker)(&self.snapshot);
        self.route = route(entry, self.output_topic.as_deref());
        let configured = entry.config.error_topic.as_deref();
        let global = self.snapshot.global.parser_error_topic();
        self.error_topic = configured.or(global).unwrap_or(INDEXING).to_owned();
    }

    /// Sends what the parser has made of a record, and puts aside what waits.
    fn send_parsed(&mut self, outbox: &mut Outbox<'_>) {
        for event in self.parsed.events.drain(..) {
            send(&self.route, &event, outbox);
        }
        for error in self.parsed.errors.drain(..) {
            outbox.send_error(&self.error_topic, &error);
        }
        for _ in self.parsed.dropped.drain(..) {
            outbox.drop_by_rule();
        }
        for pending in self.parsed.pending.drain(..) {
            self.waiting.push((outbox.put_aside(), pending));
        }
    }
}

fn send(route: &Route, event: &Event, outbox: &mut Outbox<'_>) {
    if route.is_disabled {
        return outbox.drop_by_rule();
    }
    let Some(field) = &route.field else {
        return outbox.send(&route.topic, event);
    };
    match event.get_str(field) {
        Some(topic) if is_topic_name(topic) => outbox.send(topic, event),
        _ => outbox.drop_by_rule(),
    }
}

/// Kafka's rule for names of topics; a field of an event may hold anything.
fn is_topic_name(name: &str) -> bool {
    let letters = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    letters && (1..=249).contains(&name.len()) && name != "." && name != ".."
}

fn route(entry: &ParserEntry, output_topic: Option<&str>) -> Route {
    let settings = &entry.config.parser_config;
    let text = |key: &str| {
        settings
            .get(key)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    let topic = text("kafka.topic")
        .or_else(|| output_topic.map(str::to_owned))
        .or_else(|| entry.config.output_topic.clone())
        .unwrap_or_else(|| ENRICHMENTS.to_owned());
    let enabled = settings.get("enabled");
    let is_disabled = enabled.is_some_and(|value| {
        value.as_bool() == Some(false)
            || value
                .as_str()
                .is_some_and(|text| text.eq_ignore_ascii_case("false"))
    });
    Route {
        topic,
        field: text("kafka.topicField"),
        is_disabled,
    }
}

impl Transform for ParserStage {
    fn label(&self) -> &str {
        &self.sensor
    }

    fn begin_batch(&mut self) -> bool {
        self.take_configuration();
        self.now_ms = host::now_ms();
        self.calls.begin_batch();
        self.entry.is_some()
    }

    fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    fn abandon_record(&mut self) {
        self.parsed = ParsedRecord::default();
        self.scratch = Scratch::default();
    }

    fn process(&mut self, record: &InputRecord<'_>, outbox: &mut Outbox<'_>) {
        let Some(entry) = self.entry.clone() else {
            return;
        };
        let raw = Record {
            topic: record.topic,
            key: record.key,
            value: record.value,
            origin: record.origin.clone(),
        };
        let global = &self.snapshot.global.value;
        let remote = self.calls.remote_for(&record.origin);
        let mut context = Context::new(global, self.now_ms, remote);
        entry
            .parser
            .parse(&raw, &mut self.scratch, &mut context, &mut self.parsed);
        self.send_parsed(outbox);
    }

    fn finish_batch(&mut self, outlet: &mut Outlet<'_>) {
        let Some(entry) = self.entry.clone() else {
            return;
        };
        for _ in 0..MOST_ROUNDS {
            if self.waiting.is_empty() {
                return;
            }
            self.calls.perform();
            for (ticket, pending) in std::mem::take(&mut self.waiting) {
                let global = &self.snapshot.global.value;
                let remote = self.calls.remote_for(pending.origin());
                let mut context = Context::new(global, self.now_ms, remote);
                entry
                    .parser
                    .resume(pending, &mut self.scratch, &mut context, &mut self.parsed);
                self.send_parsed(&mut outlet.for_ticket(ticket));
            }
        }
        tracing::warn!(
            sensor = self.sensor.as_str(),
            events = self.waiting.len(),
            "calls depend on one another more than {MOST_ROUNDS} deep; the events go on without the last of them"
        );
        self.calls.close();
        for (ticket, pending) in std::mem::take(&mut self.waiting) {
            let global = &self.snapshot.global.value;
            let remote = self.calls.remote_for(pending.origin());
            let mut context = Context::new(global, self.now_ms, remote);
            entry
                .parser
                .resume(pending, &mut self.scratch, &mut context, &mut self.parsed);
            self.send_parsed(&mut outlet.for_ticket(ticket));
        }
    }

    fn error_topic(&self) -> &str {
        &self.error_topic
    }

    fn has_configured_topics(&self) -> bool {
        self.route.field.is_none()
    }

    fn sensor(&self) -> Option<Str> {
        Some(self.sensor.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_name_from_an_event_follows_kafkas_rule() {
        assert!(is_topic_name("squid_2-a.b"));
        for bad in ["", ".", "..", "a b", "ü", &"x".repeat(250)] {
            assert!(!is_topic_name(bad), "{bad}");
        }
    }
}
