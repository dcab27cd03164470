//! Blocking helpers over librdkafka: write lines, read a topic, ask for offsets.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication, TopicResult};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{Offset, TopicPartitionList};

use crate::ClientError;

/// For one request to the broker.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Something to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub key: Option<Vec<u8>>,
    /// `None` is a null value (a tombstone).
    pub value: Option<Vec<u8>>,
    /// `None` leaves the choice to the client.
    pub partition: Option<i32>,
}

impl Record {
    pub fn value(value: impl AsRef<[u8]>) -> Self {
        Self {
            value: Some(value.as_ref().to_vec()),
            ..Self::default()
        }
    }
}

/// Something that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumed {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub partition: i32,
    pub offset: i64,
    /// Epoch milliseconds, as the broker or the producer stamped it.
    pub timestamp: Option<i64>,
}

impl Consumed {
    /// The value as text, with anything that is not UTF-8 replaced; empty for a null value.
    pub fn value_text(&self) -> String {
        String::from_utf8_lossy(self.value.as_deref().unwrap_or_default()).into_owned()
    }

    /// The key as text, if there is one.
    pub fn key_text(&self) -> Option<String> {
        self.key
            .as_deref()
            .map(|key| String::from_utf8_lossy(key).into_owned())
    }

    /// The value as JSON; null when it is none.
    pub fn value_json(&self) -> serde_json::Value {
        serde_json::from_slice(self.value.as_deref().unwrap_or_default()).unwrap_or_default()
    }
}

/// Helpers for one cluster. Cheap: every call opens its own connection.
#[derive(Debug, Clone)]
pub struct KafkaClient {
    bootstrap: String,
    is_kerberized: bool,
}

impl KafkaClient {
    /// `bootstrap` is the value of `bootstrap.servers`.
    pub fn new(bootstrap: impl Into<String>) -> Self {
        Self {
            bootstrap: bootstrap.into(),
            is_kerberized: false,
        }
    }

    /// Logs in by Kerberos, with the ticket or keytab of this process.
    pub fn kerberized(mut self) -> Self {
        self.is_kerberized = true;
        self
    }

    /// Creates a topic and waits until each of its partitions has a leader.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), ClientError> {
        let action = format!("create topic {name}");
        let admin = self.admin(&action)?;
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
        let outcome = block_on(admin.create_topics([&topic], &options));
        check_topics(&action, outcome)?;

