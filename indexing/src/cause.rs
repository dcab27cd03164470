use std::time::Duration;

use alidade_event::Str;

/// What became of one item of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is in the store, and stays there.
    Done,
    /// The writer has taken it over and will name its origin in a later [`crate::Advance`].
    Held,
    /// The store cannot take it now. It is offered again after a pause, as often as needed.
    Retry(Cause),
    /// The request failed as a whole, and one of its items may be the reason. It is offered again in a smaller batch; an
    /// item that fails alone several times is refused.
    Suspect(Cause),
    /// The store will never take it.
    Refuse(Cause),
}

/// Why an item was not written.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    pub message: Str,
    pub scope: Scope,
    /// How long the store asks to be left alone, if it says so.
    pub wait: Option<Duration>,
}

/// How far a cause reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The whole store: no other sensor would fare better now.
    Store,
    /// This sensor's index or collection, or the item itself.
    Sensor,
}

/// Longest text of a cause, in bytes: stores answer with whole documents in their reasons.
const MAX_MESSAGE: usize = 2_000;

impl Cause {
    /// A cause that concerns the whole store.
    pub fn store(message: impl AsRef<str>) -> Self {
        Self::new(message.as_ref(), Scope::Store)
    }

    /// A cause that concerns one sensor or one item.
    pub fn sensor(message: impl AsRef<str>) -> Self {
        Self::new(message.as_ref(), Scope::Sensor)
    }

    fn new(message: &str, scope: Scope) -> Self {
        let end = message.floor_char_boundary(MAX_MESSAGE);
        Cause {
            message: Str::new(message.get(..end).unwrap_or_default()),
            scope,
            wait: None,
        }
    }

    pub fn with_wait(mut self, wait: Option<Duration>) -> Self {
        self.wait = wait;
        self
    }
}
