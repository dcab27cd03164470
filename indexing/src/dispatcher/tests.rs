use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use proptest::prelude::*;

use super::*;
use crate::testing::{defaults, item, squid_item};
use crate::{
    Advance, Batch, Cause, ManualClock, Now, Outcome, Scope, Urgency, WriterKind, WriterSettings,
};

/// What the fake writer has been asked to do, and what it is to answer.
#[derive(Default)]
struct Script {
    /// Offsets of each batch.
    batches: Vec<Vec<i64>>,
    first_tried: Vec<i64>,
    /// Answers in order; `Done` for all when there is none left.
    answers: VecDeque<Answer>,
    held: Vec<alidade_event::Origin>,
    /// What the next advance finds in its way.
    problem: Option<Cause>,
}

type Answer = Box<dyn Fn(usize) -> Vec<Outcome> + Send>;

struct FakeWriter {
    script: Arc<Mutex<Script>>,
    limits: BatchLimits,
}

impl Writer for FakeWriter {
    fn kind(&self) -> WriterKind {
        WriterKind::Elasticsearch
    }

    fn limits(&self) -> BatchLimits {
        self.limits
    }

    fn write<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Vec<Outcome>> {
        let mut script = self.script.lock().unwrap();
        let offsets = batch.items.iter().map(|pending| pending.item.origin.offset);
        script.batches.push(offsets.collect());
        script
            .first_tried
            .extend(batch.items.iter().map(|pending| pending.first_tried_ms));
        let outcomes = match script.answers.pop_front() {
            Some(answer) => answer(batch.items.len()),
            None => vec![Outcome::Done; batch.items.len()],
        };
        for (pending, outcome) in batch.items.iter().zip(&outcomes) {
            if *outcome == Outcome::Held {
                script.held.push(pending.item.origin.clone());
            }
        }
        async move { outcomes }.boxed()
    }

    fn advance<'a>(&'a mut self, _now: Now, _urgency: Urgency) -> BoxFuture<'a, Advance> {
        let mut script = self.script.lock().unwrap();
        let advance = match script.problem.take() {
            Some(cause) => Advance {
                done: Vec::new(),
                problem: Some(cause),
            },
            None => Advance {
                done: std::mem::take(&mut script.held),
                problem: None,
            },
        };
        async move { advance }.boxed()
    }

    fn next_due(&self) -> Option<Instant> {
        let script = self.script.lock().unwrap();
        let long_ago = Instant::now().checked_sub(Duration::from_secs(1));
        (!script.held.is_empty()).then_some(long_ago).flatten()
    }

    fn held(&self) -> usize {
        self.script.lock().unwrap().held.len()
    }

    fn forget(&mut self, topic: &str, partition: i32) {
        let mut script = self.script.lock().unwrap();
        script
            .held
            .retain(|origin| origin.topic != topic || origin.partition != partition);
    }
}

struct Fixture {
    dispatcher: Dispatcher,
    script: Arc<Mutex<Script>>,
    clock: Arc<ManualClock>,
}

const WIDE: BatchLimits = BatchLimits {
    items: 1_000,
    bytes: 1_000_000,
    bytes_per_item: 0,
};

impl Fixture {
    fn new(change: impl Fn(&mut WriterSettings) + Send + Sync + 'static) -> Self {
        Self::with_limits(Limits::default(), WIDE, change)
    }

