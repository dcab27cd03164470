//! Batching, retries and dead letters for one writer.

mod buffer;
mod retry;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_event::{ErrorRecord, Origin, Str};

use crate::{
    Cause, Clock, IndexingConfigs, Item, Pending, SystemClock, Urgency, Writer,
    writer::{Batch, BatchLimits},
};
use buffer::SensorBuffer;
use retry::{BackOff, Noise};

pub use retry::RetryPolicy;

/// How much a dispatcher may buffer before it says [`Offered::Full`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub items: usize,
    pub bytes: usize,
}

impl Default for Limits {
    /// 50,000 items or 16 MiB of JSON, whichever comes first. In memory, events take several times as much.
    fn default() -> Self {
        Limits {
            items: 50_000,
            bytes: 16 << 20,
        }
    }
}

/// Answer to an offer.
#[derive(Debug)]
#[must_use]
pub enum Offered {
    Accepted,
    /// There is no room. The item comes back: stop consuming, poll, and offer it again.
    Full(Item),
}

/// What became of an accepted item. Each is given back exactly once, unless its partition was forgotten.
#[derive(Debug)]
pub struct Completion {
    pub origin: Origin,
    pub result: Completed,
}

#[derive(Debug)]
pub enum Completed {
    /// It is in the store, or was not wanted there. Acknowledge it.
    Done,
    /// The store refuses it. Send the record to the error topic, then acknowledge the item.
    DeadLetter(Box<ErrorRecord>),
}

/// Why nothing is being written at the moment.
#[derive(Debug, Clone)]
pub struct Pressure {
    pub cause: Cause,
    /// Failures in a row.
    pub failures: u32,
    /// When the next attempt is made.
    pub until: Instant,
}

/// Collects items by sensor, writes them when they are due, and settles each by the writer's answer.
pub struct Dispatcher {
    writer: Box<dyn Writer>,
    batch_limits: BatchLimits,
    limits: Limits,
    configs: Arc<dyn IndexingConfigs>,
    clock: Arc<dyn Clock>,
    policy: RetryPolicy,
    noise: Noise,
    buffers: HashMap<Str, SensorBuffer>,
    items: usize,
    bytes: usize,
    store: BackOff,
    store_cause: Option<Cause>,
    completions: Vec<Completion>,
}

/// Buffers of sensors that are kept while they are empty; a sender can invent any number of sensors.
const MAX_IDLE_BUFFERS: usize = 1_024;

/// How long one call of [`Dispatcher::poll`] goes on starting requests.
const POLL_BUDGET: Duration = Duration::from_secs(1);

impl Dispatcher {
    pub fn new(writer: Box<dyn Writer>, limits: Limits, configs: Arc<dyn IndexingConfigs>) -> Self {
        Dispatcher {
            batch_limits: writer.limits(),
            writer,
            limits,
            configs,
            clock: Arc::new(SystemClock),
            policy: RetryPolicy::default(),
            noise: Noise::new(),
            buffers: HashMap::new(),
            items: 0,
            bytes: 0,
            store: BackOff::default(),
            store_cause: None,
            completions: Vec::new(),
        }
    }

    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    #[must_use]
    pub fn with_policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Takes an item, unless the buffers are full. Nothing is written before the next [`Dispatcher::poll`].
    pub fn offer(&mut self, item: Item) -> Offered {
        let version = self.configs.version();
        let known = self.buffers.get(&item.sensor);
        if known.is_none_or(|buffer| buffer.version != version) {
            self.refresh_buffer(&item.sensor, version);
        }
        let is_full = self.items >= self.limits.items
            || (self.items > 0 && self.bytes.saturating_add(item.bytes) > self.limits.bytes);
        let Some(buffer) = self.buffers.get_mut(&item.sensor) else {
            return Offered::Full(item);
        };
        if !buffer.settings.enabled {
            self.skip(item);
            return Offered::Accepted;
        }
        if is_full {
            return Offered::Full(item);
        }
        if buffer.items.is_empty() {
            buffer.started = self.clock.now().at;
        }
        self.items += 1;
        self.bytes = self.bytes.saturating_add(item.bytes);
        let pending = Pending {
            item,
            first_tried_ms: NOT_TRIED,
            failures: 0,
        };
        buffer.push(pending);
        Offered::Accepted
    }

