use std::sync::Arc;

use super::hyper_log_log::HyperLogLog;
use super::value_bytes::hash_value;
use crate::EvalError;
use crate::convert::to_int;
use crate::library::function::members;
use crate::library::prelude::*;

const DEFAULT_PRECISION: u32 = 14;
const DEFAULT_SPARSE_PRECISION: u32 = 25;

pub(super) const HLLP_INIT: Function = Function::new(
    "HLLP_INIT",
    "A counter of different values.",
    &[
        optional("precision", "From 4 to 32. Above 18 it is taken as 18.")
            .of_present(
                Types::NUMBER
                    .or(Types::TEXT)
                    .or(Types::LIST)
                    .or(Types::SET)
                    .or(Types::OBJECT),
            )
            .left_out("14"),
        optional("sparsePrecision", "From the precision to 32.")
            .of_present(
                Types::NUMBER
                    .or(Types::TEXT)
                    .or(Types::LIST)
                    .or(Types::SET)
                    .or(Types::OBJECT),
            )
            .left_out("25"),
    ],
    "the counter",
    |call| {
        let precision = |at: usize, otherwise: u32| match call.get(at) {
            _ if at >= call.len() => Some(otherwise),
            value => to_int(value).and_then(|number| u32::try_from(number).ok()),
        };
        let sparse = if call.len() == 1 {
            32
        } else {
            DEFAULT_SPARSE_PRECISION
        };
        match (precision(0, DEFAULT_PRECISION), precision(1, sparse)) {
            (Some(p), Some(sp)) if 4 <= p && p <= sp && sp <= 32 => {
                Ok(object(HyperLogLog::new(p, sp)))
            }
            _ => call.fail("4 <= precision <= sparsePrecision <= 32 is needed"),
        }
    },
)
.gives(Types::OBJECT)
.examples(&[("HLLP_CARDINALITY(HLLP_INIT(5, 6))", "0")]);

pub(super) const HLLP_ADD: Function = Function::new(
    "HLLP_ADD",
    "A counter with one more value, or with the members of a list.",
    &[
        required("counter", "The counter; null stands for a new one.").of(Types::OBJECT),
        required("value", "The value or the list."),
    ],
    "the counter",
    |call| {
        let mut changed = counter(call, call.get(0))?
            .cloned()
            .unwrap_or_else(|| HyperLogLog::new(DEFAULT_PRECISION, DEFAULT_SPARSE_PRECISION));
        for value in members(call.get(1)).unwrap_or_else(|| vec![call.get(1).clone()]) {
            changed.add(hash_value(&value)?);
        }
        Ok(object(changed))
    },
)
.gives(Types::OBJECT)
.examples(&[
    (
        "HLLP_CARDINALITY(HLLP_ADD(HLLP_INIT(), ['a', 'b', 'a']))",
        "2",
    ),
    ("HLLP_CARDINALITY(HLLP_ADD(null, 'a'))", "1"),
]);

pub(super) const HLLP_CARDINALITY: Function = Function::new(
    "HLLP_CARDINALITY",
    "How many different values a counter has seen, about.",
    &[optional("counter", "The counter. Anything else has seen nothing.").null_gives("0")],
    "the number; 0 when it is not a counter",
    |call| {
        Ok(Value::Long(
            HyperLogLog::of(call.get(0)).map_or(0, HyperLogLog::cardinality),
        ))
    },
)
.gives(Types::INTEGER)
.examples(&[("HLLP_CARDINALITY(null)", "0")]);

pub(super) const HLLP_MERGE: Function = Function::new(
    "HLLP_MERGE",
    "One counter from several of the same precision.",
    &[required("counters", "A list of counters, or one counter.")
        .of(Types::LIST.or(Types::SET).or(Types::OBJECT))
        .null_gives("null")],
    "the counter; null when there is none",
    |call| {
        let all = members(call.get(0)).unwrap_or_else(|| vec![call.get(0).clone()]);
        let mut merged: Option<HyperLogLog> = None;
        for value in &all {
            let Some(other) = counter(call, value)? else {
                continue;
            };
            match &mut merged {
                None => merged = Some(other.clone()),
                Some(merged) if merged.same_precision(other) => merged.merge(other),
                Some(_) => return call.fail("the counters must have the same precision"),
            }
        }
        Ok(merged.map_or(Value::Null, object))
    },
)
.gives(Types::OBJECT.or(Types::NULL))
.exact()
.examples(&[
    (
        "HLLP_CARDINALITY(HLLP_MERGE([HLLP_ADD(null, 'a'), HLLP_ADD(null, 'b')]))",
        "2",
    ),
    ("HLLP_MERGE([])", "null"),
]);

fn object(counter: HyperLogLog) -> Value {
    Value::Object(Arc::new(counter))
}

fn counter<'v>(call: &Call, value: &'v Value) -> Result<Option<&'v HyperLogLog>, EvalError> {
    match (HyperLogLog::of(value), value) {
        (Some(counter), _) => Ok(Some(counter)),
        (None, Value::Null) => Ok(None),
        (None, _) => call.fail("a counter of HLLP_INIT is needed"),
    }
}