    fn with_limits(
        limits: Limits,
        batch_limits: BatchLimits,
        change: impl Fn(&mut WriterSettings) + Send + Sync + 'static,
    ) -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let writer = FakeWriter {
            script: Arc::clone(&script),
            limits: batch_limits,
        };
        let configs = move |_: WriterKind, sensor: &str| {
            let mut settings = defaults(sensor);
            change(&mut settings);
            Arc::new(settings)
        };
        let clock = Arc::new(ManualClock::new(1_000_000));
        let dispatcher = Dispatcher::new(Box::new(writer), limits, Arc::new(configs))
            .with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
        Fixture {
            dispatcher,
            script,
            clock,
        }
    }

    fn offer(&mut self, offsets: impl IntoIterator<Item = i64>) {
        for offset in offsets {
            self.offer_item(squid_item(offset));
        }
    }

    fn offer_item(&mut self, item: Item) {
        let offered = self.dispatcher.offer(item);
        assert!(matches!(offered, Offered::Accepted), "{offered:?}");
    }

    fn answer(&self, answer: impl Fn(usize) -> Vec<Outcome> + Send + 'static) {
        self.script
            .lock()
            .unwrap()
            .answers
            .push_back(Box::new(answer));
    }

    fn batches(&self) -> Vec<Vec<i64>> {
        self.script.lock().unwrap().batches.clone()
    }

    /// Offsets that came out done, and offsets that came out as dead letters.
    fn completed(&mut self) -> (Vec<i64>, Vec<i64>) {
        let (mut done, mut dead) = (Vec::new(), Vec::new());
        for completion in self.dispatcher.take_completions() {
            match completion.result {
                Completed::Done => done.push(completion.origin.offset),
                Completed::DeadLetter(_) => dead.push(completion.origin.offset),
            }
        }
        (done, dead)
    }
}

fn retry(scope: Scope) -> Outcome {
    Outcome::Retry(match scope {
        Scope::Store => Cause::store("away"),
        Scope::Sensor => Cause::sensor("full"),
    })
}

fn refuse() -> Outcome {
    Outcome::Refuse(Cause::sensor("wrong"))
}

fn suspect() -> Outcome {
    Outcome::Suspect(Cause::sensor("as a whole"))
}

#[tokio::test]
async fn a_batch_is_due_when_it_is_full() {
    let mut fixture = Fixture::new(|settings| settings.batch_size = 3);
    fixture.offer(0..2);
    fixture.dispatcher.poll().await;
    assert!(fixture.batches().is_empty());
    fixture.offer(2..7);
    fixture.dispatcher.poll().await;
    assert_eq!(
        fixture.batches(),
        [[0, 1, 2, 3, 4, 5, 6]],
        "all that is there goes together"
    );
    assert_eq!(fixture.completed(), ((0..7).collect(), vec![]));
    assert_eq!(fixture.dispatcher.unsettled(), 0);
    assert_eq!(fixture.dispatcher.buffered_bytes(), 0);
}

#[tokio::test]
async fn a_batch_is_due_when_it_is_old() {
    for (timeout, seconds) in [(0, 1), (7, 7)] {
        let mut fixture = Fixture::new(move |settings| {
            settings.batch_size = 5;
            settings.batch_timeout = Duration::from_secs(timeout);
        });
        fixture.offer([1]);
        fixture
            .clock
            .advance(Duration::from_millis(seconds * 1_000 - 1));
        fixture.offer([2]);
        fixture.dispatcher.poll().await;
        assert!(fixture.batches().is_empty());
        let due = fixture.dispatcher.next_due().unwrap();
        assert_eq!(due, fixture.clock.now().at + Duration::from_millis(1));
        fixture.clock.advance(Duration::from_millis(1));
        fixture.dispatcher.poll().await;
        assert_eq!(fixture.batches(), [[1, 2]]);
        assert_eq!(fixture.dispatcher.next_due(), None);
    }
}

#[tokio::test]
async fn sensors_have_timers_of_their_own() {
    let mut fixture = Fixture::new(|settings| {
        settings.batch_size = 100;
        settings.batch_timeout = Duration::from_secs(if settings.index == "slow" { 60 } else { 2 });
    });
    fixture.offer_item(item("slow", 1, "{}"));
    fixture.offer_item(item("fast", 2, "{}"));
    fixture.clock.advance(Duration::from_secs(2));
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.batches(), [[2]]);
    fixture.clock.advance(Duration::from_secs(58));
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.batches(), [[2], [1]]);
}

