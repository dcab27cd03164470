//! One test through the parser, the transformations, the enrichment and the triage of its sensor.

use alidade_config::{Compiler, DocumentId, RawDocument, RawTree, Snapshot, rebuild};
use alidade_enrichment::EnrichOutcome;
use alidade_event::{ErrorRecord, Event, NumberStyle, Origin, Value, field};
use alidade_parsers::{ParsedRecord, Record, Scratch};
use alidade_stellar::Context;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::case::{Case, Clock, Dropped, Expected};
use super::compare::{Difference, differences};
use super::models::StubbedModels;
use crate::CliError;
use crate::commands::enrich;

/// The configuration that tests run with.
pub struct Bench<'a> {
    pub tree: &'a RawTree,
    pub compiler: &'a Compiler,
    pub snapshot: Snapshot,
}

/// What became of a test. It has passed when there are no differences and no faults.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// What is wrong besides fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// What the author of the test should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Verdict {
    pub fn has_passed(&self) -> bool {
        self.differences.is_empty() && self.faults.is_empty()
    }

    fn fault(fault: impl Into<String>) -> Verdict {
        Verdict {
            faults: vec![fault.into()],
            ..Verdict::default()
        }
    }
}

/// What came out.
#[derive(Default)]
struct Outcome {
    events: Vec<Event>,
    errors: Vec<String>,
    dropped: Vec<&'static str>,
    notes: Vec<String>,
}

impl Bench<'_> {
    /// Runs a test of a sensor and compares.
    pub fn run(&self, sensor: &str, case: &Case) -> Verdict {
        let changed;
        let snapshot = if case.global.is_empty() {
            &self.snapshot
        } else {
            match self.with_global(&case.global) {
                Ok(snapshot) => {
                    changed = snapshot;
                    &changed
                }
                Err(fault) => return Verdict::fault(fault),
            }
        };
        match outcome(snapshot, sensor, case) {
            Ok(outcome) => judge(case, outcome),
            Err(fault) => Verdict::fault(fault),
        }
    }

    /// The configuration with some other keys in the global document, compiled anew.
    fn with_global(&self, keys: &Map<String, Json>) -> Result<Snapshot, String> {
        let mut members = self.snapshot.global.members.clone();
        members.extend(keys.clone());
        let text = Json::Object(members).to_string();
        let mut tree = self.tree.clone();
        let document = RawDocument::new(text.into_bytes(), 0);
        tree.documents.insert(DocumentId::Global, document);
        let refused = "the global configuration of this test is refused";
        let snapshot = rebuild(&tree, self.compiler, Some(&self.snapshot)).map_err(|problems| {
            let first = problems.first().map(|problem| problem.message.clone());
            format!("{refused}: {}", first.unwrap_or_default())
        })?;
        match snapshot.refusals.get(&DocumentId::Global) {
            None => Ok(snapshot),
            Some(refusal) => {
                let first = refusal.problems.first().map(|problem| &problem.message);
                Err(format!("{refused}: {}", first.map_or("", String::as_str)))
            }
        }
    }
}

fn outcome(snapshot: &Snapshot, sensor: &str, case: &Case) -> Result<Outcome, String> {
    let mut models = StubbedModels::new(&case.models);
    let Clock(now_ms) = case.now.unwrap_or_default();
    let mut context = Context::new(&snapshot.global.value, now_ms, &mut models);
    let mut outcome = Outcome::default();
    let events = match &case.message {
        Some(message) => vec![message_of(message, sensor)],
        None => parse(snapshot, sensor, case, &mut context, &mut outcome)?,
    };
    for mut event in events {
        enrich(snapshot, sensor, &mut event, &mut context, &mut outcome)?;
        outcome.events.push(event);
    }
    outcome.notes = models.notes.into_iter().collect();
    Ok(outcome)
}

fn message_of(message: &Map<String, Json>, sensor: &str) -> Event {
    let fields = message.iter().map(|(name, value)| {
        (
            name.as_str().into(),
            Value::from_serde(value, NumberStyle::Simple),
        )
    });
    let mut event: Event = fields.collect();
    if !event.contains(field::SOURCE_TYPE) {
        event.set(field::SOURCE_TYPE, sensor);
    }
    event
}

fn parse(
    snapshot: &Snapshot,
    sensor: &str,
    case: &Case,
    context: &mut Context<'_>,
    outcome: &mut Outcome,
) -> Result<Vec<Event>, String> {
    refusal(snapshot, &DocumentId::Parser(sensor.to_owned()))?;
    let Some(entry) = snapshot.parser(sensor) else {
        return Err(format!(
            "there is no parsers/{sensor}.json; the folder of a test is called like its sensor"
        ));
    };
    let record = Record {
        topic: entry.config.sensor_topic.as_deref().unwrap_or(sensor),
        key: None,
        value: case.input.as_deref().unwrap_or_default().as_bytes(),
        origin: Origin {
            topic: sensor.into(),
            partition: 0,
            offset: 0,
            record_time_ms: context.now_ms,
            index: 0,
        },
    };
    let mut out = ParsedRecord::default();
    entry
        .parser
        .parse(&record, &mut Scratch::default(), context, &mut out);
    outcome.errors.extend(out.errors.iter().map(in_words));
    outcome
        .dropped
        .extend(out.dropped.iter().map(|reason| reason.as_str()));
    Ok(out.events)
}

