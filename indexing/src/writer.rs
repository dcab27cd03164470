use std::time::Instant;

use alidade_event::{Origin, Str};
use futures::future::BoxFuture;

use crate::{Cause, Item, Now, Outcome, WriterKind, WriterSettings};

/// A store that items are written to.
///
/// A writer keeps no timers and starts no tasks that outlive a call. It never drops an item silently: what [`Writer::write`]
/// does not settle is either kept by the dispatcher (`Retry`, `Suspect`) or named later by [`Writer::advance`] (`Held`).
pub trait Writer: Send {
    fn kind(&self) -> WriterKind;

    /// How much one call of [`Writer::write`] may be given.
    fn limits(&self) -> BatchLimits;

    /// Whether the writer gathers items itself, so that they need not wait in the dispatcher for a batch to fill.
    fn gathers(&self) -> bool {
        false
    }

    /// Writes items of one sensor, in order. The answer holds one outcome per item.
    fn write<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Vec<Outcome>>;

    /// Moves held items on: the origins that are safely in the store since the last call, and what stands in the way
    /// of others.
    fn advance<'a>(&'a mut self, now: Now, urgency: Urgency) -> BoxFuture<'a, Advance> {
        let _ = (now, urgency);
        Box::pin(std::future::ready(Advance::default()))
    }

    /// When [`Writer::advance`] has something to do at the latest.
    fn next_due(&self) -> Option<Instant> {
        None
    }

    /// Items that are held.
    fn held(&self) -> usize {
        0
    }

    /// Drops what is held for a partition that belongs to another consumer now.
    fn forget(&mut self, topic: &str, partition: i32) {
        let _ = (topic, partition);
    }
}

/// How much one request may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    pub items: usize,
    pub bytes: usize,
    /// What an item costs in a request beside its own bytes.
    pub bytes_per_item: usize,
}

/// Items of one sensor, to be written together.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    pub sensor: &'a Str,
    pub items: &'a [Pending],
    pub settings: &'a WriterSettings,
    pub now: Now,
}

/// An item that waits in a dispatcher.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    pub item: Item,
    /// When it was first given to the writer. An index name that carries a date uses this, so that a repeated attempt
    /// reaches the same index.
    pub first_tried_ms: i64,
    /// How often it has failed alone.
    pub(crate) failures: u32,
}

/// How much of what is held has to be finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// What is old, idle or large enough.
    Due,
    /// Everything: a shutdown, or partitions are given up.
    All,
}

/// What [`Writer::advance`] has achieved.
#[derive(Debug, Default)]
pub struct Advance {
    pub done: Vec<Origin>,
    pub problem: Option<Cause>,
}
