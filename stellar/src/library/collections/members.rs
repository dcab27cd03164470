use std::sync::Arc;

use crate::EvalError;
use crate::character::Character;
use crate::lambda::Lambda;
use crate::library::prelude::*;
use crate::text::MAX_MEMBERS;

/// What MAP, FILTER and REDUCE go through: the members of a list or a set, the characters of a text.
/// A list is shared, not copied.
fn elements(call: &Call, at: usize) -> Result<Arc<Vec<Value>>, EvalError> {
    match call.get(at) {
        Value::List(members) => Ok(Arc::clone(members)),
        Value::Set(members) => Ok(Arc::new(members.iter().cloned().collect())),
        Value::Str(text) if text.len() <= MAX_MEMBERS => {
            Ok(Arc::new(text.chars().map(Character::value).collect()))
        }
        Value::Str(_) => call.fail(format_args!("the text has more than {MAX_MEMBERS} bytes")),
        _ => call.wrong(at, "a list, a set or text"),
    }
}

/// What a lambda is to be called for.
pub(super) enum Applied<'l> {
    To(Arc<Vec<Value>>, &'l Lambda),
    /// The members or the lambda are null: the members as they are.
    NotAtAll(Value),
}

/// The members that come as the first argument, and the lambda in the second one, which `lambda` is.
pub(super) fn elements_and_lambda<'l>(
    call: &Call,
    lambda: &'l Value,
) -> Result<Applied<'l>, EvalError> {
    let found = Lambda::of(lambda);
    if found.is_none() && !lambda.is_null() {
        return call.wrong(1, "a lambda");
    }
    if call.get(0).is_null() {
        return Ok(Applied::NotAtAll(Value::Null));
    }
    match (found, call.get(0)) {
        (Some(lambda), _) => Ok(Applied::To(elements(call, 0)?, lambda)),
        (None, set @ Value::Set(_)) => Ok(Applied::NotAtAll(set.clone())),
        (None, _) => Ok(Applied::NotAtAll(Value::List(elements(call, 0)?))),
    }
}

/// The members of a list or a set at a place; an empty list for null.
pub(super) fn members_or_none(call: &Call, at: usize) -> Result<Vec<Value>, EvalError> {
    Ok(call.members_or_null(at)?.unwrap_or_default())
}

/// Largest set or map that a function builds: members that are not text are looked for one by one.
const MAX_SET: usize = 20_000;

pub(super) fn check_size(size: usize) -> Result<(), EvalError> {
    if size <= MAX_SET {
        return Ok(());
    }
    Err(EvalError::failed(format!(
        "a set or map with more than {MAX_SET} members"
    )))
}
