use std::time::{Duration, Instant};

use alidade_event::{Origin, Str};
use bytes::Bytes;

use super::name::OffsetRange;
use crate::{HdfsGlobal, Item};

/// What tells files apart: a folder, and the partition that the events come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct FileKey {
    /// Below the root; empty for the root itself.
    pub(super) folder: Str,
    pub(super) topic: Str,
    pub(super) partition: i32,
}

/// A file that is being gathered in memory.
pub(super) struct OpenFile {
    pub(super) content: Vec<u8>,
    held: Vec<HeldItem>,
    range: OffsetRange,
    pub(super) opened: Instant,
    last_write: Instant,
}

/// What is left of an item when its line has been written: its origin without what the file knows.
#[derive(Debug, Clone, Copy)]
struct HeldItem {
    offset: i64,
    record_time_ms: i64,
    index: u32,
}

/// What a held item costs beside its line.
pub(super) const ITEM_BYTES: usize = size_of::<HeldItem>();

/// A file whose content is settled, on its way into the store.
pub(super) struct FinishedFile {
    pub(super) key: FileKey,
    pub(super) content: Bytes,
    pub(super) range: OffsetRange,
    /// Number in the name where other content has taken the plain one.
    pub(super) copy: u32,
    held: Vec<HeldItem>,
}

impl OpenFile {
    pub(super) fn new(item: &Item, now: Instant) -> Self {
        let offset = item.origin.offset;
        OpenFile {
            content: Vec::new(),
            held: Vec::new(),
            range: OffsetRange {
                first: offset,
                last: offset,
            },
            opened: now,
            last_write: now,
        }
    }

    /// Takes note of an item whose line has been appended.
    pub(super) fn note(&mut self, item: &Item, now: Instant) {
        let origin = &item.origin;
        self.range.first = self.range.first.min(origin.offset);
        self.range.last = self.range.last.max(origin.offset);
        self.last_write = now;
        self.held.push(HeldItem {
            offset: origin.offset,
            record_time_ms: origin.record_time_ms,
            index: origin.index,
        });
    }

    /// When the file is to be finished though it is not full.
    pub(super) fn due_at(&self, settings: &HdfsGlobal) -> Instant {
        let by_age = later(self.opened, settings.max_age);
        by_age.min(later(self.last_write, settings.idle))
    }

    pub(super) fn bytes(&self) -> usize {
        self.content.len() + self.held.len() * ITEM_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub(super) fn finish(self, key: FileKey) -> FinishedFile {
        FinishedFile {
            key,
            content: self.content.into(),
            range: self.range,
            copy: 0,
            held: self.held,
        }
    }
}

impl FinishedFile {
    pub(super) fn bytes(&self) -> usize {
        self.content.len() + self.held.len() * ITEM_BYTES
    }

    pub(super) fn items(&self) -> usize {
        self.held.len()
    }

    pub(super) fn origins(&self) -> impl Iterator<Item = Origin> + '_ {
        self.held.iter().map(|held| Origin {
            topic: self.key.topic.clone(),
            partition: self.key.partition,
            offset: held.offset,
            record_time_ms: held.record_time_ms,
            index: held.index,
        })
    }
}

impl OpenFile {
    pub(super) fn items(&self) -> usize {
        self.held.len()
    }
}

fn later(moment: Instant, by: Duration) -> Instant {
    moment.checked_add(by).unwrap_or(moment)
}
