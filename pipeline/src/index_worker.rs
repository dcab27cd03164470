//! The loop of an indexing stage: records into a dispatcher, offsets committed as the items are settled.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alidade_event::{ErrorRecord, Origin};
use alidade_indexing::{Completed, Dispatcher, IndexingConfigs, Item, Limits, Offered, Writer};
use rdkafka::consumer::CommitMode;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use tokio::runtime::Handle;

use crate::ack::{AckTracker, Partition, Tickets};
use crate::offsets::OffsetTracker;
use crate::output::Output;
use crate::parse_stage::INDEXING;
use crate::source::{Source, Unsettled, partition_of};
use crate::stage_metrics::StageMetrics;
use crate::worker::{Counts, WorkerSettings, origin_of};
use crate::{PipelineError, host};

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
    offsets: OffsetTracker,
    /// Error records that take the place of items, and the way out for them.
    output: Output,
    tickets: AckTracker,
    runtime: Handle,
    scratch: Vec<u8>,
    counts: Counts,
}

impl Indexing {
    /// Takes in what the dispatcher has settled. Error records are delivered before their items count as settled.
    fn settle_completions(&mut self) {
        let completions = self.dispatcher.take_completions();
        let mut dead_letters = Vec::new();
        for completion in completions {
            match completion.result {
                Completed::Done => {
                    self.counts.sent += 1;
                    self.settle_offset(&completion.origin);
                }
                Completed::DeadLetter(error) => dead_letters.push((completion.origin, error)),
            }
        }
        self.send_dead_letters(dead_letters);
    }

    fn settle_offset(&mut self, origin: &Origin) {
        self.offsets
            .settle(&origin.topic, origin.partition, origin.offset);
    }

    fn send_dead_letters(&mut self, letters: Vec<(Origin, Box<ErrorRecord>)>) {
        if letters.is_empty() {
            return;
        }
        let nowhere: Partition = (Arc::from(""), 0);
        let Some(ticket) = self.tickets.open(&nowhere, 0) else {
            return;
        };
        for (_, error) in &letters {
            self.scratch.clear();
            host::error_event(error).write_json(&mut self.scratch);
            self.output.send(ticket, INDEXING, &self.scratch);
            self.counts.errors += 1;
        }
        self.tickets.seal(ticket);
        while !self.tickets.is_idle() {
            self.output.flush(Duration::from_millis(200));
            for refused in self.output.take_refused() {
                tracing::error!(
                    reason = refused.reason,
                    bytes = refused.payload.len(),
                    "an error record was refused by the broker and is dropped"
                );
                self.output.settle(refused.ticket);
            }
        }
        for (origin, _) in &letters {
            self.settle_offset(origin);
        }
    }

    fn poll(&mut self) {
        let (runtime, dispatcher) = (&self.runtime, &mut self.dispatcher);
        runtime.block_on(dispatcher.poll());
        self.settle_completions();
    }

    fn drain(&mut self, within: Duration) -> usize {
        let deadline = Instant::now() + within;
        let (runtime, dispatcher) = (&self.runtime, &mut self.dispatcher);
        let left = runtime.block_on(dispatcher.drain(deadline));
        self.settle_completions();
        left
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

    fn revoke(&mut self, partition: &Partition) {
        self.dispatcher.forget(&partition.0, partition.1);
        self.offsets.revoke(partition);
    }
}

/// Runs an indexing worker until `stop` is set. What is buffered is written before it returns, if the store allows.
///
/// # Errors
/// When a client cannot be made, or Kafka reports an error that no retry mends. The caller may start it again: it goes on
/// from the last commit.
pub fn run(
    settings: &WorkerSettings,
    writer: Box<dyn Writer>,
    configs: Arc<dyn IndexingConfigs>,
    runtime: Handle,
    stop: &AtomicBool,
) -> Result<(), PipelineError> {
    let label = writer.kind().section();
    let tickets = Tickets::new(4);
    let output = Output::new(&settings.kafka.producer(), Arc::clone(&tickets))?;
    let indexing = Indexing {
        dispatcher: Dispatcher::new(writer, LIMITS, configs),
        offsets: OffsetTracker::default(),
        output,
        tickets: AckTracker::new(tickets),
        runtime,
        scratch: Vec::new(),
        counts: Counts::default(),
    };
    let mut consumer_config = settings.kafka.consumer(&settings.group);
    for (key, value) in &settings.consumer_extra {
        consumer_config.set(key, value);
    }
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
        held_back: VecDeque::new(),
        is_paused: false,
        last_topic: Arc::from(""),
    };
    let outcome = worker.run(stop);
    let left = source.unsettled().drain(DRAIN_WITHIN);
    if left > 0 {
        tracing::warn!(
            left,
            "documents are not written yet; they will be read again at the next start"
        );
    }
    source.commit(CommitMode::Sync);
    outcome
}

struct IndexWorker<'a> {
    stage: &'static str,
    metrics: StageMetrics,
    source: &'a Source<Indexing>,
    /// Items that the dispatcher had no room for.
    held_back: VecDeque<Item>,
    is_paused: bool,
    last_topic: Arc<str>,
}

impl IndexWorker<'_> {
    fn run(&mut self, stop: &AtomicBool) -> Result<(), PipelineError> {
        let mut next_commit = Instant::now() + COMMIT_EVERY;
        while !stop.load(Ordering::Relaxed) {
            let started = Instant::now();
            self.offer_held_back();
            self.take_records(stop)?;
            let counts = {
                let mut indexing = self.source.unsettled();
                indexing.poll();
                std::mem::take(&mut indexing.counts)
            };
            self.metrics.batch(&counts, started.elapsed());
            if Instant::now() >= next_commit {
                self.source.commit(CommitMode::Async);
                next_commit = Instant::now() + COMMIT_EVERY;
            }
        }
        Ok(())
    }

    /// Offers again what was held back, and stops or resumes fetching accordingly.
    fn offer_held_back(&mut self) {
        while let Some(item) = self.held_back.pop_front() {
            match self.source.unsettled().dispatcher.offer(item) {
                Offered::Accepted => {}
                Offered::Full(item) => {
                    self.held_back.push_front(item);
                    break;
                }
            }
        }
        let is_full = !self.held_back.is_empty();
        if is_full != self.is_paused {
            self.is_paused = is_full;
            if is_full {
                self.source.pause()
            } else {
                self.source.resume()
            }
        }
    }

    fn take_records(&mut self, stop: &AtomicBool) -> Result<(), PipelineError> {
        let mut wait = self.idle_wait();
        for _ in 0..TAKE_AT_ONCE {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let Some(polled) = self.source.poll(wait) else {
                return Ok(());
            };
            wait = Duration::ZERO;
            match polled {
                Ok(record) => self.take(&record),
                Err(error) => return self.note_consumer_error(error),
            }
            if !self.held_back.is_empty() {
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
            Err(error) => indexing.send_dead_letters(vec![(origin, error)]),
            Ok(item) => match indexing.dispatcher.offer(item) {
                Offered::Accepted => {}
                Offered::Full(item) => self.held_back.push_back(item),
            },
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
