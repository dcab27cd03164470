use std::time::Duration;

/// How long to leave a store alone after a failure: exponential, capped, with jitter so that many writers do not return
/// at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Pause after the first failure.
    pub base: Duration,
    /// Longest pause.
    pub cap: Duration,
    /// How often an item may fail alone, for a reason that may be its own, before it is refused.
    pub patience: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            base: Duration::from_millis(100),
            cap: Duration::from_secs(30),
            patience: 6,
        }
    }
}

/// Longest pause that a store may ask for.
const MAX_ASKED: Duration = Duration::from_secs(300);

impl RetryPolicy {
    /// The pause after the given number of failures in a row (1 is the first), between half and all of
    /// `base * 2^(failures-1)`. `noise` chooses the place in between; `asked` is what the store asked for, which is a
    /// lower bound.
    pub fn pause(&self, failures: u32, noise: u64, asked: Option<Duration>) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(30));
        let full = self.base.saturating_mul(doubled).min(self.cap);
        let half = full / 2;
        let spread = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
        let jitter = match spread {
            0 => 0,
            spread => noise % (spread.saturating_add(1)),
        };
        let pause = half + Duration::from_nanos(jitter);
        match asked {
            Some(asked) => pause.max(asked.min(MAX_ASKED)),
            None => pause,
        }
    }
}

/// Failures in a row, and when to try again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BackOff {
    pub(super) failures: u32,
    pub(super) until: Option<std::time::Instant>,
}

impl BackOff {
    pub(super) fn blocks(&self, now: std::time::Instant) -> bool {
        self.until.is_some_and(|until| until > now)
    }

    pub(super) fn fail(
        &mut self,
        policy: &RetryPolicy,
        noise: u64,
        asked: Option<Duration>,
        now: std::time::Instant,
    ) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let pause = policy.pause(self.failures, noise, asked);
        self.until = now.checked_add(pause);
        pause
    }

    pub(super) fn reset(&mut self) {
        *self = BackOff::default();
    }
}

/// Numbers for jitter; not for secrets.
#[derive(Debug)]
pub(super) struct Noise(u64);

impl Noise {
    pub(super) fn new() -> Self {
        use std::hash::{BuildHasher, Hasher};
        Noise(
            std::collections::hash_map::RandomState::new()
                .build_hasher()
                .finish(),
        )
    }

    pub(super) fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap() {
        let policy = RetryPolicy::default();
        let longest = |failures| policy.pause(failures, u64::MAX - 1, None).as_millis();
        for (failures, full) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (4, 800),
            (8, 12_800),
            (9, 25_600),
            (10, 30_000),
            (1_000, 30_000),
            (u32::MAX, 30_000),
        ] {
            for noise in [0, 1, 77, u64::MAX / 3, u64::MAX] {
                let pause = policy.pause(failures, noise, None).as_millis();
                assert!(
                    (full / 2..=full).contains(&pause),
                    "{failures} failures: {pause} ms"
                );
            }
            assert_eq!(policy.pause(failures, 0, None).as_millis(), full / 2);
            assert!(longest(failures) <= full);
        }
    }

    #[test]
    fn what_the_store_asks_for_is_a_lower_bound_within_reason() {
        let policy = RetryPolicy::default();
        let asked = Some(Duration::from_secs(7));
        assert_eq!(policy.pause(1, 0, asked), Duration::from_secs(7));
        assert_eq!(policy.pause(20, 0, asked), Duration::from_secs(15));
        let absurd = Some(Duration::from_secs(1_000_000));
        assert_eq!(policy.pause(1, 0, absurd), MAX_ASKED);
    }

    #[test]
    fn a_policy_without_pause_is_possible() {
        let policy = RetryPolicy {
            base: Duration::ZERO,
            ..RetryPolicy::default()
        };
        assert_eq!(policy.pause(5, 99, None), Duration::ZERO);
    }
}