    /// Writes what is due, and settles it. Returns when nothing more is due, when the store wants a pause, or after
    /// about a second.
    ///
    /// Dropping the future before it is ready loses nothing: what was being written is written again.
    pub async fn poll(&mut self) {
        self.flush(Urgency::Due).await;
        settle::gauge(self.writer.kind(), self.unsettled());
    }

    /// Writes everything, whatever its age, until all is settled or the deadline has passed. Returns how many items
    /// are left; their offsets must not be committed.
    pub async fn drain(&mut self, deadline: Instant) -> usize {
        loop {
            let time_left = deadline.saturating_duration_since(self.clock.now().at);
            let flushed = tokio::time::timeout(time_left, self.flush(Urgency::All)).await;
            let now = self.clock.now().at;
            if self.unsettled() == 0 || now >= deadline || flushed.is_err() {
                return self.unsettled();
            }
            let pause = self
                .next_attempt(now)
                .map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
                .min(deadline.saturating_duration_since(now))
                .clamp(Duration::from_millis(1), Duration::from_millis(250));
            tokio::time::sleep(pause).await;
        }
    }

    /// When the next [`Dispatcher::poll`] has something to do. Nothing: only after another offer.
    pub fn next_due(&self) -> Option<Instant> {
        let now = self.clock.now().at;
        let crowded = self.is_crowded();
        let buffers = self.buffers.values().filter_map(|buffer| {
            if crowded && !buffer.items.is_empty() && !buffer.back_off.blocks(now) {
                return Some(now);
            }
            buffer.due_at(&self.batch_limits, now)
        });
        let due = buffers.chain(self.writer.next_due()).min()?;
        Some(self.store.until.map_or(due, |until| until.max(due)))
    }

    /// What has been settled since the last call.
    pub fn take_completions(&mut self) -> Vec<Completion> {
        std::mem::take(&mut self.completions)
    }

    /// Items that have been accepted and not yet been completed.
    pub fn unsettled(&self) -> usize {
        self.items + self.writer.held()
    }

    /// Bytes of the items that wait in the dispatcher.
    pub fn buffered_bytes(&self) -> usize {
        self.bytes
    }

    /// Why the store is left alone at the moment; the consumer should pause.
    pub fn pressure(&self) -> Option<Pressure> {
        let now = self.clock.now().at;
        let until = self.store.until.filter(|until| *until > now)?;
        Some(Pressure {
            cause: self.store_cause.clone()?,
            failures: self.store.failures,
            until,
        })
    }

    /// Drops everything of a partition that has been given to another consumer. Its items get no completion.
    pub fn forget(&mut self, topic: &str, partition: i32) {
        for buffer in self.buffers.values_mut() {
            let is_forgotten = |pending: &Pending| {
                pending.item.origin.partition == partition && pending.item.origin.topic == topic
            };
            let again = buffer
                .items
                .iter()
                .take(buffer.again)
                .filter(|pending| !is_forgotten(pending))
                .count();
            let (mut items, mut bytes) = (0, 0_usize);
            buffer.items.retain(|pending| {
                if !is_forgotten(pending) {
                    return true;
                }
                items += 1;
                bytes = bytes.saturating_add(pending.item.bytes);
                false
            });
            buffer.again = again;
            buffer.bytes = buffer.bytes.saturating_sub(bytes);
            self.items -= items;
            self.bytes = self.bytes.saturating_sub(bytes);
        }
        self.writer.forget(topic, partition);
        self.completions.retain(|completion| {
            completion.origin.partition != partition || completion.origin.topic != topic
        });
    }