fn enrich(
    snapshot: &Snapshot,
    sensor: &str,
    event: &mut Event,
    context: &mut Context<'_>,
    outcome: &mut Outcome,
) -> Result<(), String> {
    let sensor = event
        .get_str(field::SOURCE_TYPE)
        .unwrap_or(sensor)
        .to_owned();
    refusal(snapshot, &DocumentId::Enrichment(sensor.clone()))?;
    let default;
    let enricher = match snapshot.enrichment(&sensor) {
        Some(entry) => &entry.enricher,
        None => {
            default = enrich::empty_enricher(&sensor).map_err(|error| error.to_string())?;
            &default
        }
    };
    let mut errors = Vec::new();
    if enricher.enrich(event, context, &mut errors) == EnrichOutcome::Pending {
        return Err("the enrichment waits for a call that tests do not make".to_owned());
    }
    outcome.errors.extend(errors.iter().map(in_words));
    Ok(())
}

fn refusal(snapshot: &Snapshot, id: &DocumentId) -> Result<(), String> {
    match snapshot.refusals.get(id) {
        None => Ok(()),
        Some(refusal) => Err(CliError::problems(&refusal.problems).to_string()),
    }
}

fn in_words(error: &ErrorRecord) -> String {
    let cause = error.message.as_deref().or(error.cause.as_deref());
    let mut words = match cause {
        Some(cause) => format!("{}: {cause}", error.error_type.as_str()),
        None => error.error_type.as_str().to_owned(),
    };
    if !error.error_fields.is_empty() {
        words.push_str(&format!(" (fields: {})", error.error_fields.join(", ")));
    }
    words
}

fn judge(case: &Case, outcome: Outcome) -> Verdict {
    let mut verdict = Verdict {
        notes: outcome.notes,
        ..Verdict::default()
    };
    match &case.expect_error {
        None => {
            let errors = outcome.errors.iter();
            let told = errors.map(|error| format!("an error that is not expected: {error}"));
            verdict.faults.extend(told);
        }
        Some(wanted) => {
            if !outcome.errors.iter().any(|error| error.contains(wanted)) {
                let found = match outcome.errors.is_empty() {
                    true => "there is none".to_owned(),
                    false => format!("there is: {}", outcome.errors.join("; ")),
                };
                verdict
                    .faults
                    .push(format!("no error contains {wanted:?}; {found}"));
            }
        }
    }
    match &case.expect_dropped {
        None | Some(Dropped::No) => {}
        Some(wanted) => {
            let reasons = &outcome.dropped;
            let is_right = match wanted {
                Dropped::For(reason) => reasons.iter().any(|given| given == reason),
                _ => !reasons.is_empty(),
            };
            if !outcome.events.is_empty() {
                let fault = "the record is to be dropped, but a message came out";
                verdict.faults.push(fault.to_owned());
            } else if !is_right {
                let found = match reasons.is_empty() {
                    true => "nothing was dropped".to_owned(),
                    false => format!("it was dropped as {}", reasons.join(", ")),
                };
                verdict
                    .faults
                    .push(format!("the record is to be dropped; {found}"));
            }
        }
    }
    for (expected, exactly) in [(&case.expect, false), (&case.expect_exactly, true)] {
        if let Some(expected) = expected {
            compare(
                expected,
                exactly,
                &outcome.events,
                &outcome.dropped,
                &mut verdict,
            );
        }
    }
    verdict
}

fn compare(
    expected: &Expected,
    exactly: bool,
    events: &[Event],
    dropped: &[&str],
    verdict: &mut Verdict,
) {
    let Expected(expected) = expected;
    if expected.len() != events.len() {
        let mut fault = format!(
            "{} expected, {} came out",
            messages(expected.len()),
            messages(events.len())
        );
        if !dropped.is_empty() {
            fault.push_str(&format!("; dropped as {}", dropped.join(", ")));
        }
        verdict.faults.push(fault);
    }
    for (at, (expected, event)) in expected.iter().zip(events).enumerate() {
        let got: Json = serde_json::from_str(&event.to_json()).unwrap_or_default();
        let nothing = Map::new();
        let got = got.as_object().unwrap_or(&nothing);
        for mut difference in differences(expected, got, exactly) {
            if events.len() > 1 {
                difference.field = format!("message {}: {}", at + 1, difference.field);
            }
            verdict.differences.push(difference);
        }
    }
}

fn messages(number: usize) -> String {
    match number {
        1 => "1 message".to_owned(),
        number => format!("{number} messages"),
    }
}
