//! The loop of an indexing stage: records into a dispatcher, offsets committed as the items are settled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_event::Origin;
use alidade_indexing::{Completed, Dispatcher, IndexingConfigs, Item, Limits, Offered, Writer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use tokio::runtime::Handle;

use crate::PipelineError;
use crate::ack::Partition;
use crate::dead_letters::DeadLetters;
use crate::offsets::OffsetTracker;
use crate::parse_stage::INDEXING;
use crate::source::{Source, Unsettled, partition_of};
use crate::stage_metrics::StageMetrics;
use crate::supervisor::Shutdown;
use crate::transform::Counts;
use crate::worker::{WorkerSettings, origin_of};

/// How many records are taken between two looks at the dispatcher.
const TAKE_AT_ONCE: usize = 1_000;
/// What the dispatcher may hold. An event in memory takes several times the bytes of its JSON.
const LIMITS: Limits = Limits {
    items: 20_000,
    bytes: 6 << 20,
};
const IDLE_WAIT: Duration = Duration::from_millis(50);
const COMMIT_EVERY: Duration = Duration::from_millis(500);
/// How long a stop waits for the store.
const DRAIN_WITHIN: Duration = Duration::from_secs(20);

/// What is owed by an indexing worker: the items in the dispatcher, and the error records on their way.
struct Indexing {
    dispatcher: Dispatcher,
    /// The item that the dispatcher had no room for. No record is taken while there is one.
    held_back: Option<Item>,
    offsets: OffsetTracker,
    letters: DeadLetters,
    runtime: Handle,
    counts: Counts,
}

impl Indexing {
    /// Takes in what the dispatcher has settled. Error records are delivered before their items count as settled.
    fn settle_completions(&mut self) -> Result<(), PipelineError> {
        for completion in self.dispatcher.take_completions() {
            match completion.result {
                Completed::Done => {
                    self.counts.sent += 1;
                    self.settle_offset(&completion.origin);
                }
                Completed::DeadLetter(error) => self.letters.add(completion.origin, error),
            }
        }
        let (sent, delivered) = self.letters.advance()?;
        self.counts.errors += sent;
        for origin in &delivered {
            self.settle_offset(origin);
        }
        Ok(())
    }

    fn settle_offset(&mut self, origin: &Origin) {
        self.offsets
            .settle(&origin.topic, origin.partition, origin.offset);
    }

    /// Offers an item, and keeps it where there is no room.
    fn offer(&mut self, item: Item) {
        if let Offered::Full(item) = self.dispatcher.offer(item) {
            self.held_back = Some(item);
        }
    }

    /// Whether no record may be taken at the moment.
    fn is_full(&self) -> bool {
        self.held_back.is_some() || self.letters.is_crowded()
    }

    fn poll(&mut self) -> Result<(), PipelineError> {
        let (runtime, dispatcher) = (&self.runtime, &mut self.dispatcher);
        runtime.block_on(dispatcher.poll());
        self.settle_completions()
    }

    /// Writes what is buffered and delivers the error records, until all is settled or the time is up. Returns how many
    /// documents are left.
    fn drain(&mut self, within: Duration) -> usize {
        let deadline = Instant::now() + within;
        let (runtime, dispatcher) = (&self.runtime, &mut self.dispatcher);
        let left = runtime.block_on(dispatcher.drain(deadline));
        // The letters that wait are sent, and those that are delivered are taken in.
        for _ in 0..2 {
            if self.settle_completions().is_err() {
                // The loop finds the same failure.
                break;
            }
            self.letters
                .flush(deadline.saturating_duration_since(Instant::now()));
        }
        left + self.letters.unsettled()
    }
}

impl Unsettled for Indexing {
    fn settle(&mut self, within: Duration) {
        let left = self.drain(within);
        if left > 0 {
            tracing::warn!(
                left,
                "documents are not written yet while partitions are revoked; they will be repeated"
            );
        }
    }

    fn take_commit_points(&mut self) -> Vec<(Partition, i64)> {
        self.offsets.take_commit_points()
    }

    fn hand_out_again(&mut self) {
        self.offsets.hand_out_again();
    }

    fn revoke(&mut self, partition: &Partition) {
        self.dispatcher.forget(&partition.0, partition.1);
        self.held_back.take_if(|item| {
            item.origin.partition == partition.1 && item.origin.topic.as_str() == &*partition.0
        });
        self.letters.revoke(partition);
        self.offsets.revoke(partition);
    }
}

/// Runs an indexing worker until the shutdown. What is buffered is written before it returns, if the store allows.
///
/// # Errors
/// When a client cannot be made, or Kafka reports an error that no retry mends. The caller may start it again: it goes on
/// from the last commit.
pub fn run(
    settings: &WorkerSettings,
    writer: Box<dyn Writer>,
    configs: Arc<dyn IndexingConfigs>,
    runtime: Handle,
    shutdown: &Shutdown,
) -> Result<(), PipelineError> {
    let label = writer.kind().section();
    let letters = DeadLetters::new(&settings.kafka.producer(), INDEXING, shutdown.clone())?;
    let indexing = Indexing {
        dispatcher: Dispatcher::new(writer, LIMITS, configs),
        held_back: None,
        offsets: OffsetTracker::default(),
        letters,
        runtime,
        counts: Counts::default(),
    };
    let mut consumer_config = settings.kafka.consumer(&settings.group);
    for (key, value) in &settings.consumer_extra {
        consumer_config.set(key, value);
    }
    alidade_kafka::complete(&mut consumer_config);
    let source = Source::subscribe(&consumer_config, &settings.topic, settings.stage, indexing)?;
    tracing::info!(
        stage = settings.stage,
        writer = label,
        topic = settings.topic,
        group = settings.group,
        "the worker has started"
    );
    let mut worker = IndexWorker {
        stage: settings.stage,
        metrics: StageMetrics::new(settings.stage, label),
        source: &source,
        is_paused: false,
        last_topic: Arc::from(""),
    };
    let outcome = worker.run(shutdown);
    let left = source.unsettled().drain(DRAIN_WITHIN);
    if left > 0 {
        tracing::warn!(
            left,
            "documents are not written yet; they will be read again at the next start"
        );
    }
    drop(worker);
    source.close();
    outcome
}

struct IndexWorker<'a> {
    stage: &'static str,
    metrics: StageMetrics,
    source: &'a Source<Indexing>,
    is_paused: bool,
    last_topic: Arc<str>,
}

