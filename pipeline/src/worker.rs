//! The loop of a stage that stands between two topics: fetch a batch, turn it, send it on, commit when delivered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_event::{ErrorRecord, ErrorType, Origin, RawMessage, Str};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message, Timestamp};

use crate::ack::Ticket;
use crate::kafka_settings::KafkaSettings;
use crate::on_their_way::OnTheirWay;
use crate::output::{Fault, Output, RefusedRecord};
use crate::source::{SETTLE_WITHIN, Source, partition_of};
use crate::stage_metrics::StageMetrics;
use crate::supervisor::Shutdown;
use crate::transform::{Counts, InputRecord, Outbox, Outlet, Transform, process};
use crate::{PipelineError, host};

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
    let mut producer_config = settings.kafka.producer();
    for (key, value) in &settings.producer_extra {
        producer_config.set(key, value);
    }
    alidade_kafka::complete(&mut producer_config);
    let on_their_way = OnTheirWay::new(&producer_config, shutdown)?;
    let output = on_their_way.output();
    let mut consumer_config = settings.kafka.consumer(&settings.group);
    for (key, value) in &settings.consumer_extra {
        consumer_config.set(key, value);
    }
    alidade_kafka::complete(&mut consumer_config);
    let source = Source::subscribe(
        &consumer_config,
        &settings.topic,
        settings.stage,
        on_their_way,
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
            // Waiting has taken its time: what was changed before this record was written is to hold for it.
            let ready = if counts.read == 0 {
                transform.begin_batch()
            } else {
                ready
            };
            if transform.is_outdated() {
                return Err(PipelineError::SettingsChanged);
            }
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
            let mut outbox = Outbox::new(self.output, ticket, &mut self.scratch, &mut counts);
            process(transform, &input, &mut outbox);
        }
        self.finish(transform, &mut counts);
        self.metrics.batch(&counts, started.elapsed());
        Ok(())
    }

    fn finish(&mut self, transform: &mut dyn Transform, counts: &mut Counts) {
        transform.finish_batch(&mut Outlet::new(self.output, &mut self.scratch, counts));
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
