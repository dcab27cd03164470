use crate::EvalError;
use crate::convert::to_double;
use crate::library::prelude::*;

/// The numbers of all arguments from a place on, each a number or a list of numbers. Nulls are left out.
pub(super) fn numbers_from(call: &Call, from: usize) -> Result<Vec<f64>, EvalError> {
    let mut numbers = Vec::new();
    for argument in call.rest(from) {
        match argument {
            Value::List(members) => {
                numbers.reserve(members.len());
                for value in members.iter() {
                    push(call, value, &mut numbers)?;
                }
            }
            Value::Set(members) => {
                for value in members.iter() {
                    push(call, value, &mut numbers)?;
                }
            }
            value => push(call, value, &mut numbers)?,
        }
    }
    Ok(numbers)
}

fn push(call: &Call, value: &Value, numbers: &mut Vec<f64>) -> Result<(), EvalError> {
    if value.is_null() {
        return Ok(());
    }
    match to_double(value) {
        Some(number) => numbers.push(number),
        None => {
            return call.fail(format_args!(
                "{} is not a number",
                crate::operators::described(value)
            ));
        }
    }
    Ok(())
}
