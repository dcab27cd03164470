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
        optional("values", "How many values it is to hold.")
            .of(NUMERIC)
            .defaults_to("100000"),
        optional("probability", "How often it may be wrong then.")
            .of(Types::DECIMAL
                .or(Types::TEXT)
                .or(Types::LIST)
                .or(Types::SET))
            .defaults_to("0.01"),
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
.gives(Types::OBJECT)
.examples(&[("BLOOM_EXISTS(BLOOM_INIT(10, 0.1), 'a')", "false")]);

pub(super) const BLOOM_ADD: Function = Function::new(
    "BLOOM_ADD",
    "A filter with more values. Nulls are left out.",
    &[
        required("filter", "The filter.").of_present(Types::OBJECT),
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
.gives(Types::OBJECT)
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
        optional(
            "filter",
            "The filter. Null gives false when the value is null too.",
        )
        .of(Types::OBJECT),
        optional("value", "The value.").null_gives("false"),
    ],
    "true or false",
    |call| {
        let value = call.get(1);
        if value.is_null() && call.get(0).is_null() {
            return Ok(Value::Bool(false));
        }
        let bloom = bloom(call)?;
        Ok(Value::Bool(
            !value.is_null() && bloom.contains(hash_value(value)?),
        ))
    },
)
.gives(Types::BOOLEAN)
.examples(&[("BLOOM_EXISTS()", "false")]);

pub(super) const BLOOM_MERGE: Function = Function::new(
    "BLOOM_MERGE",
    "One filter from several of the same size.",
    &[optional(
        "filters",
        "A list of filters; everything else in it is left out.",
    )
    .null_gives("null")],
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
.gives(Types::OBJECT.or(Types::NULL))
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