#[tokio::test]
async fn requests_are_cut_by_size() {
    let limits = BatchLimits {
        items: 1_000,
        bytes: 200,
        bytes_per_item: 10,
    };
    let mut fixture = Fixture::with_limits(Limits::default(), limits, |_| {});
    // 41 bytes each, and 10 more.
    fixture.offer(0..9);
    let huge = format!(r#"{{"guid":"{}"}}"#, "x".repeat(1_000));
    fixture.offer_item(item("squid", 9, &huge));
    fixture.offer([10]);
    fixture.dispatcher.poll().await;
    assert_eq!(
        fixture.batches(),
        [
            vec![0, 1, 2],
            vec![3, 4, 5],
            vec![6, 7, 8],
            vec![9],
            vec![10]
        ]
    );
}

#[tokio::test]
async fn outcomes_are_per_item() {
    let mut fixture = Fixture::new(|_| {});
    fixture.answer(|_| vec![Outcome::Done, refuse(), retry(Scope::Sensor), Outcome::Done]);
    fixture.offer(0..4);
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.completed(), (vec![0, 3], vec![1]));
    assert_eq!(fixture.dispatcher.unsettled(), 1);
    // It waits for its pause, and new items with it.
    fixture.offer([4]);
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.batches().len(), 1);
    fixture.clock.advance(Duration::from_secs(1));
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.batches()[1], [2, 4], "in their order");
    assert_eq!(fixture.completed(), (vec![2, 4], vec![]));
    let tried = fixture.script.lock().unwrap().first_tried.clone();
    assert_eq!(
        tried,
        [
            1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_001_000
        ]
    );
}

#[tokio::test]
async fn a_dead_letter_tells_what_happened_and_to_what() {
    let mut fixture = Fixture::new(|_| {});
    fixture.answer(|_| vec![refuse()]);
    fixture.offer([7]);
    fixture.dispatcher.poll().await;
    let completion = fixture.dispatcher.take_completions().remove(0);
    let Completed::DeadLetter(record) = completion.result else {
        panic!("a refused item is a dead letter");
    };
    let event = record.to_event(5, None, "fallback");
    assert_eq!(event.get_str("error_type"), Some("indexing_error"));
    assert_eq!(event.get_str("failed_sensor_type"), Some("squid"));
    assert_eq!(event.get_str("message"), Some("wrong"));
    assert_eq!(
        event.get_str("raw_message"),
        Some(squid_item(7).event.to_json().as_str())
    );
    assert_eq!(record.origin, Some(squid_item(7).origin));
}

#[tokio::test]
async fn a_refused_error_document_gives_no_other_error() {
    let mut fixture = Fixture::new(|_| {});
    fixture.answer(|_| vec![refuse()]);
    fixture.offer_item(item("error", 3, r#"{"source.type":"error"}"#));
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.completed(), (vec![3], vec![]));
}

#[tokio::test]
async fn a_store_that_is_away_is_left_alone_and_then_gets_everything() {
    let mut fixture = Fixture::new(|_| {});
    for _ in 0..20 {
        fixture.answer(|count| vec![retry(Scope::Store); count]);
    }
    fixture.offer(0..3);
    fixture.offer_item(item("bro", 3, "{}"));
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.batches().len(), 1, "the other sensor is not tried");
    let pressure = fixture.dispatcher.pressure().unwrap();
    assert_eq!(
        (pressure.cause.message.as_str(), pressure.failures),
        ("away", 1)
    );
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.batches().len(), 1, "not before the pause is over");
    assert_eq!(fixture.dispatcher.next_due(), Some(pressure.until));
    for _ in 0..100 {
        fixture.clock.advance(Duration::from_secs(31));
        fixture.dispatcher.poll().await;
    }
    let (mut done, dead) = fixture.completed();
    done.sort_unstable();
    assert_eq!((done, dead), (vec![0, 1, 2, 3], vec![]));
    assert!(fixture.dispatcher.pressure().is_none());
}

#[tokio::test]
async fn one_sensor_that_waits_does_not_hold_up_the_others() {
    let mut fixture = Fixture::new(|_| {});
    fixture.answer(|count| vec![retry(Scope::Sensor); count]);
    fixture.offer([1]);
    fixture.dispatcher.poll().await;
    fixture.offer_item(item("bro", 2, "{}"));
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.completed(), (vec![2], vec![]));
}