impl IndexWorker<'_> {
    fn run(&mut self, shutdown: &Shutdown) -> Result<(), PipelineError> {
        let mut next_commit = Instant::now() + COMMIT_EVERY;
        while !shutdown.is_stopping() {
            let started = Instant::now();
            self.offer_held_back();
            self.take_records(shutdown)?;
            let counts = {
                let mut indexing = self.source.unsettled();
                indexing.poll()?;
                std::mem::take(&mut indexing.counts)
            };
            self.metrics.batch(&counts, started.elapsed());
            if Instant::now() >= next_commit {
                self.source.commit();
                next_commit = Instant::now() + COMMIT_EVERY;
            }
        }
        Ok(())
    }

    /// Offers again what was held back, and stops or resumes fetching accordingly.
    fn offer_held_back(&mut self) {
        let is_full = {
            let mut indexing = self.source.unsettled();
            if let Some(item) = indexing.held_back.take() {
                indexing.offer(item);
            }
            indexing.is_full()
        };
        if is_full != self.is_paused {
            self.is_paused = is_full;
            if is_full {
                self.source.pause()
            } else {
                self.source.resume()
            }
        }
    }

    fn take_records(&mut self, shutdown: &Shutdown) -> Result<(), PipelineError> {
        let mut wait = self.idle_wait();
        for _ in 0..TAKE_AT_ONCE {
            if shutdown.is_stopping() {
                return Ok(());
            }
            let Some(polled) = self.source.poll(wait) else {
                return Ok(());
            };
            wait = Duration::ZERO;
            match polled {
                // It is not taken, so it is read again from the last commit.
                Ok(_) if self.source.unsettled().is_full() => {
                    return Err(PipelineError::PausedRecord);
                }
                Ok(record) => self.take(&record),
                Err(error) => return self.note_consumer_error(error),
            }
            if self.source.unsettled().is_full() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn idle_wait(&self) -> Duration {
        let due = self.source.unsettled().dispatcher.next_due();
        due.map_or(IDLE_WAIT, |due| {
            due.saturating_duration_since(Instant::now()).min(IDLE_WAIT)
        })
    }

    fn take(&mut self, record: &BorrowedMessage<'_>) {
        let partition = partition_of(&mut self.last_topic, record.topic(), record.partition());
        let mut indexing = self.source.unsettled();
        indexing.offsets.take(&partition, record.offset());
        indexing.counts.read += 1;
        indexing.counts.read_bytes += record.payload_len() as u64;
        let origin = origin_of(record, &partition.0);
        match Item::read(record.payload().unwrap_or_default(), origin.clone()) {
            Err(error) => indexing.letters.add(origin, error),
            Ok(item) => indexing.offer(item),
        }
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
