//! Reads a topic from given places on, for a limited time.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use alidade_event::{Str, Value};
use alidade_stellar::EvalError;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::clients::{Listener, is_away, not_made, reading, reason};
use super::properties::Properties;
use super::view::{Record, View};
use super::{MOST_BYTES, too_much};
use crate::functions::body::fail;

/// The next offset of each partition.
pub(super) type Places = BTreeMap<i32, i64>;

/// The most partitions of a topic that are read.
const MOST_PARTITIONS: usize = 2_000;

pub(super) struct Reader<'a> {
    consumer: Arc<BaseConsumer<Listener>>,
    properties: &'a Properties,
    topic: Str,
    deadline: Instant,
    /// A part of the time has been spent on waiting for the topic.
    has_waited: bool,
}

/// The partitions of a topic.
pub(super) struct Partitions {
    pub(super) ids: Vec<i32>,
    /// The topic was made while it was waited for, so that everything in it is new.
    pub(super) is_new: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn open(properties: &'a Properties, topic: Str) -> Result<Reader<'a>, EvalError> {
        let consumer: BaseConsumer<Listener> = properties
            .consumer()
            .create_with_context(Listener::default())
            .map_err(|error| not_made(&error))?;
        Ok(Reader {
            consumer: Arc::new(consumer),
            properties,
            topic,
            deadline: Instant::now() + properties.max_wait,
            has_waited: false,
        })
    }

    /// The partitions of the topic. A topic that is not there is waited for, as upstream does; there are none when it does
    /// not come.
    pub(super) fn partitions(&mut self) -> Result<Partitions, EvalError> {
        let mut is_new = false;
        loop {
            let ids = self.ask_for_partitions()?;
            if !is_new {
                // What it took to get a connection is not part of the wait.
                self.deadline = Instant::now() + self.properties.max_wait;
            }
            let left = self.deadline.saturating_duration_since(Instant::now());
            if !ids.is_empty() || left.is_zero() {
                if ids.is_empty() {
                    let (topic, brokers) = (&self.topic, &self.properties.brokers);
                    tracing::warn!("there is no topic `{topic}` at {brokers}");
                }
                return Ok(Partitions { ids, is_new });
            }
            is_new = true;
            self.has_waited = true;
            std::thread::sleep(left.min(Duration::from_millis(200)));
        }
    }

    fn ask_for_partitions(&self) -> Result<Vec<i32>, EvalError> {
        let patience = self.properties.patience();
        let metadata = self
            .consumer
            .fetch_metadata(Some(&self.topic), patience)
            .map_err(|error| self.failure(&error))?;
        let Some(found) = metadata.topics().first() else {
            return Ok(Vec::new());
        };
        match found.error().map(RDKafkaErrorCode::from) {
            None | Some(RDKafkaErrorCode::LeaderNotAvailable) => {}
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                return Ok(Vec::new());
            }
            Some(code) => return Err(self.failure(&KafkaError::MetadataFetch(code))),
        }
        if found.partitions().len() > MOST_PARTITIONS {
            return fail(format!(
                "the topic `{}` has {} partitions; at most {MOST_PARTITIONS} are read",
                self.topic,
                found.partitions().len()
            ));
        }
        let mut ids: Vec<i32> = found.partitions().iter().map(|p| p.id()).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    /// The first offset of a partition, and the one that the next message will get.
    pub(super) fn bounds(&self, partition: i32) -> Result<(i64, i64), EvalError> {
        let patience = self.properties.patience();
        self.consumer
            .fetch_watermarks(&self.topic, partition, patience)
            .map_err(|error| self.failure(&error))
    }

    /// The places behind the last messages.
    pub(super) fn ends(&self, partitions: &Partitions) -> Result<Places, EvalError> {
        let mut places = Places::new();
        for &partition in &partitions.ids {
            let (first, end) = self.bounds(partition)?;
            places.insert(partition, if partitions.is_new { first } else { end });
        }
        Ok(places)
    }

    /// The places that are stored for the group; where there is none, as `auto.offset.reset` says.
    pub(super) fn stored(&self, partitions: &Partitions) -> Result<Places, EvalError> {
        let asked = partitions.ids.iter().map(|&id| (id, Offset::Invalid));
        let asked = self.list(asked)?;
        let group = self.properties.group();
        let committed = self
            .consumer
            .committed_offsets(asked, self.properties.patience())
            .map_err(|error| {
                let what = format!("the offsets of the group `{group}` cannot be read");
                self.explained(&what, &error)
            })?;
        let mut places = Places::new();
        for &partition in &partitions.ids {
            let (first, end) = self.bounds(partition)?;
            let stored = committed
                .find_partition(&self.topic, partition)
                .map(|found| found.offset());
            let place = match stored {
                Some(Offset::Offset(offset)) if (first..=end).contains(&offset) => offset,
                _ if partitions.is_new => first,
                _ => match self.properties.offset_reset() {
                    "earliest" | "smallest" | "beginning" => first,
                    "latest" | "largest" | "end" => end,
                    _ => {
                        return fail(format!(
                            "the group `{group}` has stored no offset of partition {partition} of `{}`, and \
                             `auto.offset.reset` is none; write earliest or latest",
                            self.topic
                        ));
                    }
                },
            };
            places.insert(partition, place);
        }
        Ok(places)
    }

    /// Hands over messages until `visit` has enough or the time is over, and gives the places behind the last ones.
    pub(super) fn read(
        &self,
        mut places: Places,
        visit: &mut dyn FnMut(Record) -> Result<ControlFlow<()>, EvalError>,
    ) -> Result<Places, EvalError> {
        if places.is_empty() {
            return Ok(places);
        }
        let start = places
            .iter()
            .map(|(&partition, &at)| (partition, Offset::Offset(at)));
        self.consumer
            .assign(&self.list(start)?)
            .map_err(|error| self.failure(&error))?;
        // What it took to ask for places is not part of the wait.
        let deadline = match self.has_waited {
            true => self.deadline,
            false => Instant::now() + self.properties.max_wait,
        };
        let (mut problem, mut has_read) = (None, false);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match self.consumer.poll(left.min(self.properties.poll_timeout)) {
                None => {}
                Some(Ok(message)) => {
                    has_read = true;
                    let record = Record::of(&message);
                    places.insert(record.partition, record.offset + 1);
                    if visit(record)?.is_break() {
                        break;
                    }
                }
                Some(Err(error)) if is_away(&error) => problem = Some(error),
                Some(Err(error)) => return Err(self.failure(&error)),
            }
        }
        match problem {
            Some(error) if !has_read => Err(self.failure(&error)),
            _ => Ok(places),
        }
    }

