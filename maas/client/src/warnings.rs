//! Logging a fault that may happen a thousand times a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(10);
const MAX_KINDS: usize = 1000;

/// Lets one warning of a kind through in ten seconds and counts the others.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    kinds: Mutex<HashMap<(String, &'static str), Kind>>,
}

#[derive(Debug)]
struct Kind {
    last: Instant,
    held_back: u64,
}

impl Warnings {
    /// How many of the kind were held back before, if this one is to be logged.
    pub(crate) fn admit(&self, model: &str, kind: &'static str, now: Instant) -> Option<u64> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kinds.get_mut(&(model.to_owned(), kind)) {
            if now.duration_since(known.last) < INTERVAL {
                known.held_back += 1;
                return None;
            }
            known.last = now;
            return Some(std::mem::take(&mut known.held_back));
        }
        if kinds.len() >= MAX_KINDS {
            kinds.retain(|_, kind| now.duration_since(kind.last) < INTERVAL);
        }
        if kinds.len() < MAX_KINDS {
            let first = Kind {
                last: now,
                held_back: 0,
            };
            kinds.insert((model.to_owned(), kind), first);
            return Some(0);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_kind_passes_in_an_interval() {
        let warnings = Warnings::default();
        let now = Instant::now();
        assert_eq!(warnings.admit("dga", "timeout", now), Some(0));
        assert_eq!(warnings.admit("dga", "timeout", now), None);
        assert_eq!(warnings.admit("dga", "timeout", now), None);
        assert_eq!(warnings.admit("dga", "connect", now), Some(0));
        assert_eq!(warnings.admit("dga", "timeout", now + INTERVAL), Some(2));
    }
}
