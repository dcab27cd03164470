//! Calls of lambdas, and the parameters that their bodies see.

use std::borrow::Cow;
use std::cell::Cell;

use alidade_event::Value;

use crate::EvalError;
use crate::evaluate::evaluate;
use crate::lambda::Lambda;
use crate::runtime::{Runtime, Variables};
use crate::scope::Place;

/// The parameters of the lambdas around, outermost first.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'e> {
    /// Those of the lambdas around the innermost one, as they were when it was made.
    captured: &'e [Value],
    /// Those of the innermost one.
    arguments: &'e [Argument],
}

/// The value of a parameter.
enum Argument {
    Kept(Value),
    /// The only use takes it away, so that a function may change it without a copy.
    UsedOnce(Cell<Value>),
}

impl<'e> Frame<'e> {
    /// Outside of all lambdas.
    pub const EMPTY: Frame<'static> = Frame {
        captured: &[],
        arguments: &[],
    };

    /// The value of a parameter for its use.
    pub fn parameter(&self, at: usize) -> Cow<'e, Value> {
        match self.argument(at) {
            Some(Argument::UsedOnce(value)) => Cow::Owned(value.take()),
            _ => Cow::Borrowed(self.value(at)),
        }
    }

    /// The value of a parameter that stays; null for one that its only use takes away.
    pub fn value(&self, at: usize) -> &'e Value {
        self.kept(at).unwrap_or(&Value::Null)
    }

    /// The value of a parameter, unless its only use takes it away.
    pub fn kept(&self, at: usize) -> Option<&'e Value> {
        match self.argument(at) {
            Some(Argument::Kept(value)) => Some(value),
            Some(Argument::UsedOnce(_)) => None,
            None => self.captured.get(at),
        }
    }

    fn argument(&self, at: usize) -> Option<&'e Argument> {
        self.arguments.get(at.checked_sub(self.captured.len())?)
    }
}

/// Deepest nesting of running lambdas.
const MAX_LAMBDA_DEPTH: u32 = 32;
/// Deepest nesting of their bodies together: bounds the stack that an evaluation takes.
const MAX_LEVELS: usize = 200;
/// Number of parameters that need no allocation: every function of the library calls with one or two.
const FEW: usize = 2;

/// Calls a lambda. Parameters without an argument are null, surplus arguments are dropped.
pub(crate) fn call_lambda(
    lambda: &Lambda,
    arguments: &mut [Value],
    runtime: &mut Runtime<'_>,
) -> Result<Value, EvalError> {
    runtime.count(1)?;
    if runtime.lambda_depth >= MAX_LAMBDA_DEPTH {
        return Err(EvalError::failed(format!(
            "lambdas call each other deeper than {MAX_LAMBDA_DEPTH} levels"
        )));
    }
    let node = &*lambda.node;
    let levels = runtime.lambda_levels + node.depth;
    if levels > MAX_LEVELS {
        return Err(EvalError::failed(format!(
            "lambdas that call each other nest deeper than {MAX_LEVELS} operations together"
        )));
    }
    if runtime.is_foreign(&node.home) {
        return call_foreign(lambda, arguments, runtime);
    }
    let mut few = [const { Argument::Kept(Value::Null) }; FEW];
    let mut many = Vec::new();
    let own = match few.get_mut(..node.used_once.len()) {
        Some(own) => own,
        None => {
            many.resize_with(node.used_once.len(), || Argument::Kept(Value::Null));
            &mut many[..]
        }
    };
    for ((own, used_once), argument) in own.iter_mut().zip(&node.used_once).zip(arguments) {
        let value = std::mem::take(argument);
        *own = match used_once {
            true => Argument::UsedOnce(Cell::new(value)),
            false => Argument::Kept(value),
        };
    }
    let frame = Frame {
        captured: &lambda.captured,
        arguments: own,
    };
    runtime.lambda_depth += 1;
    runtime.lambda_levels = levels;
    let outcome = evaluate(&node.body, frame, runtime).map(Cow::into_owned);
    runtime.lambda_levels = levels - node.depth;
    runtime.lambda_depth -= 1;
    outcome
}

/// Calls a lambda that came in a variable, from an expression of its own: there its variables are numbered, and into that
/// source its failures point.
#[cold]
fn call_foreign(
    lambda: &Lambda,
    arguments: &mut [Value],
    runtime: &mut Runtime<'_>,
) -> Result<Value, EvalError> {
    let home = &lambda.node.home;
    let names = home.get().map_or(&[][..], |names| names);
    let places: Vec<Place> = names.iter().map(|_| Place::default()).collect();
    let variables = Variables {
        home: Some(home),
        names,
        places: &places,
    };
    let outcome =
        runtime.with_variables(variables, |runtime| call_lambda(lambda, arguments, runtime));
    outcome.map_err(EvalError::without_place)
}
