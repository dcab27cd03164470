//! Bodies made of closures, and what they ask of their arguments.

use std::sync::Arc;

use alidade_event::Value;
use alidade_stellar::{EvalError, HostCall, HostFunction};

pub(super) type Outcome = Result<Value, EvalError>;

struct Closure<F>(F);

impl<F> HostFunction for Closure<F>
where
    F: Fn(&mut dyn HostCall) -> Outcome + Send + Sync,
{
    fn call(&self, call: &mut dyn HostCall) -> Outcome {
        (self.0)(call)
    }
}

/// A function whose body is a closure.
pub(super) fn body<F>(code: F) -> Arc<dyn HostFunction>
where
    F: Fn(&mut dyn HostCall) -> Outcome + Send + Sync + 'static,
{
    Arc::new(Closure(code))
}

pub(super) fn fail<T>(message: impl Into<String>) -> Result<T, EvalError> {
    Err(EvalError::failed(message))
}

/// The failure of an argument that is of the wrong type.
pub(super) fn wrong<T>(call: &dyn HostCall, at: usize, expected: &str) -> Result<T, EvalError> {
    let found = match call.argument(at) {
        Value::Null => "null",
        other => other.type_name(),
    };
    fail(format!(
        "argument {} must be {expected}, not {found}",
        at + 1
    ))
}
