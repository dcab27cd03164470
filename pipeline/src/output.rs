//! Sending records to Kafka and learning what became of each, without a future or a lock per record.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use crate::PipelineError;
use crate::ack::{Ticket, Tickets};
use crate::supervisor::Shutdown;
use crate::throttle::Throttle;

/// How long a record waits for room in the producer's queue once the process is to stop.
const ROOM_WITHIN: Duration = Duration::from_secs(3);

/// A record that the broker will never take as it is.
#[derive(Debug)]
pub struct RefusedRecord {
    pub ticket: Ticket,
    pub topic: String,
    pub payload: Vec<u8>,
    pub fault: Fault,
    pub reason: String,
}

/// Whose fault it is that a record is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is too large or malformed: another one might be taken.
    Record,
    /// The topic does not exist or may not be written to: another topic might take it.
    Topic,
}

/// Whose fault a failed delivery is. Nothing: the producer's, which has to be made anew.
fn fault_of(error: &KafkaError) -> Option<Fault> {
    match error.rdkafka_error_code()? {
        RDKafkaErrorCode::MessageSizeTooLarge
        | RDKafkaErrorCode::MessageBatchTooLarge
        | RDKafkaErrorCode::InvalidMessage
        | RDKafkaErrorCode::InvalidMessageSize
        | RDKafkaErrorCode::InvalidRecord
        | RDKafkaErrorCode::InvalidTimestamp
        | RDKafkaErrorCode::PolicyViolation => Some(Fault::Record),
        RDKafkaErrorCode::UnknownTopic
        | RDKafkaErrorCode::UnknownTopicOrPartition
        | RDKafkaErrorCode::UnknownPartition
        | RDKafkaErrorCode::InvalidTopic
        | RDKafkaErrorCode::TopicAuthorizationFailed => Some(Fault::Topic),
        _ => None,
    }
}

/// Receives the delivery reports. They come on the thread that polls the producer.
pub struct DeliveryReports {
    tickets: Arc<Tickets>,
    refused: Mutex<Vec<RefusedRecord>>,
    /// Why this producer is of no more use.
    failure: OnceLock<String>,
    error_logs: Throttle,
}

impl DeliveryReports {
    fn refuse(&self, refused: RefusedRecord) {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(refused);
    }

    fn fail(&self, reason: String) {
        // The first reason is the cause of all others.
        let _ = self.failure.set(reason);
    }
}

impl ClientContext for DeliveryReports {
    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(held_back) = self.error_logs.admit() {
            tracing::warn!(%error, reason, held_back, "the Kafka producer reports an error");
        }
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
            self.fail(reason.to_owned());
        }
    }
}

impl ProducerContext for DeliveryReports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        let ticket = Ticket(ticket);
        let Err((error, record)) = result else {
            return self.tickets.settle(ticket);
        };
        // The ticket stays owed until the worker has sent an error record in its place; for ever, if it is the producer
        // that has failed.
        let Some(fault) = fault_of(error) else {
            return self.fail(error.to_string());
        };
        self.refuse(RefusedRecord {
            ticket,
            topic: record.topic().to_owned(),
            payload: record.payload().unwrap_or_default().to_vec(),
            fault,
            reason: error.to_string(),
        });
    }
}

/// A producer whose records belong to tickets.
pub struct Output {
    producer: BaseProducer<DeliveryReports>,
    tickets: Arc<Tickets>,
    shutdown: Shutdown,
}

impl Output {
    /// # Errors
    /// When librdkafka refuses the settings.
    pub fn new(
        config: &ClientConfig,
        tickets: Arc<Tickets>,
        shutdown: Shutdown,
    ) -> Result<Self, KafkaError> {
        let reports = DeliveryReports {
            tickets: Arc::clone(&tickets),
            refused: Mutex::new(Vec::new()),
            failure: OnceLock::new(),
            error_logs: Throttle::new(),
        };
        Ok(Output {
            producer: config.create_with_context(reports)?,
            tickets,
            shutdown,
        })
    }

    fn reports(&self) -> &DeliveryReports {
        self.producer.context()
    }

