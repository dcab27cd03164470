//! What a function is made of, and what a call of it looks like from inside.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use alidade_event::{Event, Map, Set, Str, Value};

use super::spec::{Availability, FunctionSpec, Parameter};
use crate::frame::call_lambda;
use crate::lambda::Lambda;
use crate::node::Prepared;
use crate::operators::described;
use crate::runtime::{Runtime, size};
use crate::text::text;
use crate::{EvalError, RemoteOutcome, Types};

pub(crate) type Outcome = Result<Value, EvalError>;
pub(crate) type Code = fn(&mut Call<'_, '_, '_>) -> Outcome;
/// Turns constant arguments (`None` stands for one that is not constant) into what the calls use.
pub(crate) type Prepare = fn(&[Option<&Value>]) -> Result<Option<Prepared>, Refused>;

/// A constant argument with which every call would fail.
pub(crate) struct Refused {
    pub argument: usize,
    pub reason: String,
}

impl Refused {
    /// For the argument at a place.
    pub fn at(argument: usize) -> impl Fn(String) -> Refused {
        move |reason| Refused { argument, reason }
    }
}

/// A function of the library.
#[derive(Clone)]
pub(crate) struct Function {
    pub spec: FunctionSpec,
    pub code: Code,
    pub prepare: Option<Prepare>,
    /// A call takes as long for large arguments as for small ones.
    pub quick: bool,
    /// The body that the host has given.
    pub host: Option<Arc<dyn HostFunction>>,
}

fn without_body(call: &mut Call) -> Outcome {
    call.fail("this function has no body here")
}

/// The code of every function with a body that the host has given.
fn call_host(call: &mut Call) -> Outcome {
    let Some(host) = call.host else {
        return without_body(call);
    };
    match host.call(call) {
        Err(EvalError::Failed {
            message,
            span: None,
        }) => call.fail(message),
        outcome => outcome,
    }
}

/// The body of a function that the language knows by its face only.
pub trait HostFunction: Send + Sync {
    /// The value of a call, whose number and kinds of arguments are as the function's declaration wants them as far as
    /// that could be told before.
    ///
    /// # Errors
    /// [`EvalError::failed`] with the reason, without the name of the function.
    fn call(&self, call: &mut dyn HostCall) -> Result<Value, EvalError>;
}

/// What a [`HostFunction`] sees of a call.
pub trait HostCall {
    /// The number of arguments given.
    fn count(&self) -> usize;
    /// The argument at a place; null when it was not given.
    fn argument(&self, at: usize) -> &Value;
    /// The global configuration.
    fn global(&self) -> &Value;
    /// The clock, in epoch milliseconds.
    fn now_ms(&self) -> i64;
    /// Every variable of the scope.
    fn variables(&self) -> Event;
    /// Calls a lambda that came as an argument.
    ///
    /// # Errors
    /// When the value is no lambda, and as its body.
    fn invoke(&mut self, lambda: &Value, arguments: Vec<Value>) -> Result<Value, EvalError>;
}

impl HostCall for Call<'_, '_, '_> {
    fn count(&self) -> usize {
        self.len()
    }

    fn argument(&self, at: usize) -> &Value {
        self.get(at)
    }

    fn global(&self) -> &Value {
        self.runtime.global()
    }

    fn now_ms(&self) -> i64 {
        self.runtime.now_ms()
    }

    fn variables(&self) -> Event {
        self.runtime.all_variables()
    }

    fn invoke(&mut self, lambda: &Value, mut arguments: Vec<Value>) -> Result<Value, EvalError> {
        match Lambda::of(lambda) {
            Some(lambda) => Call::invoke(self, lambda, &mut arguments),
            None => Err(EvalError::failed(format!(
                "expected a lambda, not {}",
                described(lambda)
            ))),
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.spec.name)
    }
}

impl Function {
    /// A function that depends on nothing but its arguments and ignores surplus ones.
    pub const fn new(
        name: &'static str,
        description: &'static str,
        parameters: &'static [Parameter],
        returns: &'static str,
        code: Code,
    ) -> Self {
        Function {
            spec: FunctionSpec {
                name,
                area: "",
                description,
                parameters,
                returns,
                examples: &[],
                usage: &[],
                deterministic: true,
                clock_below: 0,
                remote: false,
                exact: false,
                result: Types::ANY,
                availability: Availability::Everywhere,
            },
            code,
            prepare: None,
            quick: false,
            host: None,
        }
    }

