//! What the bodies ask of their arguments. A null stands for an argument that was not given.

use alidade_event::{Str, Value};
use alidade_stellar::{EvalError, HostCall, conversion};

use super::body::{fail, wrong};

/// Text, if there is an argument.
pub(super) fn text(call: &dyn HostCall, at: usize) -> Result<Option<&Str>, EvalError> {
    match call.argument(at) {
        Value::Null => Ok(None),
        Value::Str(text) => Ok(Some(text)),
        _ => wrong(call, at, "text"),
    }
}

/// Text that must be there and hold more than blanks.
pub(super) fn required_text(call: &dyn HostCall, at: usize) -> Result<&Str, EvalError> {
    match text(call, at)? {
        Some(text) if !text.trim().is_empty() => Ok(text),
        Some(_) => fail(format!("argument {} must not be blank", at + 1)),
        None => wrong(call, at, "text"),
    }
}

/// A whole number, also one that is written as text or as a decimal number.
pub(super) fn whole_number(call: &dyn HostCall, at: usize) -> Result<Option<i64>, EvalError> {
    match call.argument(at) {
        Value::Null => Ok(None),
        value => match to_whole(value) {
            Some(number) => Ok(Some(number)),
            None => wrong(call, at, "a whole number"),
        },
    }
}

pub(super) fn to_whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(i64::from(*number)),
        Value::Long(number) => Some(*number),
        Value::Float(_) | Value::Double(_) => {
            let number = value.as_f64()?;
            // Beyond this, a double does not hold every whole number.
            let is_exact = number.trunc() == number && number.abs() < 9e15;
            is_exact.then_some(number as i64)
        }
        Value::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A boolean, or what converts to one.
pub(super) fn truth(call: &dyn HostCall, at: usize) -> Result<Option<bool>, EvalError> {
    match call.argument(at) {
        Value::Null => Ok(None),
        value => match conversion::to_bool(value) {
            Some(truth) => Ok(Some(truth)),
            None => wrong(call, at, "a boolean"),
        },
    }
}

/// The members of a list or a set of texts.
pub(super) fn texts(call: &dyn HostCall, at: usize) -> Result<Option<Vec<Str>>, EvalError> {
    let members: Vec<&Value> = match call.argument(at) {
        Value::Null => return Ok(None),
        Value::List(members) => members.iter().collect(),
        Value::Set(members) => members.iter().collect(),
        _ => return wrong(call, at, "a list of texts"),
    };
    let mut texts = Vec::with_capacity(members.len());
    for member in members {
        match member {
            Value::Str(text) => texts.push(text.clone()),
            other => {
                return fail(format!(
                    "argument {} must hold texts only, not {}",
                    at + 1,
                    other.type_name()
                ));
            }
        }
    }
    Ok(Some(texts))
}

/// The members of a map of texts.
pub(super) fn text_members(
    call: &dyn HostCall,
    at: usize,
) -> Result<Option<Vec<(Str, Str)>>, EvalError> {
    let map = match call.argument(at) {
        Value::Null => return Ok(None),
        Value::Map(map) => map,
        _ => return wrong(call, at, "a map from names to expressions"),
    };
    let mut members = Vec::with_capacity(map.len());
    for member in map.iter() {
        match member {
            (Value::Str(name), Value::Str(text)) => members.push((name.clone(), text.clone())),
            (name, value) => {
                return fail(format!(
                    "argument {} must map names to the texts of expressions: the value of {} is {}",
                    at + 1,
                    name.to_json(),
                    value.type_name()
                ));
            }
        }
    }
    Ok(Some(members))
}