    /// Makes the buffer of a sensor, or brings its settings up to date.
    fn refresh_buffer(&mut self, sensor: &Str, version: u64) {
        let settings = self.configs.settings(self.writer.kind(), sensor);
        if let Some(buffer) = self.buffers.get_mut(sensor) {
            buffer.settings = settings;
            buffer.version = version;
            return;
        }
        if self.buffers.len() >= MAX_IDLE_BUFFERS {
            self.buffers.retain(|_, buffer| !buffer.items.is_empty());
        }
        if settings.is_default {
            tracing::info!(
                sensor = sensor.as_str(),
                writer = self.writer.kind().section(),
                "no indexing configuration for this sensor and writer, defaults are used"
            );
        }
        let buffer = SensorBuffer::new(settings, version, self.clock.now().at);
        self.buffers.insert(sensor.clone(), buffer);
    }

    /// A disabled sensor: consumed, acknowledged, not written.
    fn skip(&mut self, item: Item) {
        settle::count(self.writer.kind(), &item.sensor, true, "disabled", 1);
        self.completions.push(Completion {
            origin: item.origin,
            result: Completed::Done,
        });
    }

    /// Memory runs short: everything is due.
    fn is_crowded(&self) -> bool {
        self.items > self.limits.items / 2 || self.bytes > self.limits.bytes / 2
    }

    fn next_attempt(&self, now: Instant) -> Option<Instant> {
        if self.store.blocks(now) {
            return self.store.until;
        }
        let waiting = self
            .buffers
            .values()
            .filter(|buffer| !buffer.items.is_empty());
        waiting
            .map(|buffer| buffer.back_off.until.unwrap_or(now))
            .min()
    }

    async fn flush(&mut self, urgency: Urgency) {
        let started = self.clock.now().at;
        let everything = urgency == Urgency::All || self.is_crowded() || self.writer.gathers();
        for sensor in self.due_sensors(everything, started) {
            loop {
                let now = self.clock.now().at;
                if self.store.blocks(now) || now.saturating_duration_since(started) > POLL_BUDGET {
                    return self.advance(urgency).await;
                }
                if !self.write_portion(&sensor).await {
                    break;
                }
            }
        }
        self.advance(urgency).await;
    }

    /// Sensors with something to write, the one that waits longest first.
    fn due_sensors(&self, everything: bool, now: Instant) -> Vec<Str> {
        let mut due: Vec<(Instant, &Str)> = self
            .buffers
            .iter()
            .filter(|(_, buffer)| {
                let wanted = everything || buffer.is_due(&self.batch_limits, now);
                wanted && !buffer.items.is_empty() && !buffer.back_off.blocks(now)
            })
            .map(|(sensor, buffer)| (buffer.started, sensor))
            .collect();
        due.sort();
        due.into_iter().map(|(_, sensor)| sensor.clone()).collect()
    }

    /// Writes one request for a sensor that is due. False when there is nothing more to write for it now.
    async fn write_portion(&mut self, sensor: &Str) -> bool {
        let now = self.clock.now();
        let Some(buffer) = self.buffers.get_mut(sensor) else {
            return false;
        };
        if buffer.items.is_empty() || buffer.back_off.blocks(now.at) {
            return false;
        }
        buffer.settings = self.configs.settings(self.writer.kind(), sensor);
        let count = buffer.next_portion(&self.batch_limits);
        let items = &mut buffer.items.make_contiguous()[..count];
        for pending in items.iter_mut() {
            if pending.first_tried_ms == NOT_TRIED {
                pending.first_tried_ms = now.epoch_ms;
            }
        }
        let started = Instant::now();
        let outcomes = if buffer.settings.enabled {
            let batch = Batch {
                sensor,
                items,
                settings: &buffer.settings,
                now,
            };
            self.writer.write(batch).await
        } else {
            vec![crate::Outcome::Done; count]
        };
        settle::observe(self.writer.kind(), started.elapsed());
        self.settle(sensor, count, outcomes);
        true
    }

    async fn advance(&mut self, urgency: Urgency) {
        let now = self.clock.now();
        let has_something = match urgency {
            Urgency::All => self.writer.held() > 0,
            Urgency::Due => self.writer.next_due().is_some_and(|due| due <= now.at),
        };
        if !has_something || self.store.blocks(now.at) {
            return;
        }
        let advance = self.writer.advance(now, urgency).await;
        self.settle_held(advance);
    }
}

/// Stands for "not yet" in [`Pending::first_tried_ms`].
const NOT_TRIED: i64 = i64::MIN;
