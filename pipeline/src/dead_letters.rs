//! Error records that take the place of documents which a store refuses. A document counts as settled when its error
//! record is delivered; nobody waits for that.

use std::sync::Arc;
use std::time::Duration;

use alidade_event::{ErrorRecord, Origin};
use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;

use crate::ack::{Partition, Ticket, Tickets};
use crate::output::{Fault, Output};
use crate::supervisor::Shutdown;
use crate::{PipelineError, host};

/// Groups of letters on their way; beyond it the worker takes no more records.
const GROUPS: usize = 64;

/// Letters that wait, and letters that are on their way.
pub struct DeadLetters {
    topic: &'static str,
    output: Output,
    tickets: Arc<Tickets>,
    free: Vec<Ticket>,
    waiting: Vec<(Origin, Box<ErrorRecord>)>,
    on_their_way: Vec<(Ticket, Vec<Origin>)>,
    scratch: Vec<u8>,
}

impl DeadLetters {
    /// # Errors
    /// When librdkafka refuses the settings of the producer.
    pub fn new(
        producer: &ClientConfig,
        topic: &'static str,
        shutdown: Shutdown,
    ) -> Result<Self, KafkaError> {
        let tickets = Tickets::new(GROUPS);
        Ok(DeadLetters {
            topic,
            output: Output::new(producer, Arc::clone(&tickets), shutdown)?,
            tickets,
            free: (0..GROUPS).map(Ticket).collect(),
            waiting: Vec::new(),
            on_their_way: Vec::new(),
            scratch: Vec::new(),
        })
    }

    /// Puts a letter to those that the next [`DeadLetters::advance`] sends.
    pub fn add(&mut self, origin: Origin, error: Box<ErrorRecord>) {
        self.waiting.push((origin, error));
    }

    /// True when letters wait for others to be delivered: the worker should take no more records.
    pub fn is_crowded(&self) -> bool {
        self.free.is_empty() && !self.waiting.is_empty()
    }

    /// Letters that are not delivered yet.
    pub fn unsettled(&self) -> usize {
        let on_their_way: usize = self.on_their_way.iter().map(|(_, group)| group.len()).sum();
        self.waiting.len() + on_their_way
    }

    /// Sends what waits, as one group. Returns the number of letters sent and the origins of those that have been
    /// delivered.
    ///
    /// # Errors
    /// When letters cannot be delivered. What is not delivered stays unsettled.
    pub fn advance(&mut self) -> Result<(u64, Vec<Origin>), PipelineError> {
        self.output.poll();
        self.drop_refused();
        let delivered = self.take_delivered();
        let sent = self.send_waiting();
        self.output.check()?;
        Ok((sent, delivered))
    }

    /// Waits until what was sent is delivered, or until the time is up.
    pub fn flush(&mut self, within: Duration) {
        self.output.flush(within);
    }

    /// Forgets the letters of a partition that are not sent yet. The next owner finds the same ones.
    pub fn revoke(&mut self, partition: &Partition) {
        self.waiting.retain(|(origin, _)| {
            origin.partition != partition.1 || origin.topic.as_str() != &*partition.0
        });
    }

    fn send_waiting(&mut self) -> u64 {
        if self.waiting.is_empty() {
            return 0;
        }
        let Some(ticket) = self.free.pop() else {
            return 0;
        };
        self.output.owe(ticket);
        let mut group = Vec::with_capacity(self.waiting.len());
        for (origin, error) in self.waiting.drain(..) {
            self.scratch.clear();
            host::error_event(&error).write_json(&mut self.scratch);
            self.output.send(ticket, self.topic, &self.scratch);
            group.push(origin);
        }
        self.output.settle(ticket);
        let sent = group.len() as u64;
        self.on_their_way.push((ticket, group));
        sent
    }

    /// An error record that the broker does not take for its own sake has no other form that it could take.
    fn drop_refused(&mut self) {
        for refused in self.output.take_refused() {
            if refused.fault == Fault::Topic {
                self.output
                    .fail(format!("topic {}: {}", refused.topic, refused.reason));
                continue;
            }
            tracing::error!(
                reason = refused.reason,
                bytes = refused.payload.len(),
                "an error record was refused by the broker and is dropped"
            );
            self.output.settle(refused.ticket);
        }
    }

    fn take_delivered(&mut self) -> Vec<Origin> {
        let mut delivered = Vec::new();
        let (tickets, free) = (&self.tickets, &mut self.free);
        self.on_their_way.retain_mut(|(ticket, group)| {
            if !tickets.is_settled(*ticket) {
                return true;
            }
            delivered.append(group);
            free.push(*ticket);
            false
        });
        delivered
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use alidade_event::ErrorType;
    use rdkafka::mocking::MockCluster;

    use super::*;
    use crate::kafka_settings::KafkaSettings;

    fn origin(offset: i64) -> Origin {
        Origin {
            topic: "indexing".into(),
            partition: 0,
            offset,
            record_time_ms: 0,
            index: 0,
        }
    }

    fn letters(
        cluster: &MockCluster<'_, rdkafka::producer::DefaultProducerContext>,
    ) -> DeadLetters {
        cluster.create_topic("indexing", 1, 1).unwrap();
        let settings = KafkaSettings {
            brokers: cluster.bootstrap_servers(),
            ..KafkaSettings::default()
        };
        DeadLetters::new(&settings.producer(), "indexing", Shutdown::default()).unwrap()
    }

    fn add(letters: &mut DeadLetters, offset: i64) {
        let error = ErrorRecord::new(ErrorType::IndexingError, None, "no");
        letters.add(origin(offset), Box::new(error));
    }

    #[test]
    fn a_letter_is_settled_when_it_is_delivered_and_not_before() {
        let cluster = MockCluster::new(1).unwrap();
        let mut letters = letters(&cluster);
        cluster.broker_down(1).unwrap();
        add(&mut letters, 1);
        add(&mut letters, 2);
        assert_eq!(letters.advance().unwrap(), (2, vec![]));
        let started = Instant::now();
        letters.flush(Duration::from_millis(300));
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(letters.advance().unwrap(), (0, vec![]));
        assert_eq!(letters.unsettled(), 2);
        cluster.broker_up(1).unwrap();
        letters.flush(Duration::from_secs(30));
        assert_eq!(letters.advance().unwrap(), (0, vec![origin(1), origin(2)]));
        assert_eq!(letters.unsettled(), 0);
    }

    #[test]
    fn letters_wait_when_many_groups_are_on_their_way() {
        let cluster = MockCluster::new(1).unwrap();
        let mut letters = letters(&cluster);
        cluster.broker_down(1).unwrap();
        for offset in 0..70 {
            add(&mut letters, offset);
            letters.advance().unwrap();
        }
        assert!(letters.is_crowded());
        assert_eq!(letters.unsettled(), 70);
        letters.revoke(&("indexing".into(), 0));
        assert!(!letters.is_crowded());
        assert_eq!(letters.unsettled(), 64);
    }
}
