//! The loop of a stage that stands between two topics: fetch a batch, turn it, send it on, commit when delivered.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_event::{ErrorRecord, ErrorType, Event, Origin, RawMessage, Str};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message, Timestamp};

use crate::ack::{AckTracker, Partition, Ticket, Tickets};
use crate::kafka_settings::KafkaSettings;
use crate::output::{Fault, Output, RefusedRecord};
use crate::source::{SETTLE_WITHIN, Source, Unsettled, partition_of};
use crate::stage_metrics::StageMetrics;
use crate::supervisor::Shutdown;
use crate::{PipelineError, host};

/// One record, borrowed from the consumer.
pub struct InputRecord<'a> {
    pub topic: &'a str,
    pub key: Option<&'a [u8]>,
    pub value: &'a [u8],
    /// Origin of the record's first event.
    pub origin: Origin,
}

/// Where a stage puts what it makes of the record at hand.
pub struct Outbox<'a> {
    output: &'a Output,
    ticket: Ticket,
    /// The record was put aside; it is owed until this outbox goes.
    was_put_aside: bool,
    scratch: &'a mut Vec<u8>,
    counts: &'a mut Counts,
}

/// The way out at the end of a batch, for records that were put aside with their tickets.
pub struct Outlet<'a> {
    output: &'a Output,
    scratch: &'a mut Vec<u8>,
    counts: &'a mut Counts,
}

impl Outlet<'_> {
    /// The way out for what was put aside, one outbox for each time. What is not sent by it or put aside anew is left out.
    pub fn for_ticket(&mut self, ticket: Ticket) -> Outbox<'_> {
        Outbox {
            output: self.output,
            ticket,
            was_put_aside: true,
            scratch: self.scratch,
            counts: self.counts,
        }
    }
}

/// What a batch came to.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub read: u64,
    pub read_bytes: u64,
    pub sent: u64,
    pub errors: u64,
    pub dropped: u64,
}

impl Outbox<'_> {
    /// The ticket of the record at hand, for a stage that finishes something of it later. Until then it counts as owed, so
    /// that it may be dropped by accident but not be lost.
    pub fn put_aside(&mut self) -> Ticket {
        self.output.owe(self.ticket);
        self.ticket
    }

    pub fn send(&mut self, topic: &str, event: &Event) {
        self.scratch.clear();
        event.write_json(self.scratch);
        self.output.send(self.ticket, topic, self.scratch);
        self.counts.sent += 1;
    }

    pub fn send_error(&mut self, topic: &str, error: &ErrorRecord) {
        self.scratch.clear();
        host::error_event(error).write_json(self.scratch);
        self.output.send(self.ticket, topic, self.scratch);
        self.counts.errors += 1;
    }

    /// Notes that an event is left out by rule.
    pub fn drop_by_rule(&mut self) {
        self.counts.dropped += 1;
    }
}

impl Drop for Outbox<'_> {
    fn drop(&mut self) {
        if self.was_put_aside && !std::thread::panicking() {
            self.output.settle(self.ticket);
        }
    }
}

/// A stage between two topics. One worker owns one; it is called on that worker's thread only.
pub trait Transform: Send {
    /// The sensor or stage for metrics.
    fn label(&self) -> &str;

    /// Takes the configuration that the coming batch is to be treated with. False pauses the worker, because there is no
    /// configuration to work with.
    fn begin_batch(&mut self) -> bool;

    /// True when the worker has to be started again, because its topic or its Kafka settings are others now. Asked after
    /// [`Transform::begin_batch`].
    fn is_outdated(&self) -> bool {
        false
    }

    /// Forgets what a panic may have left half done of the record at hand.
    fn abandon_record(&mut self);

    fn process(&mut self, record: &InputRecord<'_>, outbox: &mut Outbox<'_>);

    /// Finishes what `process` has put aside.
    fn finish_batch(&mut self, outlet: &mut Outlet<'_>);

    /// The topic that errors go to.
    fn error_topic(&self) -> &str;

    /// Whether it is the configuration that names the output topics, and not a field of the events.
    fn has_configured_topics(&self) -> bool {
        true
    }

    /// The sensor that a failure to write is reported for.
    fn sensor(&self) -> Option<Str>;
}

/// What a worker needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSettings {
    pub stage: &'static str,
    pub kafka: KafkaSettings,
    pub group: String,
    pub topic: String,
    /// Properties for the consumer alone.
    pub consumer_extra: Vec<(String, String)>,
    /// Consumer settings of upstream that mean nothing here.
    pub ignored: Vec<String>,
    /// Properties for the producer alone.
    pub producer_extra: Vec<(String, String)>,
}

