//! `REST_GET` and `REST_POST`: requests to other services.
//!
//! The calls of a batch are noted down, made together, and their answers kept until the batch is over. Equal calls of one
//! batch are one request.

mod client;
mod request;
mod settings;

use std::collections::{HashMap, HashSet};

use alidade_event::Value;
use alidade_stellar::RemoteOutcome;

pub use client::RestClient;
use request::Request;

/// The requests of one batch.
pub(super) struct RestCalls {
    client: RestClient,
    answers: HashMap<String, Value>,
    noted_keys: HashSet<String>,
    noted: Vec<(String, Request)>,
}

impl RestCalls {
    pub(super) fn new(client: RestClient) -> RestCalls {
        RestCalls {
            client,
            answers: HashMap::new(),
            noted_keys: HashSet::new(),
            noted: Vec::new(),
        }
    }

    /// Forgets the last batch.
    pub(super) fn begin_batch(&mut self) {
        self.answers.clear();
        self.noted_keys.clear();
        self.noted.clear();
    }

    /// The answer if it is known; notes the call down otherwise.
    pub(super) fn call(&mut self, function: &'static str, arguments: &[Value]) -> RemoteOutcome {
        let key = key_of(function, arguments);
        if let Some(answer) = self.answers.get(&key) {
            return RemoteOutcome::Ready(answer.clone());
        }
        if self.noted_keys.contains(&key) {
            return RemoteOutcome::Pending;
        }
        match Request::read(function, arguments) {
            Err(why) => RemoteOutcome::Failed(why),
            Ok(request) => {
                self.noted_keys.insert(key.clone());
                self.noted.push((key, request));
                RemoteOutcome::Pending
            }
        }
    }

    /// What a call yields that is not made at all: null, or what the settings of a request say.
    pub(super) fn value_of_failure(function: &str, arguments: &[Value]) -> Value {
        if !matches!(function, "REST_GET" | "REST_POST") {
            return Value::Null;
        }
        let request = Request::read(function, arguments);
        request.map_or(Value::Null, |request| request.settings.error_value)
    }

    /// Makes the noted requests and blocks the thread until every one has its answer.
    pub(super) fn perform(&mut self) {
        if self.noted.is_empty() {
            return;
        }
        let noted = std::mem::take(&mut self.noted);
        self.noted_keys.clear();
        self.answers.extend(self.client.perform(noted));
    }
}

fn key_of(function: &str, arguments: &[Value]) -> String {
    let mut key = function.to_owned();
    for argument in arguments {
        key.push('\0');
        key.push_str(&argument.to_json());
    }
    key
}
