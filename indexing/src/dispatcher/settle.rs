use std::collections::VecDeque;

use alidade_event::{ErrorRecord, ErrorType, RawMessage, Str};

use super::{Completed, Completion, Dispatcher};
use crate::{Advance, Cause, Outcome, Pending, Scope, WriterKind};

/// The sensor of error documents. One that a store refuses must not give another error document.
const ERROR_SENSOR: &str = "error";

/// How the items of one request came out.
#[derive(Default)]
struct Tally {
    done: u64,
    held: u64,
    retried: u64,
    refused: u64,
    /// The first cause to wait for the store.
    store: Option<Cause>,
    /// The first cause to wait for this sensor.
    sensor: Option<Cause>,
}

impl Dispatcher {
    /// Settles the first `count` items of a sensor by the writer's answer.
    pub(super) fn settle(&mut self, sensor: &Str, count: usize, mut outcomes: Vec<Outcome>) {
        if outcomes.len() != count {
            // A writer that miscounts says nothing about any item.
            let cause = Cause::sensor(format!(
                "the writer answered {} outcomes for {count} items",
                outcomes.len()
            ));
            outcomes = vec![Outcome::Suspect(cause); count];
        }
        let Some(buffer) = self.buffers.get_mut(sensor) else {
            return;
        };
        let all_suspect = count > 1
            && outcomes
                .iter()
                .all(|outcome| matches!(outcome, Outcome::Suspect(_)));
        let mut tally = Tally::default();
        let mut again = VecDeque::new();
        let (mut left_items, mut left_bytes) = (0, 0_usize);
        for (mut pending, outcome) in buffer.items.drain(..count).zip(outcomes) {
            let bytes = pending.item.bytes;
            match outcome {
                Outcome::Done => {
                    tally.done += 1;
                    self.completions.push(done(pending));
                }
                Outcome::Held => tally.held += 1,
                Outcome::Retry(cause) => {
                    tally.wait(cause);
                    again.push_back(pending);
                    continue;
                }
                Outcome::Suspect(cause) if all_suspect => {
                    tally.retried += 1;
                    tally.sensor.get_or_insert(cause);
                    again.push_back(pending);
                    continue;
                }
                Outcome::Suspect(cause) if pending.failures + 1 < self.policy.patience => {
                    pending.failures += 1;
                    tally.retried += 1;
                    tally.sensor.get_or_insert(cause);
                    again.push_back(pending);
                    continue;
                }
                Outcome::Suspect(cause) | Outcome::Refuse(cause) => {
                    tally.refused += 1;
                    self.completions.push(refused(pending, &cause));
                }
            }
            left_items += 1;
            left_bytes = left_bytes.saturating_add(bytes);
        }
        buffer.again = buffer.again.saturating_sub(count) + again.len();
        while let Some(pending) = again.pop_back() {
            buffer.items.push_front(pending);
        }
        buffer.bytes = buffer.bytes.saturating_sub(left_bytes);
        self.items -= left_items;
        self.bytes = self.bytes.saturating_sub(left_bytes);
        if all_suspect {
            buffer.portion = (count / 2).max(1);
        } else if tally.done + tally.held > 0 {
            buffer.portion = buffer.portion.saturating_mul(2);
        }
        let is_default = buffer.settings.is_default;
        self.pause_if_needed(sensor, all_suspect, &tally);
        self.report(sensor, is_default, &tally);
    }

    fn pause_if_needed(&mut self, sensor: &Str, all_suspect: bool, tally: &Tally) {
        let now = self.clock.now().at;
        let noise = self.noise.next();
        if let Some(cause) = &tally.store {
            let pause = self.store.fail(&self.policy, noise, cause.wait, now);
            tracing::warn!(
                writer = self.writer.kind().section(),
                cause = cause.message.as_str(),
                failures = self.store.failures,
                pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                "the store cannot be written to, trying again after a pause"
            );
            self.store_cause = Some(cause.clone());
        } else if tally.done + tally.retried + tally.refused > 0 {
            // The store has answered; items that the writer merely holds say nothing about it.
            self.store.reset();
            self.store_cause = None;
        }
        let Some(buffer) = self.buffers.get_mut(sensor) else {
            return;
        };
        match &tally.sensor {
            // Cutting the batch in halves needs no pause: the store answers.
            Some(cause) if all_suspect && cause.wait.is_none() => {
                tracing::info!(
                    sensor = sensor.as_str(),
                    cause = cause.message.as_str(),
                    items = buffer.portion,
                    "a request failed as a whole, trying smaller ones"
                );
            }
            Some(cause) => {
                let pause = buffer.back_off.fail(&self.policy, noise, cause.wait, now);
                tracing::warn!(
                    writer = self.writer.kind().section(),
                    sensor = sensor.as_str(),
                    cause = cause.message.as_str(),
                    items = tally.retried,
                    pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
                    "items were not taken, trying again after a pause"
                );
            }
            None => buffer.back_off.reset(),
        }
    }

