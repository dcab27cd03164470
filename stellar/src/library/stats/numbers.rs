use crate::EvalError;
use crate::convert::to_double;
use crate::library::function::members;
use crate::library::prelude::*;

/// The numbers of all arguments from a place on, each a number or a list of numbers. Nulls are left out.
pub(super) fn numbers_from(call: &Call, from: usize) -> Result<Vec<f64>, EvalError> {
    let mut numbers = Vec::new();
    for argument in call.rest(from) {
        let values = members(argument).unwrap_or_else(|| vec![argument.clone()]);
        for value in values.iter().filter(|value| !value.is_null()) {
            match to_double(value) {
                Some(number) => numbers.push(number),
                None => {
                    return call.fail(format_args!(
                        "{} is not a number",
                        crate::operators::described(value)
                    ));
                }
            }
        }
    }
    Ok(numbers)
}
