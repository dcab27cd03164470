use std::any::Any;

use alidade_event::{Object, Value};

/// Knows whether it has seen a value; may be wrong in saying yes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bloom {
    words: Vec<u64>,
    hashes: u32,
}

/// Largest filter, in bits: 64 MiB.
const MAX_BITS: f64 = (1u64 << 29) as f64;

impl Bloom {
    /// A filter that says yes wrongly with a probability once it has seen a number of values. Nothing when it would be
    /// too large, or makes no sense.
    pub fn new(values: f64, probability: f64) -> Option<Self> {
        let sensible = values >= 1.0 && probability > 0.0 && probability < 1.0;
        let bits = -values * probability.ln() / (std::f64::consts::LN_2 * std::f64::consts::LN_2);
        if !sensible || bits > MAX_BITS {
            return None;
        }
        let hashes = (bits / values * std::f64::consts::LN_2).round().max(1.0);
        Some(Bloom {
            words: vec![0; (bits as usize).div_ceil(64).max(1)],
            hashes: hashes as u32,
        })
    }

    pub fn of(value: &Value) -> Option<&Bloom> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// Places of a value, from two halves of its hash.
    fn places(&self, hash: u64) -> impl Iterator<Item = usize> {
        let bits = self.words.len() as u64 * 64;
        let (first, second) = (hash & 0xffff_ffff, hash >> 32 | 1);
        (0..u64::from(self.hashes))
            .map(move |round| (first.wrapping_add(round.wrapping_mul(second)) % bits) as usize)
    }

    pub fn add(&mut self, hash: u64) {
        let places: Vec<usize> = self.places(hash).collect();
        for place in places {
            self.words[place / 64] |= 1 << (place % 64);
        }
    }

    pub fn contains(&self, hash: u64) -> bool {
        self.places(hash)
            .all(|place| self.words[place / 64] >> (place % 64) & 1 == 1)
    }

    /// False when the other filter has another size.
    pub fn merge(&mut self, other: &Bloom) -> bool {
        let fits = self.words.len() == other.words.len() && self.hashes == other.hashes;
        if fits {
            for (word, theirs) in self.words.iter_mut().zip(&other.words) {
                *word |= theirs;
            }
        }
        fits
    }
}

impl Object for Bloom {
    fn type_name(&self) -> &'static str {
        "BloomFilter"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
