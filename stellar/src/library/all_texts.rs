use crate::EvalError;
use crate::library::prelude::*;
use crate::operators::borrowed_text;

/// Whether the texts of all arguments pass a test, and there is at least one.
pub(crate) fn all(call: &mut Call, test: fn(&str) -> bool) -> Outcome {
    let mut verdict = call.len() > 0;
    for value in call.rest(0) {
        verdict = verdict && passes(value, test)?;
    }
    Ok(Value::Bool(verdict))
}

fn passes(value: &Value, test: fn(&str) -> bool) -> Result<bool, EvalError> {
    if value.is_null() {
        return Ok(false);
    }
    Ok(test(&borrowed_text(value)?))
}
