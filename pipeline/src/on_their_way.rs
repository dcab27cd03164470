//! What the worker of a [`crate::Transform`] owes: the runs of its partitions, and the records that the producer has.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;

use crate::ack::{AckTracker, Partition, Ticket, Tickets};
use crate::output::Output;
use crate::source::Unsettled;
use crate::supervisor::Shutdown;

/// Outstanding batches of one worker; beyond it the worker waits.
const TICKETS: usize = 1_024;

/// The runs of the assigned partitions, and the producer that their records leave by.
pub struct OnTheirWay {
    tracker: AckTracker,
    output: Arc<Output>,
    /// The runs of the batch at hand.
    open: Vec<(Partition, Ticket)>,
}

impl OnTheirWay {
    /// # Errors
    /// When librdkafka refuses the settings of the producer.
    pub fn new(producer: &ClientConfig, shutdown: &Shutdown) -> Result<Self, KafkaError> {
        let tickets = Tickets::new(TICKETS);
        let output = Output::new(producer, Arc::clone(&tickets), shutdown.clone())?;
        Ok(OnTheirWay {
            tracker: AckTracker::new(tickets),
            output: Arc::new(output),
            open: Vec::new(),
        })
    }

    pub fn output(&self) -> Arc<Output> {
        Arc::clone(&self.output)
    }

    /// Closes the runs of the batch at hand. What is put aside is owed for on its own.
    pub fn seal_open(&mut self) {
        for (_, ticket) in self.open.drain(..) {
            self.tracker.seal(ticket);
        }
    }

    /// The ticket for a record in the batch at hand; nothing when too many batches are outstanding.
    pub fn ticket_for(&mut self, partition: &Partition, offset: i64) -> Option<Ticket> {
        let opened = self.open.iter().find(|(known, _)| known == partition);
        let ticket = match opened {
            Some((_, ticket)) => *ticket,
            None => {
                let ticket = self.tracker.open(partition, offset)?;
                self.open.push((partition.clone(), ticket));
                ticket
            }
        };
        self.tracker.extend(partition, offset);
        Some(ticket)
    }
}

impl Unsettled for OnTheirWay {
    fn settle(&mut self, within: Duration) {
        // Between two records, all that was taken is sent or put aside, unless a panic brings us here.
        if !std::thread::panicking() {
            self.seal_open();
        }
        if !self.output.flush(within) {
            tracing::warn!(
                "records are still on their way while partitions are revoked; they will be repeated"
            );
        }
    }

    fn take_commit_points(&mut self) -> Vec<(Partition, i64)> {
        self.tracker.take_commit_points()
    }

    fn hand_out_again(&mut self) {
        self.tracker.hand_out_again();
    }

    fn revoke(&mut self, partition: &Partition) {
        self.tracker.revoke(partition);
        // A partition that comes back starts again at its last commit, with a run of its own.
        let (tracker, open) = (&mut self.tracker, &mut self.open);
        open.retain(|(known, ticket)| {
            let stays = known != partition;
            if !stays {
                tracker.seal(*ticket);
            }
            stays
        });
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka_settings::KafkaSettings;

    fn on_their_way() -> OnTheirWay {
        let kafka = KafkaSettings {
            brokers: "127.0.0.1:1".to_owned(),
            ..KafkaSettings::default()
        };
        OnTheirWay::new(&kafka.producer(), &Shutdown::default()).unwrap()
    }

    fn partition(number: i32) -> Partition {
        (Arc::from("squid"), number)
    }

    #[test]
    fn what_is_taken_is_committed_when_a_rebalance_cuts_the_batch() {
        let mut runs = on_their_way();
        let aside = runs.ticket_for(&partition(0), 10).unwrap();
        runs.ticket_for(&partition(0), 11).unwrap();
        runs.ticket_for(&partition(1), 7).unwrap();
        // An event of partition 0 waits for the answer of a model.
        runs.output.owe(aside);
        runs.settle(Duration::ZERO);
        assert_eq!(runs.take_commit_points(), [(partition(1), 8)]);
        runs.output.settle(aside);
        assert_eq!(runs.take_commit_points(), [(partition(0), 12)]);
    }

    /// The records of a partition that comes back must not be counted with those from before it went.
    #[test]
    fn a_partition_that_comes_back_within_a_batch_has_a_run_of_its_own() {
        let mut runs = on_their_way();
        let before = runs.ticket_for(&partition(0), 10).unwrap();
        let stays = runs.ticket_for(&partition(1), 5).unwrap();
        runs.revoke(&partition(0));
        let after = runs.ticket_for(&partition(0), 3).unwrap();
        assert_ne!(before, after);
        assert_eq!(runs.ticket_for(&partition(1), 6), Some(stays));
        runs.output.owe(after);
        runs.seal_open();
        assert_eq!(runs.take_commit_points(), [(partition(1), 7)]);
        runs.output.settle(after);
        assert_eq!(runs.take_commit_points(), [(partition(0), 4)]);
    }
}
