//! Calls of bodies without the language around them.

use alidade_event::{Event, Map, NumberStyle, Value};
use alidade_stellar::{EvalError, HostCall};

use super::body::Outcome;

/// A call with given arguments.
pub(super) struct FakeCall {
    arguments: Vec<Value>,
    global: Value,
}

impl HostCall for FakeCall {
    fn count(&self) -> usize {
        self.arguments.len()
    }

    fn argument(&self, at: usize) -> &Value {
        self.arguments.get(at).unwrap_or(&Value::Null)
    }

    fn global(&self) -> &Value {
        &self.global
    }

    fn now_ms(&self) -> i64 {
        0
    }

    fn variables(&self) -> Event {
        Event::default()
    }

    fn invoke(&mut self, _lambda: &Value, _arguments: Vec<Value>) -> Result<Value, EvalError> {
        Err(EvalError::failed("no lambda is expected"))
    }
}

/// What a call has given.
pub(super) struct Called(Outcome);

impl Called {
    /// The value as JSON.
    #[track_caller]
    pub(super) fn value(self) -> String {
        self.0.expect("a value").to_json()
    }

    /// The value, which is text.
    #[track_caller]
    pub(super) fn text(self) -> String {
        self.0.expect("a value").as_str().expect("text").to_owned()
    }

    #[track_caller]
    pub(super) fn error(self) -> String {
        self.0.expect_err("a failure").to_string()
    }
}

/// Calls with arguments as JSON.
pub(super) fn call(arguments: &[&str], code: impl FnOnce(&mut dyn HostCall) -> Outcome) -> Called {
    let value = |json: &&str| {
        let json: serde_json::Value = serde_json::from_str(json).expect("an argument is JSON");
        Value::from_serde(&json, NumberStyle::Jackson)
    };
    let mut fake = FakeCall {
        arguments: arguments.iter().map(value).collect(),
        global: Value::map(Map::new()),
    };
    Called(code(&mut fake))
}

/// Text as a JSON argument.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