    /// Sends one record without key or headers; its delivery settles what the ticket owes. Waits while the queue is full,
    /// which is how a slow broker slows the consumer down.
    ///
    /// When the producer has failed, or the queue stays full while the process is to stop, nothing is sent and the ticket
    /// stays owed: [`Output::check`] tells.
    pub fn send(&self, ticket: Ticket, topic: &str, payload: &[u8]) {
        self.tickets.owe(ticket);
        let mut record =
            BaseRecord::<(), [u8], usize>::with_opaque_to(topic, ticket.0).payload(payload);
        let mut give_up_at = None;
        while self.reports().failure.get().is_none() {
            let Err((error, returned)) = self.producer.send(record) else {
                return;
            };
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return self.refuse(ticket, topic, payload, &error);
            }
            record = returned;
            self.producer.poll(Duration::from_millis(20));
            if !self.shutdown.is_stopping() {
                continue;
            }
            let now = Instant::now();
            if now >= *give_up_at.get_or_insert(now + ROOM_WITHIN) {
                self.fail("the producer's queue is full while the process stops".to_owned());
            }
        }
    }

    fn refuse(&self, ticket: Ticket, topic: &str, payload: &[u8], error: &KafkaError) {
        let Some(fault) = fault_of(error) else {
            return self.fail(error.to_string());
        };
        self.reports().refuse(RefusedRecord {
            ticket,
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            fault,
            reason: error.to_string(),
        });
    }

    /// Gives the producer up. What is owed stays owed.
    pub fn fail(&self, reason: String) {
        self.reports().fail(reason);
    }

    /// # Errors
    /// When the producer has failed and the worker has to start again.
    pub fn check(&self) -> Result<(), PipelineError> {
        match self.reports().failure.get() {
            Some(reason) => Err(PipelineError::Delivery(reason.clone())),
            None => Ok(()),
        }
    }

    /// Settles a ticket for a refused record once something else stands in its place.
    pub fn settle(&self, ticket: Ticket) {
        self.tickets.settle(ticket);
    }

    /// Notes that a record which is not sent yet is owed for a ticket.
    pub fn owe(&self, ticket: Ticket) {
        self.tickets.owe(ticket);
    }

    /// Takes in the delivery reports that have arrived.
    pub fn poll(&self) {
        // One call takes in one report, which is about several records.
        loop {
            let before = self.in_flight();
            self.producer.poll(Duration::ZERO);
            if self.in_flight() >= before {
                return;
            }
        }
    }

    /// The records that were refused since the last call.
    pub fn take_refused(&self) -> Vec<RefusedRecord> {
        std::mem::take(
            &mut *self
                .reports()
                .refused
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// The number of records on their way.
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }

    /// Waits until everything is delivered, or until the time is up or the producer has failed; true when nothing is left.
    pub fn flush(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        while self.in_flight() > 0 && self.check().is_ok() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let _ = self.producer.flush(left.min(Duration::from_millis(100)));
        }
        self.in_flight() == 0
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::DefaultProducerContext;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr as Answer};

    use super::*;
    use crate::kafka_settings::KafkaSettings;

    const TICKET: Ticket = Ticket(0);

    fn output(
        cluster: &MockCluster<'_, DefaultProducerContext>,
        extra: &[(&str, &str)],
    ) -> (Output, Shutdown) {
        cluster.create_topic("out", 1, 1).unwrap();
        let settings = KafkaSettings {
            brokers: cluster.bootstrap_servers(),
            extra: extra
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            ..KafkaSettings::default()
        };
        let shutdown = Shutdown::default();
        let output = Output::new(&settings.producer(), Tickets::new(4), shutdown.clone()).unwrap();
        (output, shutdown)
    }

    fn refuse_next(cluster: &MockCluster<'_, DefaultProducerContext>, with: Answer) {
        cluster.request_errors(RDKafkaApiKey::Produce, &[with]);
    }

    #[test]
    fn a_delivered_record_settles_its_ticket() {
        let cluster = MockCluster::new(1).unwrap();
        let (output, _) = output(&cluster, &[]);
        output.send(TICKET, "out", b"1");
        assert!(!output.tickets.is_settled(TICKET));
        assert!(output.flush(Duration::from_secs(20)));
        assert!(output.tickets.is_settled(TICKET));
    }

    #[test]
    fn a_refused_record_is_handed_back_and_the_producer_goes_on() {
        let cluster = MockCluster::new(1).unwrap();
        let (output, _) = output(&cluster, &[]);
        refuse_next(&cluster, Answer::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        output.send(TICKET, "out", b"1");
        assert!(output.flush(Duration::from_secs(20)));
        let refused = output.take_refused();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].fault, Fault::Record);
        assert_eq!(refused[0].payload, b"1");
        assert!(!output.tickets.is_settled(TICKET));
        assert!(output.check().is_ok());
        output.send(TICKET, "out", b"2");
        assert!(output.flush(Duration::from_secs(20)));
        assert!(output.take_refused().is_empty());
    }

    /// What has happened to it nobody knows: it must be neither settled nor taken for a refusal.
    #[test]
    fn a_producer_that_has_lost_track_fails_and_leaves_its_tickets_owed() {
        let cluster = MockCluster::new(1).unwrap();
        let (output, _) = output(&cluster, &[]);
        output.send(TICKET, "out", b"1");
        assert!(output.flush(Duration::from_secs(20)));
        refuse_next(
            &cluster,
            Answer::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
        );
        output.send(TICKET, "out", b"2");
        let until = Instant::now() + Duration::from_secs(20);
        while output.check().is_ok() && Instant::now() < until {
            output.flush(Duration::from_millis(100));
        }
        assert!(matches!(output.check(), Err(PipelineError::Delivery(_))));
        output.send(TICKET, "out", b"3");
        assert!(output.take_refused().is_empty());
        assert!(!output.tickets.is_settled(TICKET));
    }

    #[test]
    fn a_full_queue_does_not_keep_the_process_from_stopping() {
        let cluster = MockCluster::new(1).unwrap();
        let (output, shutdown) = output(&cluster, &[("queue.buffering.max.messages", "1")]);
        cluster.broker_down(1).unwrap();
        output.send(TICKET, "out", b"1");
        shutdown.stop();
        let started = Instant::now();
        for _ in 0..100 {
            output.send(TICKET, "out", b"2");
        }
        assert!(started.elapsed() < ROOM_WITHIN * 3);
        assert!(output.check().is_err());
        assert!(!output.flush(Duration::from_secs(60)));
        assert!(!output.tickets.is_settled(TICKET));
        assert!(started.elapsed() < ROOM_WITHIN * 3);
    }
}
