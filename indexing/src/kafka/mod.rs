//! Events as JSON to a Kafka topic: a delivery report for each one.

mod delivery;
mod settings;

pub use settings::KafkaWriterSettings;

use std::sync::Arc;
use std::time::Duration;

use alidade_event::Str;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};

use crate::{Batch, BatchLimits, Cause, IndexingError, Outcome, Writer, WriterKind};
use delivery::{Deliveries, DeliveryContext};

/// How long librdkafka tries to deliver a message before it reports a failure.
const DELIVERY: Duration = Duration::from_secs(30);

/// Writes to a topic, or to the topic that a field of the event names.
pub struct KafkaWriter {
    producer: ThreadedProducer<DeliveryContext>,
    deliveries: Arc<Deliveries>,
    topic: Str,
    topic_field: Option<Str>,
}

impl KafkaWriter {
    /// Makes the writer; brokers are looked up in ZooKeeper where only that is given.
    ///
    /// # Errors
    /// When there are no brokers, or the producer's settings are not accepted.
    pub async fn new(settings: &KafkaWriterSettings) -> Result<Self, IndexingError> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", settings.brokers().await?)
            .set("message.timeout.ms", DELIVERY.as_millis().to_string())
            .set("linger.ms", "5")
            .set("acks", "all");
        for (name, value) in &settings.producer {
            config.set(name.as_str(), value.as_str());
        }
        alidade_kafka::complete(&mut config);
        let deliveries = Arc::new(Deliveries::default());
        let context = DeliveryContext::new(Arc::clone(&deliveries));
        let producer =
            config
                .create_with_context(context)
                .map_err(|error| IndexingError::Client {
                    store: "Kafka",
                    message: alidade_kafka::remedy(&error)
                        .map_or_else(|| error.to_string(), str::to_owned),
                })?;
        Ok(KafkaWriter {
            producer,
            deliveries,
            topic: settings.topic.clone(),
            topic_field: settings.topic_field.clone(),
        })
    }

    async fn write_batch(&mut self, batch: Batch<'_>) -> Vec<Outcome> {
        let tickets = self.deliveries.open(batch.items.len());
        let mut line = Vec::new();
        for (at, pending) in batch.items.iter().enumerate() {
            let event = &pending.item.event;
            let topic = match &self.topic_field {
                None => self.topic.as_str(),
                Some(field) => match event.get_str(field) {
                    Some(topic) => topic,
                    // As upstream: an event that names no topic goes nowhere.
                    None => {
                        self.deliveries.settle(tickets.ticket(at), Ok(()));
                        continue;
                    }
                },
            };
            line.clear();
            event.write_json(&mut line);
            if let Err(error) = self.send(topic, &line, tickets.ticket(at)).await {
                self.deliveries.settle(tickets.ticket(at), Err(error));
            }
        }
        let results = self.deliveries.wait(tickets, DELIVERY * 2).await;
        results
            .into_iter()
            .map(|result| self.outcome(result))
            .collect()
    }

    /// Hands a message to librdkafka, waiting while its queue is full.
    async fn send(&self, topic: &str, line: &[u8], ticket: usize) -> Result<(), KafkaError> {
        loop {
            let record = BaseRecord::<(), [u8], usize>::with_opaque_to(topic, ticket).payload(line);
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    fn outcome(&self, result: Option<Result<(), KafkaError>>) -> Outcome {
        let error = match result {
            Some(Ok(())) => return Outcome::Done,
            Some(Err(error)) => error,
            None => {
                return Outcome::Retry(Cause::store("Kafka has not confirmed the message in time"));
            }
        };
        judge(&error, self.topic_field.is_some())
    }
}

/// What a failed delivery means. `names_topic`: the event itself chooses its topic, so that a wrong one is its fault.
fn judge(error: &KafkaError, names_topic: bool) -> Outcome {
    let code = match error {
        KafkaError::MessageProduction(code) => Some(*code),
        _ => None,
    };
    match code {
        Some(
            RDKafkaErrorCode::MessageSizeTooLarge
            | RDKafkaErrorCode::InvalidMessageSize
            | RDKafkaErrorCode::InvalidMessage
            | RDKafkaErrorCode::InvalidRecord,
        ) => Outcome::Refuse(Cause::sensor(error.to_string())),
        Some(
            RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownPartition
            | RDKafkaErrorCode::InvalidTopic
            | RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::InvalidArgument,
        ) if names_topic => Outcome::Refuse(Cause::sensor(error.to_string())),
        // A topic name with a null byte never reaches librdkafka.
        None if names_topic => Outcome::Refuse(Cause::sensor(error.to_string())),
        _ => Outcome::Retry(Cause::store(error.to_string())),
    }
}

impl Drop for KafkaWriter {
    fn drop(&mut self) {
        // What is still queued belongs to items that nobody waits for any more; they will be replayed.
        let purge = rdkafka::producer::PurgeConfig::default().queue().inflight();
        self.producer.purge(purge);
    }
}

impl Writer for KafkaWriter {
    fn kind(&self) -> WriterKind {
        WriterKind::Kafka
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            items: 10_000,
            bytes: 16 << 20,
            bytes_per_item: 64,
        }
    }

    fn write<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Vec<Outcome>> {
        self.write_batch(batch).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(code: RDKafkaErrorCode, names_topic: bool) -> char {
        match judge(&KafkaError::MessageProduction(code), names_topic) {
            Outcome::Refuse(_) => 'X',
            Outcome::Retry(_) => 'R',
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_the_message_is_to_blame_for_is_refused() {
        use RDKafkaErrorCode as Code;
        for (code, fixed, named) in [
            (Code::MessageSizeTooLarge, 'X', 'X'),
            (Code::InvalidRecord, 'X', 'X'),
            (Code::UnknownTopicOrPartition, 'R', 'X'),
            (Code::InvalidTopic, 'R', 'X'),
            (Code::MessageTimedOut, 'R', 'R'),
            (Code::BrokerTransportFailure, 'R', 'R'),
            (Code::NotEnoughReplicas, 'R', 'R'),
        ] {
            assert_eq!(letter(code, false), fixed, "{code:?}");
            assert_eq!(letter(code, true), named, "{code:?}");
        }
    }
}
