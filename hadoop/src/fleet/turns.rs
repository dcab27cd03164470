//! Whose wishes are with the resource manager.
//!
//! A scheduler that cannot fulfil an ask may reserve nodes for it, and gives nothing else of the application there
//! meanwhile: one wish that the cluster has no room for would hold up every other. So, when wishes of several sizes wait
//! and nothing is given for a while, the sizes take turns, the smallest first.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::yarn::Resource;

/// A size to take turns by.
type Size = (i64, i32);

#[derive(Debug)]
pub(super) struct Turns {
    /// How long nothing may be given before the next turn.
    length: Duration,
    /// When something was given, or a turn began.
    since: Instant,
    /// Whose turn it is; nobody's while all are with the resource manager.
    current: Option<Size>,
}

fn size_of(resource: Resource) -> Size {
    (resource.memory_mb, resource.virtual_cores)
}

impl Turns {
    pub(super) fn new(length: Duration, now: Instant) -> Self {
        Self {
            length,
            since: now,
            current: None,
        }
    }

    /// Something was given, or is wished for where nothing else is.
    pub(super) fn moved(&mut self, now: Instant) {
        self.since = now;
    }

    /// Sees to whose turn it is among these wishes. True when it has become another's.
    pub(super) fn advance(&mut self, wishes: impl Iterator<Item = Resource>, now: Instant) -> bool {
        let sizes: BTreeSet<Size> = wishes.map(size_of).collect();
        if sizes.len() < 2 {
            return self.current.take().is_some();
        }
        let is_over = now.duration_since(self.since) >= self.length;
        // The size whose turn it is may have been fulfilled, or taken back.
        let is_idle = self
            .current
            .is_some_and(|current| !sizes.contains(&current));
        if !is_over && !is_idle {
            return false;
        }
        let after = |current: Size| sizes.iter().find(|size| **size > current);
        let next = self.current.and_then(after).or_else(|| sizes.first());
        self.current = next.copied();
        self.since = now;
        true
    }

    /// Whether a wish of this size may be with the resource manager.
    pub(super) fn admits(&self, resource: Resource) -> bool {
        self.current
            .is_none_or(|current| current == size_of(resource))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(5);

    fn megabytes(sizes: &[i64]) -> impl Iterator<Item = Resource> {
        sizes.iter().map(|size| Resource::new(*size, 1))
    }

    #[test]
    fn wishes_of_one_size_never_wait_for_each_other() {
        let start = Instant::now();
        let mut turns = Turns::new(LENGTH, start);
        assert!(!turns.advance(megabytes(&[64, 64]), start + 10 * LENGTH));
        assert!(turns.admits(Resource::new(64, 1)));
    }

    #[test]
    fn sizes_take_turns_when_nothing_moves() {
        let start = Instant::now();
        let mut turns = Turns::new(LENGTH, start);
        let (small, middle, large) = (
            Resource::new(64, 1),
            Resource::new(512, 1),
            Resource::new(4096, 1),
        );
        let all = || megabytes(&[4096, 64, 512, 4096]);
        assert!(!turns.advance(all(), start));
        assert!(turns.admits(small) && turns.admits(middle) && turns.admits(large));

        let mut now = start + LENGTH;
        for its in [small, middle, large, small] {
            assert!(turns.advance(all(), now));
            for other in [small, middle, large] {
                assert_eq!(
                    turns.admits(other),
                    other == its,
                    "{other} in the turn of {its}"
                );
            }
            assert!(!turns.advance(all(), now + LENGTH / 2));
            now += LENGTH;
        }
        // While something is given, the turn goes on.
        turns.moved(now);
        assert!(!turns.advance(all(), now + LENGTH / 2));
        // What is fulfilled leaves its turn to the next, at once.
        assert!(turns.advance(megabytes(&[512, 4096]), now + LENGTH / 2));
        assert!(turns.admits(middle) && !turns.admits(large));
        // The last one needs no turns.
        assert!(turns.advance(megabytes(&[4096]), now + LENGTH / 2));
        assert!(turns.admits(large) && turns.admits(small));
    }
}