    /// A function that is known by its face only, so that calls of it can be checked; whoever can do what it does gives it
    /// a body with [`crate::Library::with_host_function`].
    pub const fn declared(
        name: &'static str,
        description: &'static str,
        parameters: &'static [Parameter],
        returns: &'static str,
        availability: Availability,
    ) -> Self {
        let mut function = Function::new(name, description, parameters, returns, without_body);
        function.spec.deterministic = false;
        function.spec.availability = availability;
        function
    }

    /// The kinds of values that a call may give, null among them where it may.
    pub const fn gives(mut self, types: Types) -> Self {
        self.spec.result = types;
        self
    }

    pub const fn examples(mut self, examples: &'static [(&'static str, &'static str)]) -> Self {
        self.spec.examples = examples;
        self
    }

    /// Expressions that show how it is called where its value depends on more than the expression.
    pub const fn usage(mut self, usage: &'static [&'static str]) -> Self {
        self.spec.usage = usage;
        self
    }

    pub const fn exact(mut self) -> Self {
        self.spec.exact = true;
        self
    }

    /// The same arguments may give another value next time.
    pub const fn varying(mut self) -> Self {
        self.spec.deterministic = false;
        self
    }

    /// With fewer arguments than this, the value depends on the clock.
    pub const fn clock_below(mut self, arguments: usize) -> Self {
        self.spec.clock_below = arguments;
        self
    }

    /// A call takes as long for large arguments as for small ones.
    pub const fn quick(mut self) -> Self {
        self.quick = true;
        self
    }

    pub const fn remote(mut self) -> Self {
        self.spec.remote = true;
        self.spec.deterministic = false;
        self
    }

    /// The same function with a body, so that it can be called.
    pub fn with_host(mut self, host: Arc<dyn HostFunction>) -> Self {
        self.spec.availability = Availability::Everywhere;
        self.code = call_host;
        self.host = Some(host);
        self
    }

    pub const fn prepared(mut self, prepare: Prepare) -> Self {
        self.prepare = Some(prepare);
        self
    }
}

/// A call under way: its arguments, and what a function may do besides.
pub(crate) struct Call<'c, 'e, 'r> {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'c mut [Cow<'e, Value>],
    pub(crate) runtime: &'c mut Runtime<'r>,
    pub(crate) prepared: Option<&'e Prepared>,
    pub(crate) host: Option<&'e dyn HostFunction>,
}

