//! Commit points where each record is settled on its own, in any order: the indexing stage, whose items wait in the
//! buffers of several sensors.

use std::collections::{HashMap, VecDeque};

use crate::ack::Partition;

#[derive(Debug, Default)]
struct PartitionOffsets {
    /// Offsets that were taken and not yet committed, in order, each with whether it is settled.
    taken: VecDeque<(i64, bool)>,
    reached: Option<i64>,
    handed_out: Option<i64>,
}

/// The offsets of all assigned partitions that are not settled yet.
#[derive(Debug, Default)]
pub struct OffsetTracker {
    partitions: HashMap<Partition, PartitionOffsets>,
}

impl OffsetTracker {
    /// Notes that a record was taken.
    pub fn take(&mut self, partition: &Partition, offset: i64) {
        let offsets = match self.partitions.get_mut(partition) {
            Some(offsets) => offsets,
            None => self.partitions.entry(partition.clone()).or_default(),
        };
        if offsets
            .taken
            .back()
            .is_some_and(|(last, _)| offset <= *last)
        {
            // The consumer was set back: what is taken again is settled again.
            offsets.taken.retain(|(known, _)| *known < offset);
        }
        offsets.taken.push_back((offset, false));
    }

    /// Notes that what was to be done with a record is done.
    pub fn settle(&mut self, topic: &str, partition: i32, offset: i64) {
        let found = self
            .partitions
            .iter_mut()
            .find(|(key, _)| key.1 == partition && &*key.0 == topic);
        let Some((_, offsets)) = found else { return };
        if let Ok(at) = offsets
            .taken
            .binary_search_by_key(&offset, |(known, _)| *known)
        {
            offsets.taken[at].1 = true;
        }
        while let Some((offset, true)) = offsets.taken.front() {
            offsets.reached = Some(offset + 1);
            offsets.taken.pop_front();
        }
    }

    pub fn take_commit_points(&mut self) -> Vec<(Partition, i64)> {
        let mut moved = Vec::new();
        for (partition, offsets) in &mut self.partitions {
            if offsets.reached != offsets.handed_out {
                offsets.handed_out = offsets.reached;
                moved.extend(offsets.reached.map(|offset| (partition.clone(), offset)));
            }
        }
        moved
    }

    pub fn revoke(&mut self, partition: &Partition) {
        self.partitions.remove(partition);
    }

    /// Has every commit point handed out once more, because a commit has failed.
    pub fn hand_out_again(&mut self) {
        for offsets in self.partitions.values_mut() {
            offsets.handed_out = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn partition() -> Partition {
        (Arc::from("indexing"), 3)
    }

    #[test]
    fn the_commit_point_waits_for_the_lowest_offset() {
        let mut tracker = OffsetTracker::default();
        for offset in [5, 6, 9] {
            tracker.take(&partition(), offset);
        }
        tracker.settle("indexing", 3, 6);
        tracker.settle("indexing", 3, 9);
        assert_eq!(tracker.take_commit_points(), []);
        tracker.settle("indexing", 3, 5);
        assert_eq!(tracker.take_commit_points(), [(partition(), 10)]);
        tracker.settle("other", 3, 5);
        assert_eq!(tracker.take_commit_points(), []);
        tracker.hand_out_again();
        assert_eq!(tracker.take_commit_points(), [(partition(), 10)]);
    }

    proptest! {
        #[test]
        fn settling_in_any_order_commits_the_lowest_open_offset(order in Just((0..40i64).collect::<Vec<_>>()).prop_shuffle()) {
            let mut tracker = OffsetTracker::default();
            for offset in 0..40 {
                tracker.take(&partition(), offset);
            }
            let mut open: std::collections::BTreeSet<i64> = (0..40).collect();
            let mut committed = 0;
            for offset in order {
                tracker.settle("indexing", 3, offset);
                open.remove(&offset);
                for (_, point) in tracker.take_commit_points() {
                    committed = point;
                }
                prop_assert_eq!(committed, open.first().copied().unwrap_or(40));
            }
        }
    }
}
