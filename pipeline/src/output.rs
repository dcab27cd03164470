//! Sending records to Kafka and learning what became of each, without a future or a lock per record.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use crate::ack::{Ticket, Tickets};

/// A record that the broker will never take as it is.
#[derive(Debug)]
pub struct RefusedRecord {
    pub ticket: Ticket,
    pub topic: String,
    pub payload: Vec<u8>,
    pub reason: String,
}

/// Receives the delivery reports. They come on the thread that polls the producer.
pub struct DeliveryReports {
    tickets: Arc<Tickets>,
    refused: Mutex<Vec<RefusedRecord>>,
}

impl ClientContext for DeliveryReports {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "the Kafka producer reports an error");
    }
}

impl ProducerContext for DeliveryReports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        let ticket = Ticket(ticket);
        let Err((error, record)) = result else {
            return self.tickets.settle(ticket);
        };
        // The ticket stays owed until the worker has sent an error record in its place.
        let refused = RefusedRecord {
            ticket,
            topic: record.topic().to_owned(),
            payload: record.payload().unwrap_or_default().to_vec(),
            reason: error.to_string(),
        };
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(refused);
    }
}

/// A producer whose records belong to tickets.
pub struct Output {
    producer: BaseProducer<DeliveryReports>,
    tickets: Arc<Tickets>,
}

impl Output {
    /// # Errors
    /// When librdkafka refuses the settings.
    pub fn new(config: &ClientConfig, tickets: Arc<Tickets>) -> Result<Self, KafkaError> {
        let reports = DeliveryReports {
            tickets: Arc::clone(&tickets),
            refused: Mutex::new(Vec::new()),
        };
        Ok(Output {
            producer: config.create_with_context(reports)?,
            tickets,
        })
    }

    /// Sends one record without key or headers; its delivery settles what the ticket owes. Waits while the queue is full,
    /// which is how a slow broker slows the consumer down.
    pub fn send(&self, ticket: Ticket, topic: &str, payload: &[u8]) {
        self.tickets.owe(ticket);
        let mut record =
            BaseRecord::<(), [u8], usize>::with_opaque_to(topic, ticket.0).payload(payload);
        loop {
            let Err((error, returned)) = self.producer.send(record) else {
                return;
            };
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return self.refuse(ticket, topic, payload, error.to_string());
            }
            record = returned;
            self.producer.poll(Duration::from_millis(20));
        }
    }

    fn refuse(&self, ticket: Ticket, topic: &str, payload: &[u8], reason: String) {
        let refused = RefusedRecord {
            ticket,
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            reason,
        };
        self.producer
            .context()
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(refused);
    }

    /// Settles a ticket for a refused record once something else stands in its place.
    pub fn settle(&self, ticket: Ticket) {
        self.tickets.settle(ticket);
    }

    /// Takes in the delivery reports that have arrived.
    pub fn poll(&self) {
        self.producer.poll(Duration::ZERO);
    }

    /// The records that were refused since the last call.
    pub fn take_refused(&self) -> Vec<RefusedRecord> {
        std::mem::take(
            &mut *self
                .producer
                .context()
                .refused
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// The number of records on their way.
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.producer.in_flight_count()).unwrap_or(0)
    }

    /// Waits until everything is delivered, or until the time is up; true when nothing is left.
    pub fn flush(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        while self.in_flight() > 0 && Instant::now() < until {
            let _ = self.producer.flush(Duration::from_millis(100));
        }
        self.in_flight() == 0
    }
}
