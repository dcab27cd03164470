//! Logs that would repeat themselves many times a second.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::host;

/// Lets one message through every so often, and counts the others.
#[derive(Debug)]
pub(crate) struct Throttle {
    last_ms: AtomicI64,
    held_back: AtomicU64,
}

/// Between two messages that are let through, in milliseconds.
const PAUSE_MS: i64 = 5_000;

impl Throttle {
    pub(crate) const fn new() -> Self {
        Throttle {
            last_ms: AtomicI64::new(i64::MIN),
            held_back: AtomicU64::new(0),
        }
    }

    /// Whether to log now, and then how many messages were held back since the last one.
    pub(crate) fn admit(&self) -> Option<u64> {
        self.admit_at(host::now_ms())
    }

    fn admit_at(&self, now_ms: i64) -> Option<u64> {
        let last_ms = self.last_ms.load(Ordering::Relaxed);
        // A clock that was set back lets a message through, too.
        let is_early = (0..PAUSE_MS).contains(&now_ms.saturating_sub(last_ms));
        if is_early {
            self.held_back.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.last_ms.store(now_ms, Ordering::Relaxed);
        Some(self.held_back.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_in_five_seconds_is_let_through_and_the_others_are_counted() {
        let throttle = Throttle::new();
        assert_eq!(throttle.admit_at(10_000), Some(0));
        assert_eq!(throttle.admit_at(10_001), None);
        assert_eq!(throttle.admit_at(14_999), None);
        assert_eq!(throttle.admit_at(15_000), Some(2));
        assert_eq!(throttle.admit_at(9_000), Some(0));
    }
}
