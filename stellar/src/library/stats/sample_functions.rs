use std::sync::Arc;

use super::reservoir::Reservoir;
use crate::EvalError;
use crate::convert::to_int;
use crate::library::function::members;
use crate::library::prelude::*;

const DEFAULT_SIZE: usize = 1_024;
const SAMPLE: Parameter =
    required("sample", "The sample; null stands for a new one.").of(Types::OBJECT);

pub(super) const SAMPLE_INIT: Function = Function::new(
    "SAMPLE_INIT",
    "A sample without values.",
    &[optional("size", "How many values it holds at most.")
        .of(NUMERIC)
        .defaults_to("1024")],
    "the sample",
    |call| {
        let size = match call.get(0) {
            Value::Null => Some(DEFAULT_SIZE),
            value => to_int(value).and_then(|size| usize::try_from(size).ok()),
        };
        match size {
            Some(size @ 1..) => Ok(object(Reservoir::new(size))),
            _ => call.wrong(0, "a whole number above 0"),
        }
    },
)
.gives(Types::OBJECT)
.examples(&[("SAMPLE_GET(SAMPLE_INIT(2))", "[]")]);

pub(super) const SAMPLE_ADD: Function = Function::new(
    "SAMPLE_ADD",
    "A sample with one more value, or with the members of a list.",
    &[
        SAMPLE,
        required("value", "The value or the list; null is left out."),
    ],
    "the sample",
    |call| {
        let sample = sample(call, call.get(0))?;
        let mut changed = sample
            .cloned()
            .unwrap_or_else(|| Reservoir::new(DEFAULT_SIZE));
        let values = members(call.get(1)).unwrap_or_else(|| vec![call.get(1).clone()]);
        for value in values.into_iter().filter(|value| !value.is_null()) {
            changed.add(value);
        }
        Ok(object(changed))
    },
)
.gives(Types::OBJECT)
.examples(&[(
    "LENGTH(SAMPLE_GET(SAMPLE_ADD(SAMPLE_INIT(2), [1, 2, 3])))",
    "2",
)]);

pub(super) const SAMPLE_GET: Function = Function::new(
    "SAMPLE_GET",
    "The values of a sample.",
    &[optional("sample", "The sample.")
        .of(Types::OBJECT)
        .null_gives("null")],
    "the list",
    |call| {
        let sample = sample(call, call.get(0))?;
        Ok(sample.map_or(Value::Null, |sample| Value::list(sample.values.clone())))
    },
)
.gives(Types::LIST.or(Types::NULL))
.examples(&[("SAMPLE_GET(SAMPLE_ADD(null, [1, 2, 3]))", "[1,2,3]")]);

pub(super) const SAMPLE_MERGE: Function = Function::new(
    "SAMPLE_MERGE",
    "One sample from several.",
    &[
        required("samples", "A list of samples; nulls among them are left out.").of(Types::LIST.or(Types::SET)).null_gives("null"),
        optional("base", "The sample that the others are added to; a new one of the size of the first when absent.").of(Types::OBJECT).null_is_absent(),
    ],
    "the sample; null when there is none",
    |call| {
        let base = sample(call, call.get(1))?;
        let samples = call.members_or_null(0)?.unwrap_or_default();
        let mut merged = base.filter(|_| !samples.is_empty()).cloned();
        for value in samples {
            let Some(other) = sample(call, &value)? else {
                continue;
            };
            let merged = merged.get_or_insert_with(|| Reservoir::new(other.size));
            for value in &other.values {
                merged.add(value.clone());
            }
        }
        Ok(merged.map_or(Value::Null, object))
    },
)
.gives(Types::OBJECT.or(Types::NULL))
.examples(&[(
    "SAMPLE_GET(SAMPLE_MERGE([SAMPLE_ADD(null, 1), SAMPLE_ADD(null, 2)]))",
    "[1,2]",
)]);

fn object(sample: Reservoir) -> Value {
    Value::Object(Arc::new(sample))
}

fn sample<'v>(call: &Call, value: &'v Value) -> Result<Option<&'v Reservoir>, EvalError> {
    match (Reservoir::of(value), value) {
        (Some(sample), _) => Ok(Some(sample)),
        (None, Value::Null) => Ok(None),
        (None, _) => call.fail("a sample of SAMPLE_INIT is needed"),
    }
}