/// The number of records after which a batch is closed, and the number of bytes.
const BATCH_RECORDS: u64 = 2_000;
const BATCH_BYTES: u64 = 4 << 20;
/// How long an idle worker waits for a record before it looks after its commits.
const IDLE_WAIT: Duration = Duration::from_millis(50);
const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// An error record of this size that is refused is not refused for its size: nothing smaller can take its place.
const SMALL_ERROR_BYTES: usize = 128 << 10;
/// Outstanding batches of one worker; beyond it the worker waits.
const TICKETS: usize = 1_024;

/// The runs of the assigned partitions, and the producer that their records leave by.
struct OnTheirWay {
    tracker: AckTracker,
    output: Arc<Output>,
    /// The runs of the batch at hand.
    open: Vec<(Partition, Ticket)>,
}

impl OnTheirWay {
    /// Closes the runs of the batch at hand. What is put aside is owed for on its own.
    fn seal_open(&mut self) {
        for (_, ticket) in self.open.drain(..) {
            self.tracker.seal(ticket);
        }
    }

    /// The ticket for a record in the batch at hand; nothing when too many batches are outstanding.
    fn ticket_for(&mut self, partition: &Partition, offset: i64) -> Option<Ticket> {
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

/// Runs a worker until the shutdown. It commits what is delivered before it returns.
///
/// # Errors
/// When a client cannot be made, or Kafka reports an error that no retry mends. The caller may start it again: it goes on
/// from the last commit.
pub fn run(
    settings: &WorkerSettings,
    transform: &mut dyn Transform,
    shutdown: &Shutdown,
) -> Result<(), PipelineError> {
    let tickets = Tickets::new(TICKETS);
    let mut producer_config = settings.kafka.producer();
    for (key, value) in &settings.producer_extra {
        producer_config.set(key, value);
    }
    let output = Arc::new(Output::new(
        &producer_config,
        Arc::clone(&tickets),
        shutdown.clone(),
    )?);
    let mut consumer_config = settings.kafka.consumer(&settings.group);
    for (key, value) in &settings.consumer_extra {
        consumer_config.set(key, value);
    }
    let source = Source::subscribe(
        &consumer_config,
        &settings.topic,
        settings.stage,
        OnTheirWay {
            tracker: AckTracker::new(tickets),
            output: Arc::clone(&output),
            open: Vec::new(),
        },
    )?;
    tracing::info!(
        stage = settings.stage,
        topic = settings.topic,
        group = settings.group,
        guarantee = "at least once",
        "the worker has started"
    );
    let mut worker = Worker {
        stage: settings.stage,
        metrics: StageMetrics::new(settings.stage, transform.label()),
        source: &source,
        output: &output,
        scratch: Vec::with_capacity(4_096),
        last_topic: Arc::from(""),
    };
    let outcome = worker.run(transform, shutdown);
    if output.flush(SETTLE_WITHIN) && worker.replace_refused(transform).is_ok() {
        output.flush(SETTLE_WITHIN);
    }
    drop(worker);
    source.close();
    outcome
}

struct Worker<'a> {
    stage: &'static str,
    metrics: StageMetrics,
    source: &'a Source<OnTheirWay>,
    output: &'a Output,
    scratch: Vec<u8>,
    last_topic: Arc<str>,
}

impl Worker<'_> {
    fn run(
        &mut self,
        transform: &mut dyn Transform,
        shutdown: &Shutdown,
    ) -> Result<(), PipelineError> {
        let mut next_commit = Instant::now() + COMMIT_EVERY;
        let mut paused = false;
        while !shutdown.is_stopping() {
            self.output.poll();
            self.replace_refused(transform)?;
            let ready = transform.begin_batch();
            if transform.is_outdated() {
                return Err(PipelineError::SettingsChanged);
            }
            if ready == paused {
                paused = !ready;
                if paused {
                    self.source.pause()
                } else {
                    self.source.resume()
                }
            }
            self.batch(transform, shutdown, ready)?;
            if Instant::now() >= next_commit {
                self.source.commit();
                next_commit = Instant::now() + COMMIT_EVERY;
            }
        }
        Ok(())
    }

