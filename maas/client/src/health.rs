//! Setting failing instances aside for a while.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use alidade_event::Str;

const SHORTEST_ASIDE: Duration = Duration::from_secs(1);
const LONGEST_ASIDE: Duration = Duration::from_secs(600);
/// An instance that still answers, but badly, gets this many chances in a row: one odd input must not silence a model.
const BAD_ANSWERS_ALLOWED: u32 = 3;
/// Most URLs that are remembered. Beyond it those that are not registered are forgotten.
const MAX_REMEMBERED: usize = 10_000;

/// Milliseconds of a clock that never goes back.
pub(crate) fn monotonic_ms() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed();
    // Not zero at the start: zero stands for "not set aside".
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX - 1) + 1
}

/// How an instance failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody answers there.
    Gone,
    /// It answered late or badly; it may be the input's fault.
    Doubtful,
}

/// What is known of one instance.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// When the instance may be tried again; 0 while it is not set aside.
    aside_until: AtomicU64,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    faults_in_a_row: u32,
    /// How often in a row it has been set aside.
    times_aside: u32,
    trial_under_way: bool,
}

impl Health {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call is worth trying now. Cheap: one atomic read.
    pub(crate) fn is_live(&self, now_ms: u64) -> bool {
        let until = self.aside_until.load(Ordering::Relaxed);
        until == 0 || until <= now_ms
    }

    /// Leave to make one call. An instance whose time aside is over gets one trial; the others wait for its outcome.
    pub(crate) fn admit(self: &Arc<Self>, now_ms: u64) -> Option<Permit> {
        let until = self.aside_until.load(Ordering::Relaxed);
        if until == 0 {
            return Some(Permit {
                health: self.clone(),
                is_trial: false,
            });
        }
        let mut record = self.record();
        if now_ms < until || record.trial_under_way {
            return None;
        }
        record.trial_under_way = true;
        Some(Permit {
            health: self.clone(),
            is_trial: true,
        })
    }
}

/// Leave to make one call; says afterwards how it went.
#[derive(Debug)]
pub(crate) struct Permit {
    health: Arc<Health>,
    is_trial: bool,
}

impl Permit {
    pub(crate) fn succeeded(self) {
        let mut record = self.health.record();
        record.faults_in_a_row = 0;
        record.times_aside = 0;
        self.health.aside_until.store(0, Ordering::Relaxed);
    }

    /// Sets the instance aside if the fault is bad enough. Returns for how long.
    pub(crate) fn failed(self, fault: Fault, now_ms: u64) -> Option<Duration> {
        let mut record = self.health.record();
        let is_aside = self.health.aside_until.load(Ordering::Relaxed) > 0;
        if is_aside && !self.is_trial {
            // Calls that were under way when it was set aside add nothing.
            return None;
        }
        record.faults_in_a_row = record.faults_in_a_row.saturating_add(1);
        let tolerable = fault == Fault::Doubtful && record.faults_in_a_row < BAD_ANSWERS_ALLOWED;
        if tolerable && !self.is_trial {
            return None;
        }
        let aside = SHORTEST_ASIDE
            .saturating_mul(1 << record.times_aside.min(20))
            .min(LONGEST_ASIDE);
        record.times_aside = record.times_aside.saturating_add(1);
        record.faults_in_a_row = 0;
        let until = now_ms.saturating_add(aside.as_millis() as u64);
        self.health.aside_until.store(until, Ordering::Relaxed);
        Some(aside)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_trial {
            self.health.record().trial_under_way = false;
        }
    }
}

/// The health of instances by URL, so that it outlives a change of the registered endpoints.
#[derive(Debug, Default)]
pub(crate) struct HealthBoard {
    by_url: Mutex<HashMap<Str, Arc<Health>>>,
}

impl HealthBoard {
    pub(crate) fn of(&self, url: &str) -> Arc<Health> {
        let mut by_url = self.by_url.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_url.get(url) {
            return known.clone();
        }
        if by_url.len() >= MAX_REMEMBERED {
            // Registered instances are held elsewhere too; what is left comes from maps written by hand.
            by_url.retain(|_, health| Arc::strong_count(health) > 1);
        }
        if by_url.len() >= MAX_REMEMBERED {
            by_url.clear();
        }
        let health = Arc::new(Health::default());
        by_url.insert(Str::new(url), health.clone());
        health
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_instance_is_set_aside_longer_and_longer_with_one_trial_each() {
        let health = Arc::new(Health::default());
        let mut now = 1_000;
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600] {
            let permit = health.admit(now).unwrap();
            let aside = permit.failed(Fault::Gone, now);
            assert_eq!(aside, Some(Duration::from_secs(seconds)));
            assert!(!health.is_live(now));
            assert!(health.admit(now + seconds * 1000 - 1).is_none());
            now += seconds * 1000;
            assert!(health.is_live(now));
            let trial = health.admit(now).unwrap();
            assert!(health.admit(now).is_none(), "one trial at a time");
            drop(trial);
        }
        health.admit(now).unwrap().succeeded();
        assert!(health.admit(now).is_some() && health.admit(now).is_some());
    }

    #[test]
    fn a_few_bad_answers_are_borne() {
        let health = Arc::new(Health::default());
        let fail = |fault| health.admit(5).unwrap().failed(fault, 5);
        assert_eq!(fail(Fault::Doubtful), None);
        assert_eq!(fail(Fault::Doubtful), None);
        health.admit(5).unwrap().succeeded();
        assert_eq!(fail(Fault::Doubtful), None);
        assert_eq!(fail(Fault::Doubtful), None);
        assert_eq!(fail(Fault::Doubtful), Some(Duration::from_secs(1)));
    }

    #[test]
    fn calls_under_way_do_not_lengthen_the_time_aside() {
        let health = Arc::new(Health::default());
        let permits: Vec<Permit> = (0..64).filter_map(|_| health.admit(5)).collect();
        let asides: Vec<_> = permits
            .into_iter()
            .filter_map(|permit| permit.failed(Fault::Gone, 5))
            .collect();
        assert_eq!(asides, [Duration::from_secs(1)]);
    }
}
