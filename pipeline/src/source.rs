//! The consumer of one stage: one group member, driven by one thread, that never commits what is not delivered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::ack::Partition;
use crate::throttle::Throttle;

/// What a stage still owes for the records that it has taken.
pub trait Unsettled: Send {
    /// Waits until what is on its way has arrived, or until the time is up. Called before partitions are given away.
    fn settle(&mut self, within: Duration);

    /// The partitions whose commit point has moved since the last call, with the new commit point.
    fn take_commit_points(&mut self) -> Vec<(Partition, i64)>;

    /// Has every commit point handed out once more, because a commit has failed.
    fn hand_out_again(&mut self);

    /// Forgets a partition that belongs to another consumer from now on.
    fn revoke(&mut self, partition: &Partition);
}

/// How long a partition that is taken away waits for what is on its way.
pub const SETTLE_WITHIN: Duration = Duration::from_secs(10);

/// How long a worker waits for its last commit, and for its consumer to leave the group.
const LEAVE_WITHIN: Duration = Duration::from_secs(8);

/// Lives inside the consumer and answers rebalances, on the thread that polls.
pub struct GroupMember<T> {
    unsettled: Mutex<T>,
    stage: &'static str,
    /// Partitions that are assigned meanwhile are paused, too.
    is_paused: AtomicBool,
    /// Everything has been settled and committed that could be; what is left is for the next owner.
    is_closing: AtomicBool,
    commit_has_failed: AtomicBool,
    error_logs: Throttle,
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
        if let Some(held_back) = self.error_logs.admit() {
            tracing::warn!(stage = self.stage, %error, reason, held_back, "the Kafka consumer reports an error");
        }
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
        // Nobody takes commits from a member that the group has given up, or waits for it.
        let is_lost = consumer.assignment_lost();
        if !is_lost && !self.is_closing.load(Ordering::Relaxed) {
            unsettled.settle(SETTLE_WITHIN);
            self.commit(consumer, &mut *unsettled, CommitMode::Sync);
        }
        for element in partitions.elements() {
            unsettled.revoke(&(Arc::from(element.topic()), element.partition()));
        }
        tracing::info!(
            stage = self.stage,
            partitions = partitions.count(),
            is_lost,
            "partitions revoked"
        );
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => {
                if self.is_paused.load(Ordering::Relaxed)
                    && let Err(error) = consumer.pause(partitions)
                {
                    tracing::warn!(stage = self.stage, %error, "new partitions could not be paused");
                }
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
            self.note_failed_commit(&error);
        }
    }
}

impl<T: Unsettled> GroupMember<T> {
    fn commit(&self, consumer: &BaseConsumer<Self>, unsettled: &mut T, mode: CommitMode) {
        if self.commit_has_failed.swap(false, Ordering::Relaxed) {
            unsettled.hand_out_again();
        }
        let points = unsettled.take_commit_points();
        if points.is_empty() {
            return;
        }
        let mut offsets = TopicPartitionList::with_capacity(points.len());
        for ((topic, partition), offset) in &points {
            let noted = offsets.add_partition_offset(topic, *partition, Offset::Offset(*offset));
            if let Err(error) = noted {
                tracing::warn!(stage = self.stage, %error, "an offset could not be noted for the commit");
            }
        }
        if let Err(error) = consumer.commit(&offsets, mode) {
            self.note_failed_commit(&error);
        }
    }

    /// A stage that has nothing more to read would never commit again by itself.
    fn note_failed_commit(&self, error: &KafkaError) {
        tracing::warn!(stage = self.stage, %error, "an offset commit failed; it is tried again");
        self.commit_has_failed.store(true, Ordering::Relaxed);
    }
}

/// A consumer together with what is owed for its records.
pub struct Source<T: Unsettled + 'static> {
    consumer: BaseConsumer<GroupMember<T>>,
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
            is_paused: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            commit_has_failed: AtomicBool::new(false),
            error_logs: Throttle::new(),
        };
        let mut config = config.clone();
        // Whatever a sensor's settings say: offsets are committed when what they stand for is delivered, not by a timer.
        config
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false");
        let consumer: BaseConsumer<GroupMember<T>> = config.create_with_context(member)?;
        consumer.subscribe(&[&subscription(topic)])?;
        Ok(Source { consumer })
    }

    /// The next record, waiting at most `timeout` for it. Serves rebalances, so it has to be called regularly.
    pub fn poll(&self, timeout: Duration) -> Option<Result<BorrowedMessage<'_>, KafkaError>> {
        self.consumer.poll(timeout)
    }

    /// Not to be held over a call of [`Source::poll`], which may need it for a rebalance.
    pub fn unsettled(&self) -> MutexGuard<'_, T> {
        self.consumer.context().unsettled()
    }

    /// Commits what has been settled since the last commit. A commit that fails is repeated by the next call.
    pub fn commit(&self) {
        let member = self.consumer.context();
        member.commit(&self.consumer, &mut *self.unsettled(), CommitMode::Async);
    }

    /// Makes the last commit and leaves the group. What is not settled by now is left to the next owner of the partitions.
    ///
    /// It does not wait long for a broker that is away.
    pub fn close(self) {
        let stage = self.consumer.context().stage;
        let (closed, wait) = std::sync::mpsc::channel::<()>();
        let leave = move || {
            self.commit_at_last();
            drop(self);
            drop(closed);
        };
        // Commit and departure wait for the broker as long as the session's time-out, which can be minutes. Where the thread
        // cannot be started, the consumer is closed by that.
        let leaving = std::thread::Builder::new()
            .name("leave-group".to_owned())
            .spawn(leave);
        if leaving.is_ok() && wait.recv_timeout(LEAVE_WITHIN) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!(
                stage,
                "the broker does not answer; the last records may be repeated, and the group will find out by itself that \
                 this consumer has left"
            );
        }
    }

    /// Waits for the outcome, also of the commits before: a broker answers them in turn.
    fn commit_at_last(&self) {
        let member = self.consumer.context();
        member.is_closing.store(true, Ordering::Relaxed);
        self.pause();
        let mut unsettled = self.unsettled();
        unsettled.hand_out_again();
        member.commit(&self.consumer, &mut *unsettled, CommitMode::Sync);
    }

    /// Stops fetching from every assigned partition, and from those that are assigned later, staying in the group.
    pub fn pause(&self) {
        self.consumer
            .context()
            .is_paused
            .store(true, Ordering::Relaxed);
        self.on_assignment(|assignment| self.consumer.pause(assignment));
    }

    pub fn resume(&self) {
        self.consumer
            .context()
            .is_paused
            .store(false, Ordering::Relaxed);
        self.on_assignment(|assignment| self.consumer.resume(assignment));
    }

    fn on_assignment(&self, act: impl Fn(&TopicPartitionList) -> Result<(), KafkaError>) {
        let outcome = self
            .consumer
            .assignment()
            .and_then(|assignment| act(&assignment));
        if let Err(error) = outcome {
            let stage = self.consumer.context().stage;
            tracing::warn!(stage, %error, "the partitions could not be paused or resumed");
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