#[tokio::test]
async fn a_document_that_spoils_its_request_is_found() {
    let mut fixture = Fixture::new(|_| {});
    // Whatever holds offset 5 fails as a whole.
    fixture.dispatcher.writer = Box::new(PoisonWriter {
        script: Arc::clone(&fixture.script),
        poison: 5,
    });
    fixture.offer(0..64);
    for _ in 0..100 {
        fixture.dispatcher.poll().await;
        fixture.clock.advance(Duration::from_secs(31));
    }
    let (mut done, dead) = fixture.completed();
    done.sort_unstable();
    assert_eq!(dead, [5]);
    assert_eq!(
        done,
        (0..64).filter(|offset| *offset != 5).collect::<Vec<_>>()
    );
    let requests = fixture.batches().len();
    assert!(requests < 40, "{requests} requests");
}

/// A batch that holds one poisonous offset fails as a whole.
struct PoisonWriter {
    script: Arc<Mutex<Script>>,
    poison: i64,
}

impl Writer for PoisonWriter {
    fn kind(&self) -> WriterKind {
        WriterKind::Solr
    }

    fn limits(&self) -> BatchLimits {
        WIDE
    }

    fn write<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Vec<Outcome>> {
        let offsets: Vec<i64> = batch
            .items
            .iter()
            .map(|pending| pending.item.origin.offset)
            .collect();
        let outcome = match offsets.contains(&self.poison) {
            true => suspect(),
            false => Outcome::Done,
        };
        let outcomes = vec![outcome; offsets.len()];
        self.script.lock().unwrap().batches.push(offsets);
        async move { outcomes }.boxed()
    }
}

#[tokio::test]
async fn a_single_suspect_has_several_chances() {
    let patience = RetryPolicy::default().patience as usize;
    for (failures, is_dead) in [(patience - 1, false), (patience, true)] {
        let mut fixture = Fixture::new(|_| {});
        for _ in 0..failures {
            fixture.answer(|_| vec![suspect()]);
        }
        fixture.offer([1]);
        for _ in 0..failures + 1 {
            fixture.dispatcher.poll().await;
            fixture.clock.advance(Duration::from_secs(31));
        }
        let (done, dead) = fixture.completed();
        assert_eq!(
            (done.len(), dead.len()),
            if is_dead { (0, 1) } else { (1, 0) },
            "{failures} failures"
        );
    }
}

#[tokio::test]
async fn a_disabled_sensor_is_consumed_and_not_written() {
    let mut fixture = Fixture::new(|settings| settings.enabled = false);
    fixture.offer(0..3);
    fixture.dispatcher.poll().await;
    assert!(fixture.batches().is_empty());
    assert_eq!(fixture.completed(), (vec![0, 1, 2], vec![]));
}

#[tokio::test]
async fn settings_that_change_are_followed() {
    struct Switch(std::sync::atomic::AtomicU64);
    impl IndexingConfigs for Switch {
        fn settings(&self, _: WriterKind, sensor: &str) -> Arc<WriterSettings> {
            let mut settings = defaults(sensor);
            settings.batch_size = 100;
            settings.enabled = self.version() == 0;
            Arc::new(settings)
        }

        fn version(&self) -> u64 {
            self.0.load(std::sync::atomic::Ordering::Relaxed)
        }
    }
    let mut fixture = Fixture::new(|_| {});
    let configs = Arc::new(Switch(0.into()));
    fixture.dispatcher.configs = Arc::clone(&configs) as Arc<dyn IndexingConfigs>;
    fixture.offer(0..2);
    fixture.dispatcher.poll().await;
    configs.0.store(1, std::sync::atomic::Ordering::Relaxed);
    fixture.offer([2]);
    fixture.dispatcher.poll().await;
    assert!(
        fixture.batches().is_empty(),
        "disabled before anything was written"
    );
    let (mut done, dead) = fixture.completed();
    done.sort_unstable();
    assert_eq!((done, dead), (vec![0, 1, 2], vec![]));
}

#[tokio::test]
async fn full_buffers_say_so_and_are_written_before_their_time() {
    let limits = Limits {
        items: 10,
        bytes: 1_000_000,
    };
    let mut fixture = Fixture::with_limits(limits, WIDE, |settings| settings.batch_size = 1_000);
    fixture.offer(0..10);
    let Offered::Full(item) = fixture.dispatcher.offer(squid_item(10)) else {
        panic!("the eleventh does not fit");
    };
    assert_eq!(item, squid_item(10), "it comes back as it was");
    assert_eq!(fixture.dispatcher.next_due(), Some(fixture.clock.now().at));
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.completed().0.len(), 10);
    fixture.offer([10]);
}