impl Call<'_, '_, '_> {
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// The argument at a place; null when it was not given.
    pub fn get(&self, at: usize) -> &Value {
        self.arguments.get(at).map_or(&Value::Null, |value| value)
    }

    /// The argument at a place, without a copy where it is not needed elsewhere.
    pub fn take(&mut self, at: usize) -> Value {
        match self.arguments.get_mut(at) {
            None => Value::Null,
            Some(argument) => std::mem::take(argument).into_owned(),
        }
    }

    /// As [`Call::take`], for an argument that is going to be changed: a copy of a large one is counted as work.
    pub fn take_to_change(&mut self, at: usize) -> Outcome {
        let value = self.take(at);
        let shared = match &value {
            Value::List(members) => Arc::strong_count(members) > 1,
            Value::Map(map) => Arc::strong_count(map) > 1,
            Value::Set(members) => Arc::strong_count(members) > 1,
            _ => false,
        };
        if shared {
            self.runtime.charge(size(&value))?;
        }
        Ok(value)
    }

    /// Counts a value that is put into another one.
    pub fn nest(&mut self, value: &Value) -> Result<(), EvalError> {
        self.runtime.nest(value)
    }

    /// All arguments from a place on.
    pub fn rest(&self, from: usize) -> impl Iterator<Item = &Value> {
        self.arguments.iter().skip(from).map(|value| &**value)
    }

    pub fn fail<T>(&self, message: impl fmt::Display) -> Result<T, EvalError> {
        Err(EvalError::failed(format!("{}: {message}", self.name)))
    }

    /// The failure of an argument that is of the wrong type.
    pub fn wrong<T>(&self, at: usize, expected: &str) -> Result<T, EvalError> {
        let found = described(self.get(at));
        self.fail(format_args!(
            "argument {} must be {expected}, not {found}",
            at + 1
        ))
    }

    /// Text or null; any other type is an error.
    pub fn text_or_null(&self, at: usize) -> Result<Option<&Str>, EvalError> {
        match self.get(at) {
            Value::Null => Ok(None),
            Value::Str(text) => Ok(Some(text)),
            _ => self.wrong(at, "text"),
        }
    }

    /// Any value by its text; nothing for null.
    pub fn any_text(&self, at: usize) -> Result<Option<Str>, EvalError> {
        match self.get(at) {
            Value::Null => Ok(None),
            other => text(other).map(Some),
        }
    }

    pub fn list(&self, at: usize) -> Result<&[Value], EvalError> {
        match self.get(at) {
            Value::List(members) => Ok(members),
            _ => self.wrong(at, "a list"),
        }
    }

    pub fn map_or_null(&self, at: usize) -> Result<Option<&Map>, EvalError> {
        match self.get(at) {
            Value::Null => Ok(None),
            Value::Map(map) => Ok(Some(map)),
            _ => self.wrong(at, "a map"),
        }
    }

    /// The members of a list or a set; nothing for null; any other type is an error.
    pub fn members_or_null(&self, at: usize) -> Result<Option<Vec<Value>>, EvalError> {
        match members(self.get(at)) {
            Some(members) => Ok(Some(members)),
            None if self.get(at).is_null() => Ok(None),
            None => self.wrong(at, "a list or a set"),
        }
    }

    /// A number as a double; nothing for null; any other type is an error.
    pub fn number_or_null(&self, at: usize) -> Result<Option<f64>, EvalError> {
        match self.get(at) {
            Value::Null => Ok(None),
            other => match other.as_f64() {
                Some(number) => Ok(Some(number)),
                None => self.wrong(at, "a number"),
            },
        }
    }

    pub fn prepared<T: 'static>(&self) -> Option<&T> {
        self.prepared.and_then(|prepared| prepared.downcast_ref())
    }

    pub fn now_ms(&self) -> i64 {
        self.runtime.now_ms()
    }

    /// The map under a key of the global configuration.
    pub fn global_map(&self, key: &str) -> Option<&Map> {
        let Value::Map(global) = self.runtime.global() else {
            return None;
        };
        match global.get_str(key) {
            Some(Value::Map(map)) => Some(map),
            _ => None,
        }
    }

    /// Calls a lambda; the arguments are taken away.
    pub fn invoke(&mut self, lambda: &Lambda, arguments: &mut [Value]) -> Outcome {
        call_lambda(lambda, arguments, self.runtime)
    }

    /// Hands the call to whoever answers for the world outside.
    pub fn call_remote(&mut self) -> Outcome {
        // The functions that call have three parameters at most: no allocation for their arguments.
        let mut few = [const { Value::Null }; 3];
        if let Some(taken) = few.get_mut(..self.len()) {
            for (at, value) in taken.iter_mut().enumerate() {
                *value = self.take(at);
            }
            return self.call_remote_with(taken);
        }
        let arguments: Vec<Value> = self.rest(0).cloned().collect();
        self.call_remote_with(&arguments)
    }

    /// As [`Call::call_remote`], with other arguments than were given.
    pub fn call_remote_with(&mut self, arguments: &[Value]) -> Outcome {
        match self.runtime.remote.call(self.name, arguments) {
            RemoteOutcome::Ready(value) => Ok(value),
            RemoteOutcome::Pending => Err(EvalError::Pending),
            RemoteOutcome::Failed(reason) => self.fail(reason),
        }
    }
}

/// The members of a list or a set.
pub(crate) fn members(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(members) => Some(members.to_vec()),
        Value::Set(members) => Some(members.iter().cloned().collect()),
        _ => None,
    }
}

/// The list inside a value, for changing it: the value's own when nobody else holds it, else a copy.
pub(crate) fn list_mut(value: &mut Value) -> Option<&mut Vec<Value>> {
    match value {
        Value::List(members) => Some(Arc::make_mut(members)),
        _ => None,
    }
}

pub(crate) fn map_mut(value: &mut Value) -> Option<&mut Map> {
    match value {
        Value::Map(map) => Some(Arc::make_mut(map)),
        _ => None,
    }
}

pub(crate) fn set_mut(value: &mut Value) -> Option<&mut Set> {
    match value {
        Value::Set(members) => Some(Arc::make_mut(members)),
        _ => None,
    }
}
