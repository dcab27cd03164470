//! The loop of a stage that stands between two topics: fetch a batch, turn it, send it on, commit when delivered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alidade_event::{ErrorRecord, ErrorType, Event, Origin, RawMessage, Str};
use rdkafka::consumer::CommitMode;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message, Timestamp};

use crate::ack::{AckTracker, Partition, Ticket, Tickets};
use crate::kafka_settings::KafkaSettings;
use crate::output::{Output, RefusedRecord};
use crate::source::{SETTLE_WITHIN, Source, Unsettled, partition_of};
use crate::stage_metrics::StageMetrics;
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
    pub fn for_ticket(&mut self, ticket: Ticket) -> Outbox<'_> {
        Outbox {
            output: self.output,
            ticket,
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
    /// The ticket of the record at hand, for a stage that finishes the record later.
    pub fn ticket(&self) -> Ticket {
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

/// A stage between two topics. One worker owns one; it is called on that worker's thread only.
pub trait Transform: Send {
    /// The sensor or stage for metrics.
    fn label(&self) -> &str;

    /// Takes the configuration that the coming batch is to be treated with. False pauses the worker, because there is no
    /// configuration to work with.
    fn begin_batch(&mut self) -> bool;

    fn process(&mut self, record: &InputRecord<'_>, outbox: &mut Outbox<'_>);

    /// Finishes what `process` has put aside.
    fn finish_batch(&mut self, outlet: &mut Outlet<'_>);

    /// The topic that errors go to.
    fn error_topic(&self) -> &str;

    /// The sensor that a failure to write is reported for.
    fn sensor(&self) -> Option<Str>;
}

/// What a worker needs to know.
pub struct WorkerSettings {
    pub stage: &'static str,
    pub kafka: KafkaSettings,
    pub group: String,
    pub topic: String,
    /// Properties for the consumer alone.
    pub consumer_extra: Vec<(String, String)>,
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
}

impl Unsettled for OnTheirWay {
    fn settle(&mut self, within: Duration) {
        if !self.output.flush(within) {
            tracing::warn!(
                "records are still on their way while partitions are revoked; they will be repeated"
            );
        }
    }

    fn take_commit_points(&mut self) -> Vec<(Partition, i64)> {
        self.tracker.take_commit_points()
    }

    fn revoke(&mut self, partition: &Partition) {
        self.tracker.revoke(partition);
    }
}

/// Runs a worker until `stop` is set. It commits what is delivered before it returns.
///
/// # Errors
/// When a client cannot be made, or Kafka reports an error that no retry mends. The caller may start it again: it goes on
/// from the last commit.
pub fn run(
    settings: &WorkerSettings,
    transform: &mut dyn Transform,
    stop: &AtomicBool,
) -> Result<(), PipelineError> {
    let tickets = Tickets::new(TICKETS);
    let mut producer_config = settings.kafka.producer();
    for (key, value) in &settings.producer_extra {
        producer_config.set(key, value);
    }
    let output = Arc::new(Output::new(&producer_config, Arc::clone(&tickets))?);
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
        open: Vec::new(),
        scratch: Vec::with_capacity(4_096),
        last_topic: Arc::from(""),
    };
    let outcome = worker.run(transform, stop);
    output.flush(SETTLE_WITHIN);
    worker.replace_refused(transform);
    output.flush(SETTLE_WITHIN);
    source.commit(CommitMode::Sync);
    outcome
}

struct Worker<'a> {
    stage: &'static str,
    metrics: StageMetrics,
    source: &'a Source<OnTheirWay>,
    output: &'a Output,
    /// The tickets of the batch at hand, by partition.
    open: Vec<(i32, Arc<str>, Ticket)>,
    scratch: Vec<u8>,
    last_topic: Arc<str>,
}

impl Worker<'_> {
    fn run(
        &mut self,
        transform: &mut dyn Transform,
        stop: &AtomicBool,
    ) -> Result<(), PipelineError> {
        let mut next_commit = Instant::now() + COMMIT_EVERY;
        let mut paused = false;
        while !stop.load(Ordering::Relaxed) {
            self.output.poll();
            self.replace_refused(transform);
            let ready = transform.begin_batch();
            if ready == paused {
                paused = !ready;
                if paused {
                    self.source.pause()
                } else {
                    self.source.resume()
                }
            }
            self.batch(transform, stop, ready)?;
            if Instant::now() >= next_commit {
                self.source.commit(CommitMode::Async);
                next_commit = Instant::now() + COMMIT_EVERY;
            }
        }
        Ok(())
    }

    fn batch(
        &mut self,
        transform: &mut dyn Transform,
        stop: &AtomicBool,
        ready: bool,
    ) -> Result<(), PipelineError> {
        let mut counts = Counts::default();
        let started = Instant::now();
        while counts.read < BATCH_RECORDS
            && counts.read_bytes < BATCH_BYTES
            && !stop.load(Ordering::Relaxed)
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
            let Some(ticket) = self.ticket_for(&record, stop) else {
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
                scratch: &mut self.scratch,
                counts: &mut counts,
            };
            transform.process(&input, &mut outbox);
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
        if self.open.is_empty() {
            return;
        }
        let mut unsettled = self.source.unsettled();
        for (_, _, ticket) in self.open.drain(..) {
            unsettled.tracker.seal(ticket);
        }
    }

    /// The ticket of the record's partition in this batch. Waits while too many batches are outstanding.
    fn ticket_for(&mut self, record: &BorrowedMessage<'_>, stop: &AtomicBool) -> Option<Ticket> {
        let partition = partition_of(&mut self.last_topic, record.topic(), record.partition());
        let opened = self
            .open
            .iter()
            .find(|(number, topic, _)| *number == partition.1 && *topic == partition.0);
        if let Some((_, _, ticket)) = opened {
            let ticket = *ticket;
            self.source
                .unsettled()
                .tracker
                .extend(&partition, record.offset());
            return Some(ticket);
        }
        loop {
            let ticket = {
                let tracker = &mut self.source.unsettled().tracker;
                let ticket = tracker.open(&partition, record.offset());
                tracker.extend(&partition, record.offset());
                ticket
            };
            if let Some(ticket) = ticket {
                self.open.push((partition.1, partition.0, ticket));
                return Some(ticket);
            }
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            self.output.flush(Duration::from_millis(50));
        }
    }

    /// Puts an error record in the place of each record that the broker refused.
    fn replace_refused(&mut self, transform: &mut dyn Transform) {
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
