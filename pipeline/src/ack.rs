//! Which offsets may be committed: the lowest one whose outcome is not yet known, per partition, and nothing beyond it.
//!
//! A *ticket* stands for a run of records of one partition. It is open while records are being added, and done when it is
//! sealed and everything that was sent for it is delivered. The tracker never looks at single records, so its cost is
//! that of a batch.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A topic and a partition of it.
pub type Partition = (Arc<str>, i32);

/// Names a run of records whose outcome is awaited. It travels through the producer as the opaque of each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub usize);

/// Counts what is owed for each ticket. Shared with the producer's delivery callback.
#[derive(Debug)]
pub struct Tickets {
    /// What is outstanding, by ticket: one for the ticket being open, one for each record that is on its way.
    owed: Box<[AtomicU32]>,
}

impl Tickets {
    pub fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Tickets {
            owed: (0..capacity).map(|_| AtomicU32::new(0)).collect(),
        })
    }

    /// Notes that one more outcome is owed.
    pub fn owe(&self, ticket: Ticket) {
        if let Some(owed) = self.owed.get(ticket.0) {
            owed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that one outcome is known.
    pub fn settle(&self, ticket: Ticket) {
        if let Some(owed) = self.owed.get(ticket.0) {
            let before = owed.fetch_sub(1, Ordering::Release);
            debug_assert!(
                before > 0,
                "a ticket was settled more often than it was owed"
            );
        }
    }

    pub fn is_settled(&self, ticket: Ticket) -> bool {
        self.owed
            .get(ticket.0)
            .is_some_and(|owed| owed.load(Ordering::Acquire) == 0)
    }
}

#[derive(Debug)]
struct Run {
    ticket: Ticket,
    /// The offset after the last record of the run: what is committed when the run is done.
    next_offset: i64,
}

#[derive(Debug, Default)]
struct PartitionRuns {
    runs: VecDeque<Run>,
    /// The highest commit point reached and the last one handed out.
    reached: Option<i64>,
    handed_out: Option<i64>,
}

/// The runs of all assigned partitions, in order.
#[derive(Debug)]
pub struct AckTracker {
    tickets: Arc<Tickets>,
    free: Vec<Ticket>,
    partitions: HashMap<Partition, PartitionRuns>,
    /// Tickets of revoked partitions that still wait for deliveries.
    orphans: Vec<Ticket>,
}

impl AckTracker {
    pub fn new(tickets: Arc<Tickets>) -> Self {
        let free = (0..tickets.owed.len()).rev().map(Ticket).collect();
        AckTracker {
            tickets,
            free,
            partitions: HashMap::new(),
            orphans: Vec::new(),
        }
    }

    /// Opens a run for a partition; nothing when too many are outstanding, in which case the caller has to wait.
    pub fn open(&mut self, partition: &Partition, first_offset: i64) -> Option<Ticket> {
        if self.free.is_empty() {
            self.reclaim();
        }
        let ticket = self.free.pop()?;
        self.tickets.owe(ticket);
        let runs = match self.partitions.get_mut(partition) {
            Some(runs) => runs,
            None => self.partitions.entry(partition.clone()).or_default(),
        };
        runs.runs.push_back(Run {
            ticket,
            next_offset: first_offset,
        });
        Some(ticket)
    }

    /// Says that the newest run of a partition now reaches past `offset`.
    pub fn extend(&mut self, partition: &Partition, offset: i64) {
        if let Some(run) = self
            .partitions
            .get_mut(partition)
            .and_then(|runs| runs.runs.back_mut())
        {
            run.next_offset = offset + 1;
        }
    }

    /// Closes a run: nothing more will be sent for it.
    pub fn seal(&mut self, ticket: Ticket) {
        self.tickets.settle(ticket);
    }

    /// Forgets a revoked partition. What is still on its way for it is not committed: the next owner repeats it.
    pub fn revoke(&mut self, partition: &Partition) {
        if let Some(runs) = self.partitions.remove(partition) {
            self.orphans.extend(runs.runs.iter().map(|run| run.ticket));
        }
    }

    /// The partitions whose commit point has moved since the last call, with the new commit point.
    pub fn take_commit_points(&mut self) -> Vec<(Partition, i64)> {
        self.reclaim();
        let mut moved = Vec::new();
        for (partition, runs) in &mut self.partitions {
            if runs.reached.is_some() && runs.reached != runs.handed_out {
                runs.handed_out = runs.reached;
                moved.extend(runs.reached.map(|offset| (partition.clone(), offset)));
            }
        }
        moved
    }

    /// Has every commit point handed out once more, because a commit has failed.
    pub fn hand_out_again(&mut self) {
        for runs in self.partitions.values_mut() {
            runs.handed_out = None;
        }
    }

    /// Frees the tickets that are done, from the oldest on: the commit point of a partition stops at the first run that
    /// is not.
    fn reclaim(&mut self) {
        for runs in self.partitions.values_mut() {
            while let Some(oldest) = runs.runs.front() {
                if !self.tickets.is_settled(oldest.ticket) {
                    break;
                }
                runs.reached = Some(oldest.next_offset);
                self.free.push(oldest.ticket);
                runs.runs.pop_front();
            }
        }
        let (tickets, free) = (&self.tickets, &mut self.free);
        self.orphans.retain(|ticket| {
            let settled = tickets.is_settled(*ticket);
            if settled {
                free.push(*ticket);
            }
            !settled
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn partition(number: i32) -> Partition {
        (Arc::from("squid"), number)
    }

    #[test]
    fn a_run_that_is_behind_holds_back_the_ones_after_it() {
        let tickets = Tickets::new(8);
        let mut tracker = AckTracker::new(Arc::clone(&tickets));
        let first = tracker.open(&partition(0), 10).unwrap();
        tickets.owe(first);
        tracker.extend(&partition(0), 10);
        tracker.seal(first);
        let second = tracker.open(&partition(0), 11).unwrap();
        tracker.extend(&partition(0), 14);
        tracker.seal(second);
        assert_eq!(tracker.take_commit_points(), []);
        tickets.settle(first);
        assert_eq!(tracker.take_commit_points(), [(partition(0), 15)]);
        assert_eq!(tracker.take_commit_points(), []);
    }

    #[test]
    fn a_commit_point_is_handed_out_again_when_its_commit_has_failed() {
        let mut tracker = AckTracker::new(Tickets::new(8));
        let ticket = tracker.open(&partition(0), 10).unwrap();
        tracker.extend(&partition(0), 10);
        tracker.hand_out_again();
        assert_eq!(tracker.take_commit_points(), []);
        tracker.seal(ticket);
        assert_eq!(tracker.take_commit_points(), [(partition(0), 11)]);
        assert_eq!(tracker.take_commit_points(), []);
        tracker.hand_out_again();
        assert_eq!(tracker.take_commit_points(), [(partition(0), 11)]);
    }

    #[test]
    fn tickets_run_out_and_come_back() {
        let tickets = Tickets::new(1);
        let mut tracker = AckTracker::new(tickets);
        let only = tracker.open(&partition(0), 0).unwrap();
        assert_eq!(tracker.open(&partition(1), 0), None);
        tracker.seal(only);
        assert!(tracker.open(&partition(1), 0).is_some());
    }

    #[test]
    fn a_revoked_partition_commits_nothing_and_frees_its_tickets_in_time() {
        let tickets = Tickets::new(1);
        let mut tracker = AckTracker::new(Arc::clone(&tickets));
        let ticket = tracker.open(&partition(0), 5).unwrap();
        tracker.revoke(&partition(0));
        assert_eq!(tracker.open(&partition(0), 5), None);
        tracker.seal(ticket);
        assert_eq!(tracker.take_commit_points(), []);
        assert!(tracker.open(&partition(0), 5).is_some());
    }

    /// What may happen to a tracker of two partitions.
    #[derive(Debug, Clone)]
    enum Step {
        /// A batch on a partition with this many records, each of which sends this many others.
        Batch {
            partition: i32,
            records: u8,
            sends: u8,
        },
        /// The n-th outstanding delivery arrives.
        Deliver(u8),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let batch = (0..2i32, 1..5u8, 0..3u8).prop_map(|(partition, records, sends)| Step::Batch {
            partition,
            records,
            sends,
        });
        proptest::collection::vec(
            prop_oneof![batch, any::<u8>().prop_map(Step::Deliver)],
            1..80,
        )
    }

    proptest! {
        /// Against a model that knows every record: the commit point is the lowest undelivered offset.
        #[test]
        fn the_commit_point_is_the_lowest_undelivered_offset(steps in steps()) {
            let tickets = Tickets::new(512);
            let mut tracker = AckTracker::new(Arc::clone(&tickets));
            let mut next_offset = [0i64; 2];
            let mut outstanding: Vec<(usize, i64, i64, Ticket)> = Vec::new();
            let mut committed = [0i64; 2];
            for step in steps {
                match step {
                    Step::Batch { partition: number, records, sends } => {
                        let place = partition(number);
                        let at = usize::try_from(number).unwrap();
                        let first = next_offset[at];
                        let ticket = tracker.open(&place, first).unwrap();
                        for _ in 0..records {
                            let offset = next_offset[at];
                            tracker.extend(&place, offset);
                            next_offset[at] += 1;
                            for _ in 0..sends {
                                tickets.owe(ticket);
                                outstanding.push((at, first, offset, ticket));
                            }
                        }
                        tracker.seal(ticket);
                    }
                    Step::Deliver(which) if !outstanding.is_empty() => {
                        let which = usize::from(which) % outstanding.len();
                        let (_, _, _, ticket) = outstanding.swap_remove(which);
                        tickets.settle(ticket);
                    }
                    Step::Deliver(_) => {}
                }
                for (place, offset) in tracker.take_commit_points() {
                    let at = usize::try_from(place.1).unwrap();
                    prop_assert!(offset >= committed[at]);
                    committed[at] = offset;
                }
                for at in 0..2 {
                    let owed = outstanding.iter().filter(|(place, ..)| *place == at);
                    // A run is committed as a whole: the bound is the first offset of the oldest run that is owed.
                    let bound = owed.map(|(_, first, ..)| *first).min().unwrap_or(next_offset[at]);
                    prop_assert_eq!(committed[at], bound);
                }
            }
        }
    }
}