#[tokio::test]
async fn bytes_are_limited_too() {
    let limits = Limits {
        items: 1_000,
        bytes: 100,
    };
    let mut fixture = Fixture::with_limits(limits, WIDE, |settings| settings.batch_size = 1_000);
    fixture.offer(0..2);
    assert!(matches!(
        fixture.dispatcher.offer(squid_item(2)),
        Offered::Full(_)
    ));
    fixture.dispatcher.poll().await;
    // One that is larger than the limit is taken when there is nothing else.
    let huge = format!(r#"{{"a":"{}"}}"#, "x".repeat(500));
    fixture.offer_item(item("squid", 3, &huge));
    assert!(matches!(
        fixture.dispatcher.offer(squid_item(4)),
        Offered::Full(_)
    ));
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.dispatcher.unsettled(), 0);
}

#[tokio::test]
async fn a_store_that_is_away_fills_the_buffers_and_no_more() {
    let limits = Limits {
        items: 10,
        bytes: 1_000_000,
    };
    let mut fixture = Fixture::with_limits(limits, WIDE, |_| {});
    for _ in 0..1_000 {
        fixture.answer(|count| vec![retry(Scope::Store); count]);
    }
    let mut accepted = 0;
    for offset in 0..1_000 {
        if matches!(
            fixture.dispatcher.offer(squid_item(offset)),
            Offered::Accepted
        ) {
            accepted += 1;
        }
        fixture.dispatcher.poll().await;
        fixture.clock.advance(Duration::from_millis(50));
    }
    assert_eq!(accepted, 10);
    assert_eq!(fixture.dispatcher.unsettled(), 10);
}

#[tokio::test]
async fn held_items_are_done_when_the_writer_says_so() {
    let mut fixture = Fixture::new(|_| {});
    fixture.answer(|count| vec![Outcome::Held; count]);
    fixture.script.lock().unwrap().problem = Some(Cause::store("away"));
    fixture.offer(0..3);
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.completed(), (vec![], vec![]));
    assert_eq!(fixture.dispatcher.unsettled(), 3);
    assert!(fixture.dispatcher.pressure().is_some());
    fixture.dispatcher.poll().await;
    assert_eq!(
        fixture.completed(),
        (vec![], vec![]),
        "not before the pause is over"
    );
    fixture.clock.advance(Duration::from_secs(1));
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.completed(), (vec![0, 1, 2], vec![]));
}

#[tokio::test]
async fn draining_writes_everything_or_says_what_is_left() {
    let mut fixture = Fixture::new(|settings| settings.batch_size = 100);
    fixture.offer(0..3);
    let soon = fixture.clock.now().at + Duration::from_secs(60);
    assert_eq!(fixture.dispatcher.drain(soon).await, 0);
    assert_eq!(fixture.completed(), (vec![0, 1, 2], vec![]));
    fixture.answer(|count| vec![retry(Scope::Store); count]);
    fixture.offer(3..5);
    let past = fixture.clock.now().at;
    assert_eq!(fixture.dispatcher.drain(past).await, 2);
}

#[tokio::test]
async fn a_forgotten_partition_gives_no_completions() {
    let mut fixture = Fixture::new(|_| {});
    fixture.answer(|_| {
        vec![
            Outcome::Held,
            retry(Scope::Sensor),
            Outcome::Done,
            retry(Scope::Sensor),
        ]
    });
    let mut other = squid_item(9);
    other.origin.partition = 5;
    fixture.offer(0..3);
    fixture.offer_item(other);
    fixture.dispatcher.poll().await;
    fixture.dispatcher.forget("indexing", 0);
    assert_eq!(fixture.dispatcher.unsettled(), 1);
    fixture.clock.advance(Duration::from_secs(1));
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.completed(), (vec![9], vec![]));
    assert_eq!(fixture.dispatcher.buffered_bytes(), 0);
}

