//! Numbers for spreading load; no secrets.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

/// Any number.
pub(crate) fn random() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0x5eed_u64) | 1);
    }
    // xorshift64*: plenty for spreading load.
    STATE.with(|state| {
        let mut x = state.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        state.set(x);
        x.wrapping_mul(0x2545_f491_4f6c_dd1d)
    })
}

/// A number below `bound`, uniform for the small bounds that occur; 0 for a bound of 0.
pub(crate) fn random_below(bound: usize) -> usize {
    if bound < 2 {
        return 0;
    }
    scale(random(), bound as u64) as usize
}

/// Maps any number evenly to one below `bound`.
pub(crate) fn scale(number: u64, bound: u64) -> u64 {
    ((u128::from(number) * u128::from(bound)) >> 64) as u64
}