    fn report(&self, sensor: &Str, is_default: bool, tally: &Tally) {
        let kind = self.writer.kind();
        count(kind, sensor, is_default, "done", tally.done);
        count(kind, sensor, is_default, "held", tally.held);
        count(kind, sensor, is_default, "retried", tally.retried);
        count(kind, sensor, is_default, "refused", tally.refused);
    }

    pub(super) fn settle_held(&mut self, advance: Advance) {
        let kind = self.writer.kind();
        count(kind, "", true, "stored", advance.done.len() as u64);
        self.completions
            .extend(advance.done.into_iter().map(|origin| Completion {
                origin,
                result: Completed::Done,
            }));
        let Some(cause) = advance.problem else {
            self.store.reset();
            self.store_cause = None;
            return;
        };
        let now = self.clock.now().at;
        let noise = self.noise.next();
        let pause = self.store.fail(&self.policy, noise, cause.wait, now);
        tracing::warn!(
            writer = kind.section(),
            cause = cause.message.as_str(),
            failures = self.store.failures,
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "the store cannot be written to, trying again after a pause"
        );
        self.store_cause = Some(cause);
    }
}

impl Tally {
    fn wait(&mut self, cause: Cause) {
        self.retried += 1;
        match cause.scope {
            Scope::Store => self.store.get_or_insert(cause),
            Scope::Sensor => self.sensor.get_or_insert(cause),
        };
    }
}

fn done(pending: Pending) -> Completion {
    Completion {
        origin: pending.item.origin,
        result: Completed::Done,
    }
}

fn refused(pending: Pending, cause: &Cause) -> Completion {
    let item = pending.item;
    if item.sensor == ERROR_SENSOR {
        tracing::error!(
            cause = cause.message.as_str(),
            offset = item.origin.offset,
            partition = item.origin.partition,
            topic = item.origin.topic.as_str(),
            "an error document was refused and is dropped"
        );
        metrics::counter!("alidade_indexing_error_documents_dropped_total").increment(1);
        return Completion {
            origin: item.origin,
            result: Completed::Done,
        };
    }
    let record = ErrorRecord::new(
        ErrorType::IndexingError,
        Some(item.sensor),
        cause.message.as_str(),
    )
    .with_raw(RawMessage::Event(item.event))
    .with_origin(item.origin.clone());
    Completion {
        origin: item.origin,
        result: Completed::DeadLetter(Box::new(record)),
    }
}

/// Counts items. Sensors that nobody has configured share one label: a sender could invent any number of them.
pub(super) fn count(
    kind: WriterKind,
    sensor: &str,
    is_default: bool,
    outcome: &'static str,
    items: u64,
) {
    if items == 0 {
        return;
    }
    let sensor = if is_default { "other" } else { sensor };
    metrics::counter!(
        "alidade_indexing_items_total",
        "writer" => kind.section(),
        "sensor" => sensor.to_owned(),
        "outcome" => outcome,
    )
    .increment(items);
}

/// How long one request took, whatever came of it.
pub(super) fn observe(kind: WriterKind, elapsed: std::time::Duration) {
    metrics::histogram!("alidade_indexing_write_seconds", "writer" => kind.section())
        .record(elapsed.as_secs_f64());
}

/// Items that are accepted and not settled.
pub(super) fn gauge(kind: WriterKind, items: usize) {
    metrics::gauge!("alidade_indexing_unsettled_items", "writer" => kind.section())
        .set(items as f64);
}