    fn batch(
        &mut self,
        transform: &mut dyn Transform,
        shutdown: &Shutdown,
        ready: bool,
    ) -> Result<(), PipelineError> {
        let mut counts = Counts::default();
        let started = Instant::now();
        while counts.read < BATCH_RECORDS
            && counts.read_bytes < BATCH_BYTES
            && !shutdown.is_stopping()
        {
            let wait = if counts.read == 0 {
                IDLE_WAIT
            } else {
                Duration::ZERO
            };
            let Some(polled) = self.source.poll(wait) else {
                break;
            };
            let record = match polled {
                Ok(record) => record,
                Err(error) => {
                    self.note_consumer_error(error)?;
                    break;
                }
            };
            if !ready {
                // A record that was fetched before the pause: it is not taken, so it is read again after a rewind.
                return Err(PipelineError::PausedRecord);
            }
            let Some(ticket) = self.ticket_for(&record, transform, &mut counts, shutdown)? else {
                break;
            };
            counts.read += 1;
            counts.read_bytes += record.payload_len() as u64;
            let input = InputRecord {
                topic: record.topic(),
                key: record.key(),
                value: record.payload().unwrap_or_default(),
                origin: origin_of(&record, &self.last_topic),
            };
            let mut outbox = Outbox {
                output: self.output,
                ticket,
                was_put_aside: false,
                scratch: &mut self.scratch,
                counts: &mut counts,
            };
            process(transform, &input, &mut outbox);
        }
        self.finish(transform, &mut counts);
        self.metrics.batch(&counts, started.elapsed());
        Ok(())
    }

    fn finish(&mut self, transform: &mut dyn Transform, counts: &mut Counts) {
        transform.finish_batch(&mut Outlet {
            output: self.output,
            scratch: &mut self.scratch,
            counts,
        });
        self.source.unsettled().seal_open();
    }

    /// The ticket of the record's partition in this batch. Waits while too many batches are outstanding; nothing when it is
    /// time to stop, in which case the record is not taken.
    fn ticket_for(
        &mut self,
        record: &BorrowedMessage<'_>,
        transform: &mut dyn Transform,
        counts: &mut Counts,
        shutdown: &Shutdown,
    ) -> Result<Option<Ticket>, PipelineError> {
        let partition = partition_of(&mut self.last_topic, record.topic(), record.partition());
        loop {
            let ticket = self
                .source
                .unsettled()
                .ticket_for(&partition, record.offset());
            if ticket.is_some() || shutdown.is_stopping() {
                return Ok(ticket);
            }
            // The batch at hand may hold the tickets, as may records that are refused.
            self.finish(transform, counts);
            self.output.flush(Duration::from_millis(50));
            self.replace_refused(transform)?;
        }
    }

    /// Puts an error record in the place of each record that the broker refused.
    ///
    /// # Errors
    /// When records cannot be delivered, and it is not their own fault.
    fn replace_refused(&mut self, transform: &mut dyn Transform) -> Result<(), PipelineError> {
        for refused in self.output.take_refused() {
            self.metrics.refused();
            tracing::error!(
                stage = self.stage,
                topic = refused.topic,
                bytes = refused.payload.len(),
                reason = refused.reason,
                "the broker refused a record"
            );
            let is_error =
                refused.topic == transform.error_topic() && is_error_record(&refused.payload);
            if refused.fault == Fault::Topic && (is_error || transform.has_configured_topics()) {
                // Every record would be refused until somebody makes the topic or gives the right to write to it.
                self.output
                    .fail(format!("topic {}: {}", refused.topic, refused.reason));
                continue;
            }
            if is_error && refused.payload.len() <= SMALL_ERROR_BYTES {
                tracing::error!(
                    stage = self.stage,
                    "a small error record was refused; it is dropped"
                );
            } else {
                self.send_refusal(transform, &refused);
            }
            self.output.settle(refused.ticket);
        }
        self.output.check()
    }

    fn send_refusal(&mut self, transform: &dyn Transform, refused: &RefusedRecord) {
        let cause = format!(
            "the record could not be written to topic {}: {}",
            refused.topic, refused.reason
        );
        let start = &refused.payload[..refused.payload.len().min(SMALL_ERROR_BYTES / 8)];
        let error = ErrorRecord::new(ErrorType::IndexingError, transform.sensor(), cause)
            .with_raw(RawMessage::Bytes(start.to_vec()));
        self.scratch.clear();
        host::error_event(&error).write_json(&mut self.scratch);
        self.output
            .send(refused.ticket, transform.error_topic(), &self.scratch);
    }