        let consumer = self.consumer("alidade-testkit", "read_uncommitted")?;
        let deadline = Instant::now() + TIMEOUT;
        while self.led_partitions(&consumer, name)?.len() < usize::try_from(partitions).unwrap_or(0)
        {
            if Instant::now() >= deadline {
                let detail = "some partition has got no leader".to_owned();
                return Err(ClientError::KafkaState { action, detail });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Deletes a topic with all its records.
    pub fn delete_topic(&self, name: &str) -> Result<(), ClientError> {
        let action = format!("delete topic {name}");
        let admin = self.admin(&action)?;
        let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
        check_topics(&action, block_on(admin.delete_topics(&[name], &options)))
    }

    /// Writes values without keys and waits until the broker has all of them.
    ///
    /// Gives partition and offset of each, in order.
    pub fn produce<V: AsRef<[u8]>>(
        &self,
        topic: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Vec<(i32, i64)>, ClientError> {
        self.produce_records(topic, values.into_iter().map(Record::value))
    }

    /// As [`Self::produce`], with keys and partitions.
    pub fn produce_records(
        &self,
        topic: &str,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Vec<(i32, i64)>, ClientError> {
        let action = format!("write to topic {topic}");
        let producer: BaseProducer<Deliveries> = self
            .config()
            .set("linger.ms", "1")
            .set("message.timeout.ms", TIMEOUT.as_millis().to_string())
            .create_with_context(Deliveries::default())
            .map_err(|error| ClientError::kafka(&action, error))?;
        let mut sent = 0;
        for record in records {
            let mut message = BaseRecord::<[u8], [u8], usize>::with_opaque_to(topic, sent);
            message.key = record.key.as_deref();
            message.payload = record.value.as_deref();
            message.partition = record.partition;
            sent += 1;
            while let Err((error, refused)) = producer.send(message) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    return Err(ClientError::kafka(&action, error));
                }
                producer.poll(Duration::from_millis(10));
                message = refused;
            }
            producer.poll(Duration::ZERO);
        }
        producer
            .flush(TIMEOUT)
            .map_err(|error| ClientError::kafka(&action, error))?;

        let done = producer
            .context()
            .done
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        (0..sent)
            .map(|index| match done.get(&index) {
                Some(Ok(place)) => Ok(*place),
                Some(Err(error)) => Err(ClientError::kafka(&action, error.clone())),
                None => Err(ClientError::KafkaState {
                    action: action.clone(),
                    detail: format!("record {index} was neither delivered nor refused"),
                }),
            })
            .collect()
    }

    /// Reads a topic from its beginning until `count` records are there or `timeout` is over.
    ///
    /// In order within a partition; no group, nothing is committed. Sees records of open and
    /// aborted transactions, too; see [`Self::consume_committed`].
    pub fn consume(
        &self,
        topic: &str,
        count: usize,
        timeout: Duration,
    ) -> Result<Vec<Consumed>, ClientError> {
        self.consume_with("read_uncommitted", topic, count, timeout)
    }

    /// As [`Self::consume`], without records of open and aborted transactions.
    pub fn consume_committed(
        &self,
        topic: &str,
        count: usize,
        timeout: Duration,
    ) -> Result<Vec<Consumed>, ClientError> {
        self.consume_with("read_committed", topic, count, timeout)
    }

    fn consume_with(
        &self,
        isolation: &str,
        topic: &str,
        count: usize,
        timeout: Duration,
    ) -> Result<Vec<Consumed>, ClientError> {
        let action = format!("read topic {topic}");
        let deadline = Instant::now() + timeout;
        let consumer = self.consumer("alidade-testkit", isolation)?;
        let mut places = TopicPartitionList::new();
        for partition in self.led_partitions(&consumer, topic)? {
            places
                .add_partition_offset(topic, partition, Offset::Beginning)
                .map_err(|error| ClientError::kafka(&action, error))?;
        }
        consumer
            .assign(&places)
            .map_err(|error| ClientError::kafka(&action, error))?;

        let mut consumed = Vec::new();
        while consumed.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let Some(polled) = consumer.poll(left.min(Duration::from_millis(100))) else {
                continue;
            };
            let message = match polled {
                Ok(message) => message,
                // The broker may be down for a while: that is what some tests are about.
                Err(error) if is_transient(&error) => continue,
                Err(error) => return Err(ClientError::kafka(&action, error)),
            };
            consumed.push(Consumed {
                key: message.key().map(<[u8]>::to_vec),
                value: message.payload().map(<[u8]>::to_vec),
                partition: message.partition(),
                offset: message.offset(),
                timestamp: message.timestamp().to_millis(),
            });
        }
        Ok(consumed)
    }

    /// The next offset of each partition, that is the number of records for a young topic.
    pub fn end_offsets(&self, topic: &str) -> Result<BTreeMap<i32, i64>, ClientError> {
        let action = format!("ask for the end of topic {topic}");
        let consumer = self.consumer("alidade-testkit", "read_uncommitted")?;
        let mut offsets = BTreeMap::new();
        for partition in self.led_partitions(&consumer, topic)? {
            let (_, end) = consumer
                .fetch_watermarks(topic, partition, TIMEOUT)
                .map_err(|error| ClientError::kafka(&action, error))?;
            offsets.insert(partition, end);
        }
        Ok(offsets)
    }

    /// What a consumer group has committed: partition to next offset, `None` if nothing yet.
    pub fn committed_offsets(
        &self,
        group: &str,
        topic: &str,
    ) -> Result<BTreeMap<i32, Option<i64>>, ClientError> {
        let action = format!("ask for the offsets of group {group} on topic {topic}");
        let consumer = self.consumer(group, "read_uncommitted")?;
        let mut places = TopicPartitionList::new();
        for partition in self.led_partitions(&consumer, topic)? {
            places.add_partition(topic, partition);
        }
        let committed = consumer
            .committed_offsets(places, TIMEOUT)
            .map_err(|error| ClientError::kafka(&action, error))?;
        let offsets = committed.elements().into_iter().map(|element| {
            let offset = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            (element.partition(), offset)
        });
        Ok(offsets.collect())
    }

    /// Sum over all partitions of what a group has yet to read; uncommitted partitions count whole.
    pub fn lag(&self, group: &str, topic: &str) -> Result<i64, ClientError> {
        let ends = self.end_offsets(topic)?;
        let committed = self.committed_offsets(group, topic)?;
        let behind = ends
            .iter()
            .map(|(partition, end)| end - committed.get(partition).copied().flatten().unwrap_or(0));
        Ok(behind.sum())
    }

    /// Partitions that have a leader; none for an unknown topic.
    fn led_partitions(
        &self,
        consumer: &BaseConsumer,
        topic: &str,
    ) -> Result<Vec<i32>, ClientError> {
        let metadata = consumer
            .fetch_metadata(Some(topic), TIMEOUT)
            .map_err(|error| ClientError::kafka(format!("look up topic {topic}"), error))?;
        let partitions = metadata
            .topics()
            .iter()
            .filter(|known| known.name() == topic)
            .flat_map(|known| known.partitions())
            .filter(|partition| partition.leader() >= 0)
            .map(|partition| partition.id());
        Ok(partitions.collect())
    }

    fn consumer(&self, group: &str, isolation: &str) -> Result<BaseConsumer, ClientError> {
        self.config()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("isolation.level", isolation)
            .set("fetch.wait.max.ms", "50")
            .create()
            .map_err(|error| ClientError::kafka("make a consumer", error))
    }

    fn admin(&self, action: &str) -> Result<AdminClient<DefaultClientContext>, ClientError> {
        self.config()
            .create()
            .map_err(|error| ClientError::kafka(action, error))
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap);
        if self.is_kerberized {
            config
                .set("security.protocol", "SASL_PLAINTEXT")
                .set("sasl.kerberos.min.time.before.relogin", "0");
        }
        config
    }
}

fn is_transient(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
        )
    )
}

fn check_topics(
    action: &str,
    outcome: Result<Vec<TopicResult>, KafkaError>,
) -> Result<(), ClientError> {
    let topics = outcome.map_err(|error| ClientError::kafka(action, error))?;
    for topic in topics {
        if let Err((_, code)) = topic {
            let detail = code.to_string();
            return Err(ClientError::KafkaState {
                action: action.to_owned(),
                detail,
            });
        }
    }
    Ok(())
}

/// Partition and offset of a record, or why it has none.
type Delivery = Result<(i32, i64), KafkaError>;

/// What became of each record, by its index.
#[derive(Default)]
struct Deliveries {
    done: Mutex<BTreeMap<usize, Delivery>>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, index: usize) {
        let outcome = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.clone()),
        };
        self.done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(index, outcome);
    }
}

/// Waits for a future on this thread; unlike a runtime's `block_on` also inside another runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}
