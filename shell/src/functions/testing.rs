//! Calls of bodies without the language around them.

use std::sync::Arc;

use alidade_config::{FolderStore, Store};
use alidade_event::{Event, Map, NumberStyle, Value};
use alidade_parsers::BuiltInPatterns;
use alidade_stellar::{EvalError, HostCall, Library};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::body::Outcome as Answered;
use crate::Services;
use crate::repl::{Outcome, Session};

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
pub(super) struct Called(Answered);

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
pub(super) fn call(arguments: &[&str], code: impl FnOnce(&mut dyn HostCall) -> Answered) -> Called {
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

/// A session without a store, and the runtime that it needs.
pub(crate) fn session() -> (Session, Runtime) {
    session_on(None)
}

/// A session over a folder with one document, which is there as long as the last member.
pub(super) fn session_with_store(path: &str, document: &str) -> (Session, Runtime, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(path);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(&file, document).expect("a file");
    let (session, runtime) = session_on(Some(Arc::new(FolderStore::new(folder.path()))));
    (session, runtime, folder)
}

fn session_on(store: Option<Arc<dyn Store>>) -> (Session, Runtime) {
    let runtime = Runtime::new().expect("a runtime");
    let services = Services::new(runtime.handle().clone(), store, Arc::new(BuiltInPatterns));
    let services = Arc::new(services);
    let library = crate::install(Library::metron(), &services);
    (Session::new(library, services, Value::Null), runtime)
}

/// The answer to a line as text; a failure begins with `[!] `.
pub(super) fn shown(session: &Session, line: &str) -> String {
    match session.answer(line).outcome {
        Outcome::Value(value) => crate::shown(&value),
        Outcome::Failed(reason) => format!("[!] {reason}"),
        other => panic!("{line}: {other:?}"),
    }
}
