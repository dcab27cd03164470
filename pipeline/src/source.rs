//! The consumer of one stage: one group member, driven by one thread, that never commits what is not delivered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::ack::Partition;

/// What a stage still owes for the records that it has taken.
pub trait Unsettled: Send {
    /// Waits until what is on its way has arrived, or until the time is up. Called before partitions are given away.
    fn settle(&mut self, within: Duration);

    /// The partitions whose commit point has moved since the last call, with the new commit point.
    fn take_commit_points(&mut self) -> Vec<(Partition, i64)>;

    /// Forgets a partition that belongs to another consumer from now on.
    fn revoke(&mut self, partition: &Partition);
}

/// How long a partition that is taken away waits for what is on its way.
pub const SETTLE_WITHIN: Duration = Duration::from_secs(10);

/// Lives inside the consumer and answers rebalances, on the thread that polls.
pub struct GroupMember<T> {
    unsettled: Mutex<T>,
    stage: &'static str,
}

impl<T> GroupMember<T> {
    fn unsettled(&self) -> MutexGuard<'_, T> {
        self.unsettled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Unsettled> ClientContext for GroupMember<T> {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(stage = self.stage, %error, reason, "the Kafka consumer reports an error");
    }
}

impl<T: Unsettled> ConsumerContext for GroupMember<T> {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Revoke(partitions) = rebalance else {
            return;
        };
        if partitions.count() == 0 {
            return;
        }
        let mut unsettled = self.unsettled();
        unsettled.settle(SETTLE_WITHIN);
        commit(consumer, &mut *unsettled, CommitMode::Sync, self.stage);
        for element in partitions.elements() {
            unsettled.revoke(&(Arc::from(element.topic()), element.partition()));
        }
        tracing::info!(
            stage = self.stage,
            partitions = partitions.count(),
            "partitions revoked"
        );
    }

    fn post_rebalance(&self, _consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => {
                tracing::info!(
                    stage = self.stage,
                    partitions = partitions.count(),
                    "partitions assigned"
                );
            }
            Rebalance::Error(error) => {
                tracing::warn!(stage = self.stage, %error, "a rebalance failed");
            }
            Rebalance::Revoke(_) => {}
        }
    }

    fn commit_callback(&self, result: Result<(), KafkaError>, _offsets: &TopicPartitionList) {
        if let Err(error) = result {
            // Not lost: the next commit of the partition goes further.
            tracing::warn!(stage = self.stage, %error, "an offset commit failed");
        }
    }
}

fn commit<T: Unsettled>(
    consumer: &BaseConsumer<GroupMember<T>>,
    unsettled: &mut T,
    mode: CommitMode,
    stage: &'static str,
) {
    let points = unsettled.take_commit_points();
    if points.is_empty() {
        return;
    }
    let mut offsets = TopicPartitionList::with_capacity(points.len());
    for ((topic, partition), offset) in &points {
        if let Err(error) = offsets.add_partition_offset(topic, *partition, Offset::Offset(*offset))
        {
            tracing::warn!(stage, %error, "an offset could not be noted for the commit");
        }
    }
    if let Err(error) = consumer.commit(&offsets, mode) {
        tracing::warn!(stage, %error, "an offset commit failed; the records since the last one may be repeated");
    }
}

/// A consumer together with what is owed for its records.
pub struct Source<T: Unsettled + 'static> {
    consumer: BaseConsumer<GroupMember<T>>,
    stage: &'static str,
}

impl<T: Unsettled + 'static> Source<T> {
    /// Joins the group and subscribes. A topic of the form `/regex/` is a pattern.
    ///
    /// # Errors
    /// When librdkafka refuses the settings or the topic name.
    pub fn subscribe(
        config: &ClientConfig,
        topic: &str,
        stage: &'static str,
        unsettled: T,
    ) -> Result<Self, KafkaError> {
        let member = GroupMember {
            unsettled: Mutex::new(unsettled),
            stage,
        };
        let consumer: BaseConsumer<GroupMember<T>> = config.create_with_context(member)?;
        consumer.subscribe(&[&subscription(topic)])?;
        Ok(Source { consumer, stage })
    }

    /// The next record, waiting at most `timeout` for it. Serves rebalances, so it has to be called regularly.
    pub fn poll(&self, timeout: Duration) -> Option<Result<BorrowedMessage<'_>, KafkaError>> {
        self.consumer.poll(timeout)
    }

    /// Not to be held over a call of [`Source::poll`], which may need it for a rebalance.
    pub fn unsettled(&self) -> MutexGuard<'_, T> {
        self.consumer.context().unsettled()
    }

    pub fn commit(&self, mode: CommitMode) {
        commit(&self.consumer, &mut *self.unsettled(), mode, self.stage);
    }

    /// Stops fetching from every assigned partition, staying in the group.
    pub fn pause(&self) {
        self.on_assignment(|assignment| self.consumer.pause(assignment));
    }

    pub fn resume(&self) {
        self.on_assignment(|assignment| self.consumer.resume(assignment));
    }

    fn on_assignment(&self, act: impl Fn(&TopicPartitionList) -> Result<(), KafkaError>) {
        let outcome = self
            .consumer
            .assignment()
            .and_then(|assignment| act(&assignment));
        if let Err(error) = outcome {
            tracing::warn!(stage = self.stage, %error, "the partitions could not be paused or resumed");
        }
    }
}

/// Librdkafka takes a topic that begins with `^` as a regular expression; upstream writes `/regex/`.
fn subscription(topic: &str) -> String {
    match topic
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'))
    {
        Some(pattern) if !pattern.is_empty() => format!("^{}", pattern.trim_start_matches('^')),
        _ => topic.to_owned(),
    }
}

/// The partition of a record, sharing the topic's name with the last one where it is the same.
pub fn partition_of(last_topic: &mut Arc<str>, topic: &str, partition: i32) -> Partition {
    if &**last_topic != topic {
        *last_topic = Arc::from(topic);
    }
    (Arc::clone(last_topic), partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_between_slashes_is_a_pattern() {
        assert_eq!(subscription("squid"), "squid");
        assert_eq!(subscription("/squid.*/"), "^squid.*");
        assert_eq!(subscription("/"), "/");
        assert_eq!(subscription("//"), "//");
    }
}