    /// Stores the places for the group, so that the next reading goes on there. That this fails is told and nothing more:
    /// the messages are there.
    pub(super) fn store(&self, places: &Places) -> Result<(), EvalError> {
        let start = places
            .iter()
            .map(|(&partition, &at)| (partition, Offset::Offset(at)));
        let list = self.list(start)?;
        let consumer = Arc::clone(&self.consumer);
        let (sender, answer) = mpsc::channel();
        // The client waits for an answer without an end, and reports none when it is not waited for.
        std::thread::spawn(move || {
            // Whoever waited may have gone.
            let _ = sender.send(consumer.commit(&list, CommitMode::Sync));
        });
        let (group, topic) = (self.properties.group(), &self.topic);
        match answer.recv_timeout(self.properties.patience()) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(
                "the group `{group}` stores no offsets of `{topic}`, the same messages come again: {}",
                reason(&error)
            ),
            Err(_) => tracing::warn!(
                "the group `{group}` does not answer, the same messages of `{topic}` may come again"
            ),
        }
        Ok(())
    }

    pub(super) fn time_is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn list(
        &self,
        places: impl Iterator<Item = (i32, Offset)>,
    ) -> Result<TopicPartitionList, EvalError> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in places {
            list.add_partition_offset(&self.topic, partition, offset)
                .map_err(|error| self.failure(&error))?;
        }
        Ok(list)
    }

    fn failure(&self, error: &KafkaError) -> EvalError {
        self.explained(&reading(&self.topic), error)
    }

    fn explained(&self, what: &str, error: &KafkaError) -> EvalError {
        // Complaints of the client are delivered by a poll.
        self.consumer.poll(Duration::from_millis(100));
        let context = self.consumer.context();
        context.failure(self.properties, what, error)
    }
}

/// The messages of an answer.
pub(super) struct Kept {
    messages: Vec<Value>,
    bytes: usize,
    wanted: usize,
    view: View,
}

impl Kept {
    pub(super) fn new(wanted: usize, view: View) -> Kept {
        Kept {
            messages: Vec::new(),
            bytes: 0,
            wanted,
            view,
        }
    }

    /// Breaks when there are enough.
    pub(super) fn keep(&mut self, record: Record) -> Result<ControlFlow<()>, EvalError> {
        self.bytes += record.bytes();
        if self.bytes > MOST_BYTES {
            return too_much();
        }
        self.messages.push(record.shown(self.view));
        Ok(match self.messages.len() < self.wanted {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })
    }

    pub(super) fn shown(self) -> Value {
        Value::list(self.messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(bytes: usize) -> Record {
        Record {
            value: Some("x".repeat(bytes).into()),
            key: None,
            topic: "t".into(),
            partition: 0,
            offset: 0,
            timestamp: 0,
        }
    }

    #[test]
    fn no_more_is_kept_than_is_wanted() {
        let mut kept = Kept::new(2, View::Simple);
        assert!(kept.keep(record(1)).unwrap().is_continue());
        assert!(kept.keep(record(1)).unwrap().is_break());
        assert_eq!(kept.shown().to_json(), r#"["x","x"]"#);
    }

    #[test]
    fn no_more_is_kept_than_memory_is_for() {
        let mut kept = Kept::new(100, View::Simple);
        assert!(kept.keep(record(MOST_BYTES - 1)).unwrap().is_continue());
        let error = kept.keep(record(2)).unwrap_err().to_string();
        assert!(error.contains("more than 64 MiB together"), "{error}");
    }
}
