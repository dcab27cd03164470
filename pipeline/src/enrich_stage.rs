//! Enrichment, threat intelligence and triage of every sensor's events.

use std::collections::HashMap;
use std::sync::Arc;

use alidade_config::{EnrichmentEntry, Live, Snapshot};
use alidade_enrichment::{EnrichOutcome, Enricher, EnrichmentSettings, SensorEnrichmentConfig};
use alidade_event::{ErrorRecord, ErrorType, Event, NumberStyle, Origin, RawMessage, Str, field};
use alidade_stellar::{Context, Library};

use crate::ack::Ticket;
use crate::calls::{BatchCalls, MOST_ROUNDS};
use crate::host;
use crate::parse_stage::INDEXING;
use crate::transform::{InputRecord, Outbox, Outlet, Transform};

/// Sensors without a configuration whose empty one is kept; a sender can invent any number of sensors.
const MOST_DEFAULTS: usize = 1_024;

pub struct EnrichStage {
    live: Live,
    library: Library,
    calls: Box<dyn BatchCalls>,
    snapshot: Arc<Snapshot>,
    now_ms: i64,
    defaults: HashMap<Str, Arc<Enricher>>,
    waiting: Vec<Waiting>,
    errors: Vec<ErrorRecord>,
}

/// What enriches an event: a sensor's configuration, or the empty one.
#[derive(Clone)]
enum Source {
    Configured(Arc<EnrichmentEntry>),
    Default(Arc<Enricher>),
}

impl Source {
    fn enricher(&self) -> &Enricher {
        match self {
            Source::Configured(entry) => &entry.enricher,
            Source::Default(enricher) => enricher,
        }
    }
}

struct Waiting {
    ticket: Ticket,
    source: Source,
    event: Event,
    origin: Origin,
}

impl EnrichStage {
    pub fn new(live: Live, library: Library, calls: Box<dyn BatchCalls>) -> Self {
        EnrichStage {
            snapshot: live.current(),
            live,
            library,
            calls,
            now_ms: 0,
            defaults: HashMap::new(),
            waiting: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn source_for(&mut self, sensor: &str) -> Option<Source> {
        if let Some(entry) = self.snapshot.enrichment(sensor) {
            return Some(Source::Configured(Arc::clone(entry)));
        }
        if let Some(known) = self.defaults.get(sensor) {
            return Some(Source::Default(Arc::clone(known)));
        }
        let config = SensorEnrichmentConfig::default();
        let settings = EnrichmentSettings::default();
        let enricher = Arc::new(Enricher::compile(sensor, &config, &settings, &self.library).ok()?);
        if self.defaults.len() >= MOST_DEFAULTS {
            self.defaults.clear();
        }
        self.defaults
            .insert(Str::new(sensor), Arc::clone(&enricher));
        Some(Source::Default(enricher))
    }

    /// Enriches one event and sends it, or puts it aside.
    fn enrich(
        &mut self,
        source: Source,
        mut event: Event,
        origin: Origin,
        outbox: &mut Outbox<'_>,
    ) {
        let global = &self.snapshot.global.value;
        let remote = self.calls.remote_for(&origin);
        let mut context = Context::new(global, self.now_ms, remote);
        match source
            .enricher()
            .enrich(&mut event, &mut context, &mut self.errors)
        {
            EnrichOutcome::Done => outbox.send(INDEXING, &event),
            EnrichOutcome::Pending => {
                self.waiting.push(Waiting {
                    ticket: outbox.put_aside(),
                    source,
                    event,
                    origin: origin.clone(),
                });
            }
        }
        for (index, error) in (0..).zip(self.errors.drain(..)) {
            // Several errors of one event are told apart by their number, so that none takes another's place in the index.
            outbox.send_error(
                INDEXING,
                &error.with_origin(Origin {
                    index,
                    ..origin.clone()
                }),
            );
        }
    }
}

impl Transform for EnrichStage {
    fn label(&self) -> &str {
        "all"
    }

    fn begin_batch(&mut self) -> bool {
        self.snapshot = self.live.current();
        self.now_ms = host::now_ms();
        self.calls.begin_batch();
        true
    }

    fn abandon_record(&mut self) {
        self.errors.clear();
    }

    fn process(&mut self, record: &InputRecord<'_>, outbox: &mut Outbox<'_>) {
        let refuse = |cause: String, outbox: &mut Outbox<'_>| {
            let error = ErrorRecord::new(ErrorType::EnrichmentError, None, cause)
                .with_raw(RawMessage::Bytes(record.value.to_vec()))
                .with_origin(record.origin.clone());
            outbox.send_error(INDEXING, &error);
        };
        let event = match Event::read_json(record.value, NumberStyle::Simple) {
            Ok(event) => event,
            Err(error) => {
                return refuse(format!("the message is not a JSON object: {error}"), outbox);
            }
        };
        let sensor = event.get_str(field::SOURCE_TYPE).unwrap_or_default();
        let Some(source) = self.source_for(&Str::new(sensor)) else {
            return refuse(
                "no enrichment could be set up for the sensor".to_owned(),
                outbox,
            );
        };
        self.enrich(source, event, record.origin.clone(), outbox);
    }

    fn finish_batch(&mut self, outlet: &mut Outlet<'_>) {
        for _ in 0..MOST_ROUNDS {
            if self.waiting.is_empty() {
                return;
            }
            self.calls.perform();
            for waiting in std::mem::take(&mut self.waiting) {
                let mut outbox = outlet.for_ticket(waiting.ticket);
                self.enrich(waiting.source, waiting.event, waiting.origin, &mut outbox);
            }
        }
        tracing::warn!(
            events = self.waiting.len(),
            "calls depend on one another more than {MOST_ROUNDS} deep; the events go on without the last of them"
        );
        self.calls.close();
        for waiting in std::mem::take(&mut self.waiting) {
            let mut outbox = outlet.for_ticket(waiting.ticket);
            self.enrich(waiting.source, waiting.event, waiting.origin, &mut outbox);
        }
    }

    fn error_topic(&self) -> &str {
        INDEXING
    }

    fn sensor(&self) -> Option<Str> {
        None
    }
}
