use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::dispatcher::retry::BackOff;
use crate::{BatchLimits, Pending, WriterSettings};

/// What waits for one sensor.
#[derive(Debug)]
pub(super) struct SensorBuffer {
    pub(super) settings: Arc<WriterSettings>,
    /// The version of the configuration that the settings are from.
    pub(super) version: u64,
    pub(super) items: VecDeque<Pending>,
    pub(super) bytes: usize,
    /// When the buffer got the first of its items.
    pub(super) started: Instant,
    pub(super) back_off: BackOff,
    /// Items of the next request: halved while a request fails as a whole, doubled again as they succeed.
    pub(super) portion: usize,
    /// Items at the front that have failed and wait for another attempt.
    pub(super) again: usize,
}

impl SensorBuffer {
    pub(super) fn new(settings: Arc<WriterSettings>, version: u64, now: Instant) -> Self {
        SensorBuffer {
            settings,
            version,
            items: VecDeque::new(),
            bytes: 0,
            started: now,
            back_off: BackOff::default(),
            portion: usize::MAX,
            again: 0,
        }
    }

    pub(super) fn push(&mut self, pending: Pending) {
        self.bytes = self.bytes.saturating_add(pending.item.bytes);
        self.items.push_back(pending);
    }

    /// Whether something is to be written now, apart from any pause.
    pub(super) fn is_due(&self, limits: &BatchLimits, now: Instant) -> bool {
        if self.items.is_empty() {
            return false;
        }
        self.again > 0
            || !self.settings.enabled
            || self.items.len() >= self.settings.batch_size.min(limits.items)
            || self.bytes >= limits.bytes
            || now.saturating_duration_since(self.started) >= self.settings.linger()
    }

    /// When [`SensorBuffer::is_due`] becomes true by the passing of time.
    pub(super) fn due_at(&self, limits: &BatchLimits, now: Instant) -> Option<Instant> {
        if self.items.is_empty() {
            return None;
        }
        let by_content = self.is_due(limits, now);
        let due = if by_content {
            now
        } else {
            self.started.checked_add(self.settings.linger())?
        };
        Some(self.back_off.until.map_or(due, |until| until.max(due)))
    }

    /// How many items from the front the next request carries: at least one.
    pub(super) fn next_portion(&self, limits: &BatchLimits) -> usize {
        let most = self.items.len().min(limits.items).min(self.portion).max(1);
        let mut bytes = 0_usize;
        for (count, pending) in self.items.iter().take(most).enumerate() {
            bytes = bytes.saturating_add(pending.item.bytes + limits.bytes_per_item);
            if bytes > limits.bytes && count > 0 {
                return count;
            }
        }
        most.min(self.items.len())
    }
}
