use std::sync::Arc;

use super::bloom::Bloom;
use super::value_bytes::hash_value;
use crate::EvalError;
use crate::convert::to_double;
use crate::library::function::members;
use crate::library::prelude::*;

pub(super) const BLOOM_INIT: Function = Function::new(
    "BLOOM_INIT",
    "A Bloom filter.",
    &[
        optional(
            "values",
            "How many values it is to hold, 100000 when absent.",
        ),
        optional(
            "probability",
            "How often it may be wrong then, 0.01 when absent.",
        ),
    ],
    "the filter",
    |call| {
        let number = |at, otherwise| match call.get(at) {
            Value::Null => otherwise,
            value => to_double(value).unwrap_or(f64::NAN),
        };
        match Bloom::new(number(0, 100_000.0), number(1, 0.01)) {
            Some(bloom) => Ok(Value::Object(Arc::new(bloom))),
            None => call.fail("the filter would be larger than 64 MiB, or makes no sense"),
        }
    },
)
.examples(&[("BLOOM_EXISTS(BLOOM_INIT(10, 0.1), 'a')", "false")]);

pub(super) const BLOOM_ADD: Function = Function::new(
    "BLOOM_ADD",
    "A filter with more values. Nulls are left out.",
    &[
        required("filter", "The filter."),
        repeated("values", "What to add."),
    ],
    "the filter",
    |call| {
        let mut changed = bloom(call)?.clone();
        for value in call.rest(1).filter(|value| !value.is_null()) {
            changed.add(hash_value(value)?);
        }
        Ok(Value::Object(Arc::new(changed)))
    },
)
.examples(&[
    (
        "BLOOM_EXISTS(BLOOM_ADD(BLOOM_INIT(), 'a', 'b'), 'b')",
        "true",
    ),
    ("BLOOM_EXISTS(BLOOM_ADD(BLOOM_INIT(), 1), 1L)", "false"),
]);

pub(super) const BLOOM_EXISTS: Function = Function::new(
    "BLOOM_EXISTS",
    "Whether a filter has seen a value. It may be wrong in saying yes.",
    &[
        optional("filter", "The filter."),
        optional("value", "The value; null gives false."),
    ],
    "true or false",
    |call| {
        if call.len() == 0 {
            return Ok(Value::Bool(false));
        }
        let bloom = bloom(call)?;
        let value = call.get(1);
        Ok(Value::Bool(
            !value.is_null() && bloom.contains(hash_value(value)?),
        ))
    },
)
.examples(&[("BLOOM_EXISTS()", "false")]);

pub(super) const BLOOM_MERGE: Function = Function::new(
    "BLOOM_MERGE",
    "One filter from several of the same size.",
    &[optional(
        "filters",
        "A list of filters; everything else in it is left out.",
    )],
    "the filter; null when there is none",
    |call| {
        let all = members(call.get(0)).unwrap_or_default();
        let mut merged: Option<Bloom> = None;
        for other in all.iter().filter_map(Bloom::of) {
            match &mut merged {
                None => merged = Some(other.clone()),
                Some(merged) => {
                    if !merged.merge(other) {
                        return call.fail("the filters must have the same size");
                    }
                }
            }
        }
        Ok(merged.map_or(Value::Null, |bloom| Value::Object(Arc::new(bloom))))
    },
)
.examples(&[
    (
        "BLOOM_EXISTS(BLOOM_MERGE([BLOOM_INIT(), BLOOM_ADD(BLOOM_INIT(), 'a')]), 'a')",
        "true",
    ),
    ("BLOOM_MERGE('x')", "null"),
]);

fn bloom<'c>(call: &'c Call) -> Result<&'c Bloom, EvalError> {
    match Bloom::of(call.get(0)) {
        Some(bloom) => Ok(bloom),
        None => call.wrong(0, "a filter of BLOOM_INIT"),
    }
}
