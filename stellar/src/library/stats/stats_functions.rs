use std::any::Any;
use std::sync::Arc;

use super::numbers::numbers_from;
use super::statistics::Statistics;
use crate::EvalError;
use crate::convert::to_double;
use crate::library::function::members;
use crate::library::math::bin;
use crate::library::prelude::*;

const STATS: Parameter = required(
    "stats",
    "Statistics of STATS_INIT, STATS_ADD or STATS_MERGE; null stands for new ones.",
)
.of(Types::OBJECT);

pub(super) const STATS_INIT: Function = Function::new(
    "STATS_INIT",
    "Statistics without values.",
    &[optional(
        "window",
        "How many of the latest values to keep; all are summed up when it is not above 0.",
    )
    .null_is_absent()],
    "the statistics",
    |call| {
        let window = call.get(0).as_f64().filter(|window| *window >= 1.0);
        Ok(object(match window {
            Some(window) => Statistics::windowed(window as usize),
            None => Statistics::default(),
        }))
    },
)
.gives(Types::OBJECT)
.examples(&[("STATS_COUNT(STATS_INIT())", "0.0")]);

pub(super) const STATS_ADD: Function = Function::new(
    "STATS_ADD",
    "Statistics with more values.",
    &[
        STATS,
        repeated(
            "values",
            "Numbers, or lists of numbers; nulls are left out.",
        )
        .of(NUMERIC),
    ],
    "the statistics",
    |call| {
        statistics(call, 0)?;
        let numbers = numbers_from(call, 1)?;
        let mut value = match call.take(0) {
            Value::Null => object(Statistics::default()),
            other => other,
        };
        match with_more(&mut value, &numbers) {
            Ok(()) => Ok(value),
            Err(reason) => call.fail(reason),
        }
    },
)
.gives(Types::OBJECT)
.examples(&[
    ("STATS_MEAN(STATS_ADD(null, 1, [2, 3], null))", "2.0"),
    ("STATS_COUNT(STATS_ADD(STATS_INIT(3), 1, 2, 3, 4))", "3.0"),
]);

pub(super) const STATS_MERGE: Function = Function::new(
    "STATS_MERGE",
    "One statistics from several.",
    &[optional(
        "stats",
        "A list of statistics; everything else in it is left out.",
    )
    .null_gives("null")],
    "the statistics; null when there are none",
    |call| {
        let all = members(call.get(0)).unwrap_or_default();
        let all: Vec<&Statistics> = all.iter().filter_map(Statistics::of).collect();
        let Some((first, rest)) = all.split_first() else {
            return Ok(Value::Null);
        };
        let mut merged = (*first).clone();
        for other in rest {
            if let Err(reason) = merged.merge(other) {
                return call.fail(reason);
            }
        }
        Ok(object(merged))
    },
)
.gives(Types::OBJECT.or(Types::NULL))
.examples(&[
    (
        "STATS_MEAN(STATS_MERGE([STATS_ADD(null, 1, 2), STATS_ADD(null, 6)]))",
        "3.0",
    ),
    (
        "STATS_MIN(STATS_MERGE([STATS_INIT(), STATS_ADD(null, 3)]))",
        "3.0",
    ),
    ("STATS_MERGE([])", "null"),
]);

pub(super) const STATS_PERCENTILE: Function = Function::new(
    "STATS_PERCENTILE",
    "The value below which a percentage of the values lies.",
    &[
        required("stats", "The statistics.")
            .of(Types::OBJECT)
            .null_gives("NaN"),
        required("percent", "From 0 to 100.").null_gives("NaN"),
    ],
    "a decimal number of 64 bits",
    |call| {
        let (Some(statistics), Some(percent)) = (statistics(call, 0)?, to_double(call.get(1)))
        else {
            return Ok(Value::Double(f64::NAN));
        };
        match statistics.percentile(percent) {
            Ok(value) => Ok(Value::Double(value)),
            Err(reason) => call.fail(reason),
        }
    },
)
.gives(Types::DECIMAL)
.examples(&[(
    "STATS_PERCENTILE(STATS_ADD(null, 1, 2, 3, 4, 5), 95)",
    "4.8",
)]);

pub(super) const STATS_BIN: Function = Function::new(
    "STATS_BIN",
    "The number of the bin that a value falls into, with percentiles as the bounds of the bins.",
    &[
        required("stats", "The statistics.")
            .of(Types::OBJECT)
            .null_gives("-1"),
        required("value", "The number.").null_gives("-1"),
        optional(
            "bounds",
            "Ascending percentages, or `QUARTILE`, `QUINTILE` or `DECILE`.",
        )
        .of(Types::TEXT.or(Types::LIST).or(Types::SET))
        .defaults_to("`QUARTILE`"),
    ],
    "the index",
    stats_bin,
)
.gives(Types::INTEGER)
.examples(&[(
    "STATS_BIN(STATS_ADD(null, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), 3)",
    "0",
)]);

fn stats_bin(call: &mut Call) -> Outcome {
    let evenly = |parts: u32| {
        (1..parts)
            .map(|part| f64::from(part * 100 / parts))
            .collect()
    };
    let percents: Vec<f64> = match call.get(2) {
        Value::Null => evenly(4),
        Value::Str(name) => match name.as_str() {
            "QUARTILE" => evenly(4),
            "QUINTILE" => evenly(5),
            "DECILE" => evenly(10),
            _ => return call.wrong(2, "QUARTILE, QUINTILE or DECILE"),
        },
        other => {
            let members = members(other);
            match members.and_then(|all| all.iter().map(Value::as_f64).collect()) {
                Some(percents) => percents,
                None => return call.wrong(2, "a list of percentages"),
            }
        }
    };
    let (Some(statistics), Some(value)) = (statistics(call, 0)?, to_double(call.get(1))) else {
        return Ok(Value::Int(-1));
    };
    let bounds = |at: usize| {
        percents
            .get(at)
            .and_then(|p| statistics.percentile(*p).ok())
    };
    match bin(value, percents.len(), &bounds) {
        Ok(index) => Ok(Value::Int(index)),
        Err(reason) => call.fail(reason),
    }
}

/// Adds numbers to the statistics of a value: in their place when nobody else holds them, else to a copy.
fn with_more(value: &mut Value, numbers: &[f64]) -> Result<(), &'static str> {
    if let Value::Object(shared) = value
        && let Some(unshared) = Arc::get_mut(shared)
        && let Some(statistics) = (unshared as &mut dyn Any).downcast_mut::<Statistics>()
    {
        return statistics.add_all(numbers);
    }
    let mut statistics = Statistics::of(value).cloned().unwrap_or_default();
    statistics.add_all(numbers)?;
    *value = object(statistics);
    Ok(())
}

pub(super) fn object(statistics: Statistics) -> Value {
    Value::Object(Arc::new(statistics))
}

/// Statistics or null; any other type is an error.
pub(super) fn statistics<'c>(
    call: &'c Call,
    at: usize,
) -> Result<Option<&'c Statistics>, EvalError> {
    match (Statistics::of(call.get(at)), call.get(at)) {
        (Some(statistics), _) => Ok(Some(statistics)),
        (None, Value::Null) => Ok(None),
        (None, _) => call.wrong(at, "statistics"),
    }
}
