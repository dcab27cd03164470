use std::any::Any;
use std::sync::Arc;

use alidade_event::Object;

use super::statistics::Statistics;
use crate::EvalError;
use crate::library::function::members;
use crate::library::prelude::*;

/// Medians of the values and of their deviations from the median: of the current period, and of all periods before and now.
#[derive(Debug, Clone, Default)]
struct MadState {
    tick_values: Statistics,
    tick_deviations: Statistics,
    window_values: Statistics,
    window_deviations: Statistics,
}

impl Object for MadState {
    fn type_name(&self) -> &'static str {
        "MedianAbsoluteDeviationFunctions.State"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl MadState {
    fn of(value: &Value) -> Option<&MadState> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    fn add(&mut self, value: f64) -> Result<(), &'static str> {
        let median = self.window_values.percentile(50.0)?;
        self.tick_values.add(value)?;
        self.window_values.add(value)?;
        if median.is_nan() {
            return Ok(());
        }
        let deviation = (value - median).abs();
        self.tick_deviations.add(deviation)?;
        self.window_deviations.add(deviation)
    }

    fn merge(&mut self, other: &MadState) -> Result<(), &'static str> {
        self.window_values.merge(&other.tick_values)?;
        self.window_deviations.merge(&other.tick_deviations)
    }
}

pub(super) const OUTLIER_MAD_STATE_MERGE: Function = Function::new(
    "OUTLIER_MAD_STATE_MERGE",
    "A state for OUTLIER_MAD_ADD and OUTLIER_MAD_SCORE that knows the values of earlier states.",
    &[
        required(
            "states",
            "A list of earlier states; nulls among them are left out.",
        )
        .of(Types::LIST.or(Types::SET)),
        optional(
            "current",
            "The current state, whose own values count as well.",
        )
        .of(Types::OBJECT)
        .null_is_absent(),
    ],
    "the state",
    |call| {
        let mut merged = MadState::default();
        if let Some(current) = state(call, call.get(1))? {
            merged.window_values = current.tick_values.clone();
            merged.window_deviations = current.tick_deviations.clone();
        }
        for value in call.members_or_null(0)?.unwrap_or_default() {
            if let Some(earlier) = state(call, &value)?
                && let Err(reason) = merged.merge(earlier)
            {
                return call.fail(reason);
            }
        }
        Ok(Value::Object(Arc::new(merged)))
    },
)
.gives(Types::OBJECT)
.examples(&[(
    "OUTLIER_MAD_SCORE(OUTLIER_MAD_STATE_MERGE([]), null)",
    "null",
)]);

pub(super) const OUTLIER_MAD_ADD: Function = Function::new(
    "OUTLIER_MAD_ADD",
    "A state with more values.",
    &[required("state", "The state.").of(Types::OBJECT).null_gives("null"), required("values", "A number or a list of numbers.").of(Types::NUMBER.or(Types::LIST).or(Types::SET))],
    "the state",
    |call| {
        let state = state(call, call.get(0))?;
        let values = members(call.get(1)).unwrap_or_else(|| vec![call.get(1).clone()]);
        let mut numbers = Vec::with_capacity(values.len());
        for value in values.iter().filter(|value| !value.is_null()) {
            match value.as_f64() {
                Some(number) if number.is_nan() => {}
                Some(number) => numbers.push(number),
                None => return call.wrong(1, "a number or a list of numbers"),
            }
        }
        let Some(mut changed) = state.cloned() else {
            return Ok(Value::Null);
        };
        for number in numbers {
            if let Err(reason) = changed.add(number) {
                return call.fail(reason);
            }
        }
        Ok(Value::Object(Arc::new(changed)))
    },
)
.gives(Types::OBJECT.or(Types::NULL))
.examples(&[(
    "OUTLIER_MAD_SCORE(OUTLIER_MAD_ADD(OUTLIER_MAD_STATE_MERGE([]), [10, 10, 11, 12, 10, 9]), 50, 1.0)",
    "40.0",
)]);

pub(super) const OUTLIER_MAD_SCORE: Function = Function::new(
    "OUTLIER_MAD_SCORE",
    "How far a value is from the median, in median absolute deviations.",
    &[
        required("state", "The state.")
            .of(Types::OBJECT)
            .null_gives("NaN"),
        required("value", "The number.")
            .of(Types::NUMBER)
            .null_gives("NaN"),
        optional("scale", "What the score is multiplied with.")
            .of(Types::NUMBER)
            .defaults_to("0.6745"),
    ],
    "the score",
    |call| {
        let scale = call.number_or_null(2)?.unwrap_or(0.6745);
        let value = call.number_or_null(1)?;
        let (Some(state), Some(value)) = (state(call, call.get(0))?, value) else {
            return Ok(Value::Double(f64::NAN));
        };
        let median = |statistics: &Statistics| statistics.percentile(50.0).unwrap_or(f64::NAN);
        let distance = (value - median(&state.window_values)).abs();
        Ok(Value::Double(
            scale * distance / median(&state.window_deviations),
        ))
    },
)
.gives(Types::DECIMAL)
.examples(&[("OUTLIER_MAD_SCORE(null, 5)", "null")]);

fn state<'v>(call: &Call, value: &'v Value) -> Result<Option<&'v MadState>, EvalError> {
    match (MadState::of(value), value) {
        (Some(state), _) => Ok(Some(state)),
        (None, Value::Null) => Ok(None),
        (None, _) => call.fail("a state of OUTLIER_MAD_STATE_MERGE is needed"),
    }
}
