//! Calls whose answers are only counted and compared. Nobody waits for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alidade_event::Value;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::Models;
use crate::call::Call;
use crate::errand::Outcome;

/// Most shadow calls that wait to be sent.
const MOST_WAITING: usize = 1024;
/// Most memory for those that wait, in bytes, roughly.
const MOST_BYTES: usize = 64 << 20;

/// Shadow calls that wait to be sent. What does not fit is dropped, and counted.
#[derive(Debug)]
pub(crate) struct ShadowQueue {
    sender: mpsc::Sender<Shadow>,
    bytes: Arc<AtomicUsize>,
}

/// A shadow call that waits.
#[derive(Debug)]
pub(crate) struct Shadow {
    pub(crate) call: Call,
    pub(crate) comparison: Comparison,
}

/// What the answer to a shadow call is compared with.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) expected: Value,
    pub(crate) models: Models,
    _room: Room,
}

/// Memory that a waiting shadow takes, given back when it is dropped.
#[derive(Debug)]
struct Room {
    taken: usize,
    bytes: Arc<AtomicUsize>,
}

impl Room {
    /// Nothing when there is no room left.
    fn take(bytes: &Arc<AtomicUsize>, wanted: usize) -> Option<Room> {
        let before = bytes.fetch_add(wanted, Ordering::Relaxed);
        let room = Room {
            taken: wanted,
            bytes: bytes.clone(),
        };
        (before.saturating_add(wanted) <= MOST_BYTES).then_some(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.bytes.fetch_sub(self.taken, Ordering::Relaxed);
    }
}

impl ShadowQueue {
    pub(crate) fn new() -> (ShadowQueue, mpsc::Receiver<Shadow>) {
        let (sender, receiver) = mpsc::channel(MOST_WAITING);
        let bytes = Arc::default();
        (ShadowQueue { sender, bytes }, receiver)
    }

    /// Leaves a call to be made some time soon. `expected` is what the model itself has answered, read from
    /// `answer_bytes` of text. Never waits.
    pub(crate) fn offer(&self, call: Call, expected: Value, answer_bytes: usize, models: &Models) {
        // Read values take some times the room of their text.
        let wanted = call.bytes() + 4 * answer_bytes;
        let Some(room) = Room::take(&self.bytes, wanted) else {
            count(&call, "dropped");
            return;
        };
        let comparison = Comparison {
            expected,
            models: models.clone(),
            _room: room,
        };
        let shadow = Shadow { call, comparison };
        if let Err(TrySendError::Full(shadow) | TrySendError::Closed(shadow)) =
            self.sender.try_send(shadow)
        {
            count(&shadow.call, "dropped");
        }
    }
}

/// Counts a shadow call by what became of it.
pub(crate) fn count_outcome(call: &Call, expected: &Value, outcome: &Outcome) {
    count(
        call,
        match outcome {
            Ok(answer) if answer.value == *expected => "same",
            Ok(_) => "different",
            Err(_) => "failed",
        },
    );
}

fn count(call: &Call, outcome: &'static str) {
    let (model, version) = call.labels();
    metrics::counter!("alidade_maas_shadow_calls_total", "model" => model, "version" => version, "outcome" => outcome)
        .increment(1);
}