#[tokio::test]
async fn a_writer_that_miscounts_loses_nothing() {
    let mut fixture = Fixture::new(|_| {});
    fixture.answer(|_| Vec::new());
    fixture.answer(|_| vec![Outcome::Done; 7]);
    fixture.offer(0..3);
    for _ in 0..3 {
        fixture.dispatcher.poll().await;
        fixture.clock.advance(Duration::from_secs(31));
    }
    let (mut done, dead) = fixture.completed();
    done.sort_unstable();
    assert_eq!((done, dead), (vec![0, 1, 2], vec![]));
}

#[tokio::test]
async fn invented_sensors_do_not_pile_up() {
    let mut fixture = Fixture::new(|_| {});
    for offset in 0..5_000 {
        fixture.offer_item(item(&format!("sensor{offset}"), offset, "{}"));
        if offset % 100 == 0 {
            fixture.dispatcher.poll().await;
        }
    }
    fixture.dispatcher.poll().await;
    assert_eq!(fixture.completed().0.len(), 5_000);
    assert!(fixture.dispatcher.buffers.len() <= MAX_IDLE_BUFFERS + 1);
}

/// One outcome for each letter.
fn outcome_of(letter: u8) -> Outcome {
    match letter % 8 {
        0..=2 => Outcome::Done,
        3 => Outcome::Held,
        4 => retry(Scope::Store),
        5 => retry(Scope::Sensor),
        6 => suspect(),
        _ => refuse(),
    }
}

#[derive(Debug, Clone)]
enum Step {
    Offer(u8),
    Poll,
    Wait(u16),
    Problem,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5_u8).prop_map(Step::Offer),
        2 => Just(Step::Poll),
        2 => (0..3_000_u16).prop_map(Step::Wait),
        1 => Just(Step::Problem),
    ]
}

proptest! {
    #[test]
    fn every_accepted_item_completes_exactly_once(
        steps in prop::collection::vec(step(), 1..200),
        answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..8), 0..60),
        batch_size in 1_usize..6,
        capacity in 1_usize..30,
        portion in 1_usize..6,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let limits = Limits { items: capacity, bytes: 100_000 };
            let batch_limits = BatchLimits { items: portion, bytes: 300, bytes_per_item: 1 };
            let mut fixture = Fixture::with_limits(limits, batch_limits, move |settings| {
                settings.batch_size = batch_size;
            });
            for letters in answers {
                fixture.answer(move |count| {
                    (0..count).map(|at| outcome_of(letters[at % letters.len()])).collect()
                });
            }
            let mut accepted = 0_i64;
            let mut completions: HashMap<i64, u32> = HashMap::new();
            for step in steps {
                match step {
                    Step::Offer(sensor) => {
                        let json = format!(r#"{{"n":{accepted}}}"#);
                        let offered = fixture.dispatcher.offer(item(&format!("s{sensor}"), accepted, &json));
                        if matches!(offered, Offered::Accepted) {
                            accepted += 1;
                        }
                    }
                    Step::Poll => fixture.dispatcher.poll().await,
                    Step::Wait(millis) => fixture.clock.advance(Duration::from_millis(millis.into())),
                    Step::Problem => {
                        fixture.script.lock().unwrap().problem = Some(Cause::store("away"));
                    }
                }
                assert!(fixture.dispatcher.items <= capacity);
                let expected: usize = fixture.dispatcher.buffers.values().map(|buffer| buffer.items.len()).sum();
                assert_eq!(fixture.dispatcher.items, expected);
                for completion in fixture.dispatcher.take_completions() {
                    *completions.entry(completion.origin.offset).or_default() += 1;
                }
            }
            for _ in 0..400 {
                fixture.clock.advance(Duration::from_secs(31));
                fixture.dispatcher.flush(Urgency::All).await;
                if fixture.dispatcher.unsettled() == 0 {
                    break;
                }
            }
            for completion in fixture.dispatcher.take_completions() {
                *completions.entry(completion.origin.offset).or_default() += 1;
            }
            assert_eq!(fixture.dispatcher.unsettled(), 0, "everything is settled in the end");
            assert_eq!(fixture.dispatcher.buffered_bytes(), 0);
            let expected: HashMap<i64, u32> = (0..accepted).map(|offset| (offset, 1)).collect();
            assert_eq!(completions, expected);
        });
    }
}
