use std::any::Any;
use std::collections::BTreeSet;

use alidade_event::{Object, Value};

/// Counts different values: exactly while they are few, about right when they are many.
#[derive(Debug, Clone)]
pub(super) struct HyperLogLog {
    precision: u32,
    sparse_precision: u32,
    counted: Counted,
}

#[derive(Debug, Clone)]
enum Counted {
    /// The hashes themselves.
    Few(BTreeSet<u64>),
    /// For each group of hashes, the longest run of zeros at the beginning.
    Many(Vec<u8>),
}

/// More groups than this are not kept, whatever the precision asks for.
const MAX_PRECISION: u32 = 18;

impl HyperLogLog {
    pub fn new(precision: u32, sparse_precision: u32) -> Self {
        HyperLogLog {
            precision,
            sparse_precision,
            counted: Counted::Few(BTreeSet::new()),
        }
    }

    pub fn of(value: &Value) -> Option<&HyperLogLog> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    pub fn same_precision(&self, other: &HyperLogLog) -> bool {
        self.precision == other.precision && self.sparse_precision == other.sparse_precision
    }

    fn bits(&self) -> u32 {
        self.precision.min(MAX_PRECISION)
    }

    pub fn add(&mut self, hash: u64) {
        let bits = self.bits();
        match &mut self.counted {
            Counted::Many(groups) => record(groups, bits, hash),
            Counted::Few(hashes) => {
                hashes.insert(hash);
                if hashes.len() > (1 << bits) / 8 {
                    self.widen();
                }
            }
        }
    }

    fn widen(&mut self) {
        let bits = self.bits();
        if let Counted::Few(hashes) = &self.counted {
            let mut groups = vec![0; 1 << bits];
            for hash in hashes {
                record(&mut groups, bits, *hash);
            }
            self.counted = Counted::Many(groups);
        }
    }

    pub fn merge(&mut self, other: &HyperLogLog) {
        match &other.counted {
            Counted::Few(hashes) => {
                for hash in hashes {
                    self.add(*hash);
                }
            }
            Counted::Many(theirs) => {
                self.widen();
                if let Counted::Many(groups) = &mut self.counted {
                    for (group, other) in groups.iter_mut().zip(theirs) {
                        *group = (*group).max(*other);
                    }
                }
            }
        }
    }

    pub fn cardinality(&self) -> i64 {
        let groups = match &self.counted {
            Counted::Few(hashes) => return i64::try_from(hashes.len()).unwrap_or(i64::MAX),
            Counted::Many(groups) => groups,
        };
        let m = groups.len() as f64;
        let alpha = match groups.len() {
            16 => 0.673,
            32 => 0.697,
            64 => 0.709,
            _ => 0.7213 / (1.0 + 1.079 / m),
        };
        let sum: f64 = groups.iter().map(|run| (-f64::from(*run)).exp2()).sum();
        let estimate = alpha * m * m / sum;
        let empty = groups.iter().filter(|run| **run == 0).count();
        let refined = match empty {
            1.. if estimate <= 2.5 * m => m * (m / empty as f64).ln(),
            _ => estimate,
        };
        refined.round() as i64
    }
}

fn record(groups: &mut [u8], bits: u32, hash: u64) {
    let group = (hash >> (64 - bits)) as usize;
    let rest = hash << bits;
    let run = rest.leading_zeros().min(64 - bits) as u8 + 1;
    if let Some(longest) = groups.get_mut(group) {
        *longest = (*longest).max(run);
    }
}

impl Object for HyperLogLog {
    fn type_name(&self) -> &'static str {
        "HyperLogLogPlus"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::stats::value_bytes::hash_value;

    #[test]
    fn many_values_are_counted_within_some_percent() {
        let mut count = HyperLogLog::new(14, 25);
        for i in 0..50_000 {
            count.add(hash_value(&Value::Int(i % 25_000)).unwrap());
        }
        let found = count.cardinality();
        assert!((24_000..26_000).contains(&found), "{found}");
    }
}