    fn note_consumer_error(&self, error: KafkaError) -> Result<(), PipelineError> {
        match &error {
            KafkaError::MessageConsumptionFatal(_) => Err(error.into()),
            KafkaError::PartitionEOF(_) => Ok(()),
            _ => {
                tracing::warn!(stage = self.stage, %error, "records cannot be read; trying again");
                std::thread::sleep(Duration::from_millis(200));
                Ok(())
            }
        }
    }
}

/// One record that makes the stage panic must not come again for ever: it becomes an error record as others do.
fn process(transform: &mut dyn Transform, record: &InputRecord<'_>, outbox: &mut Outbox<'_>) {
    let outcome = catch_unwind(AssertUnwindSafe(|| transform.process(record, outbox)));
    if outcome.is_ok() {
        return;
    }
    tracing::error!(
        topic = record.topic,
        partition = record.origin.partition,
        offset = record.origin.offset,
        "the stage has panicked over a record, which is a fault; the record goes to the error topic"
    );
    transform.abandon_record();
    let cause = "the stage has panicked over the record, which is a fault of the program";
    let error = ErrorRecord::new(ErrorType::Default, transform.sensor(), cause)
        .with_raw(RawMessage::Bytes(record.value.to_vec()))
        .with_origin(record.origin.clone());
    outbox.send_error(transform.error_topic(), &error);
}

fn is_error_record(payload: &[u8]) -> bool {
    const MARK: &[u8] = b"\"source.type\":\"error\"";
    payload.windows(MARK.len()).any(|window| window == MARK)
}

pub(crate) fn origin_of(record: &BorrowedMessage<'_>, topic: &str) -> Origin {
    let record_time_ms = match record.timestamp() {
        Timestamp::CreateTime(ms) | Timestamp::LogAppendTime(ms) => ms,
        Timestamp::NotAvailable => 0,
    };
    Origin {
        topic: Str::new(topic),
        partition: record.partition(),
        offset: record.offset(),
        record_time_ms,
        index: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_their_way() -> OnTheirWay {
        let kafka = KafkaSettings {
            brokers: "127.0.0.1:1".to_owned(),
            ..KafkaSettings::default()
        };
        let tickets = Tickets::new(16);
        let output = Output::new(&kafka.producer(), Arc::clone(&tickets), Shutdown::default());
        OnTheirWay {
            tracker: AckTracker::new(tickets),
            output: Arc::new(output.unwrap()),
            open: Vec::new(),
        }
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

    /// Panics over one record only.
    struct Fragile {
        abandoned: usize,
    }

    impl Transform for Fragile {
        fn label(&self) -> &str {
            "fragile"
        }

        fn begin_batch(&mut self) -> bool {
            true
        }

        fn abandon_record(&mut self) {
            self.abandoned += 1;
        }

        fn process(&mut self, record: &InputRecord<'_>, _outbox: &mut Outbox<'_>) {
            assert!(record.value != b"poison", "on purpose");
        }

        fn finish_batch(&mut self, _outlet: &mut Outlet<'_>) {}

        fn error_topic(&self) -> &str {
            "errors"
        }

        fn sensor(&self) -> Option<Str> {
            None
        }
    }

    #[test]
    fn a_record_that_makes_the_stage_panic_becomes_an_error_record() {
        let mut runs = on_their_way();
        let ticket = runs.ticket_for(&partition(0), 10).unwrap();
        let (mut scratch, mut counts) = (Vec::new(), Counts::default());
        let mut stage = Fragile { abandoned: 0 };
        for value in [&b"sound"[..], b"poison"] {
            let record = InputRecord {
                topic: "squid",
                key: None,
                value,
                origin: Origin {
                    topic: Str::new("squid"),
                    partition: 0,
                    offset: 10,
                    record_time_ms: 0,
                    index: 0,
                },
            };
            let mut outbox = Outbox {
                output: &runs.output,
                ticket,
                was_put_aside: false,
                scratch: &mut scratch,
                counts: &mut counts,
            };
            process(&mut stage, &record, &mut outbox);
        }
        assert_eq!((stage.abandoned, counts.errors), (1, 1));
        let error: serde_json::Value = serde_json::from_slice(&scratch).unwrap();
        assert_eq!(error["raw_message"], "poison");
        runs.seal_open();
        assert_eq!(runs.take_commit_points(), [], "the error record is owed");
    }
}
