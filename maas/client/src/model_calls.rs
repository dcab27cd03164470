use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use alidade_event::{Map, Str, Value};
use alidade_stellar::{RemoteCalls, RemoteOutcome};

use crate::answer_cache::{Key, KeyHashing};
use crate::call::{Call, Together, request_target};
use crate::call_key::{Addressee, Form, batch_path_of, path_of, text_of, write_key};
use crate::health::monotonic_ms;
use crate::{Caller, Endpoints, Models};

/// The model calls of one batch of events.
///
/// Evaluate every event of the batch with this as its remote end. Calls whose answers are known are answered at once, the
/// others are noted down. Then [`ModelCalls::perform`] makes them, and the events that had to wait are evaluated again;
/// they find the answers here, whatever the cache has dropped meanwhile. Call [`ModelCalls::begin_batch`] before the next
/// batch.
#[derive(Debug)]
pub struct ModelCalls {
    models: Models,
    caller: Caller,
    /// The registered endpoints when the batch began: all its events see the same.
    endpoints: Arc<Endpoints>,
    now: Instant,
    now_ms: u64,
    answers: HashMap<Key, Value, KeyHashing>,
    noted_keys: HashSet<Key, KeyHashing>,
    noted: Vec<Call>,
    key: Vec<u8>,
    cache_hits: u64,
}

impl ModelCalls {
    pub fn new(models: Models, caller: Caller) -> ModelCalls {
        let hashing = KeyHashing::new();
        ModelCalls {
            endpoints: models.endpoints(),
            models,
            caller,
            now: Instant::now(),
            now_ms: monotonic_ms(),
            answers: HashMap::with_hasher(hashing),
            noted_keys: HashSet::with_hasher(hashing),
            noted: Vec::new(),
            key: Vec::with_capacity(256),
            cache_hits: 0,
        }
    }

    /// Forgets the last batch and takes up the endpoints and the clock of now.
    pub fn begin_batch(&mut self) {
        self.count_hits();
        self.endpoints = self.models.endpoints();
        self.now = Instant::now();
        self.now_ms = monotonic_ms();
        self.answers.clear();
        self.noted_keys.clear();
        self.noted.clear();
    }

    /// How many calls wait to be performed.
    pub fn noted(&self) -> usize {
        self.noted.len()
    }

    /// Performs all noted calls at once and blocks the thread until every one has its answer, null where it failed. Not to
    /// be called from within an async task.
    pub fn perform(&mut self) {
        self.count_hits();
        if self.noted.is_empty() {
            return;
        }
        let calls = std::mem::take(&mut self.noted);
        self.noted_keys.clear();
        let answers = self.caller.perform(calls, &self.models);
        self.answers.extend(answers);
        self.now_ms = monotonic_ms();
    }

    fn count_hits(&mut self) {
        let hits = std::mem::take(&mut self.cache_hits);
        if hits > 0 {
            metrics::counter!("alidade_maas_answers_from_cache_total").increment(hits);
        }
    }

    fn get_endpoint(&self, arguments: &[Value]) -> Value {
        let name = match arguments.first() {
            None | Some(Value::Null) => return Value::Null,
            Some(name) => text_of(name),
        };
        let version: Option<Cow<'_, str>> = match arguments.get(1) {
            None | Some(Value::Null) => None,
            Some(version) => Some(text_of(version)),
        };
        self.endpoints
            .get_endpoint(&name, version.as_deref(), self.now_ms)
    }

    fn model_apply(&mut self, arguments: &[Value]) -> RemoteOutcome {
        let (function, model_arguments) = match arguments {
            [_, Value::Str(_)] => {
                return RemoteOutcome::Failed(
                    "MAAS_MODEL_APPLY needs the model's arguments, a map, as its last argument"
                        .to_owned(),
                );
            }
            [_, model_arguments] => (None, model_arguments),
            [_, Value::Str(function), model_arguments, ..] => (Some(function), model_arguments),
            [_, _, model_arguments, ..] => (None, model_arguments),
            _ => {
                return RemoteOutcome::Failed(
                    "MAAS_MODEL_APPLY needs an endpoint and the model's arguments".to_owned(),
                );
            }
        };
        let Some(Value::Map(endpoint)) = arguments.first() else {
            return RemoteOutcome::Ready(Value::Null);
        };
        // Anything but a map means no arguments, as upstream has it.
        let model_arguments = match model_arguments {
            Value::Map(map) => Some(&**map),
            _ => None,
        };
        match self.answer(endpoint, function, model_arguments) {
            Some(value) => RemoteOutcome::Ready(value),
            None => RemoteOutcome::Pending,
        }
    }

    /// The known answer to a call; notes the call down where there is none.
    fn answer(
        &mut self,
        endpoint: &Arc<Map>,
        function: Option<&Str>,
        model_arguments: Option<&Map>,
    ) -> Option<Value> {
        let path = path_of(endpoint, function);
        let Some((addressee, model)) = addressee_of(&self.endpoints, endpoint) else {
            return Some(Value::Null);
        };
        let form = match batch_path_of(endpoint, function) {
            Some(_) => Form::Json,
            None => Form::Query,
        };
        write_key(&mut self.key, addressee, path, model_arguments, form);
        if !self.answers.is_empty()
            && let Some(value) = self.answers.get(self.key.as_slice())
        {
            return Some(value.clone());
        }
        if let Some(value) = self.caller.cached(&self.key, self.now) {
            self.cache_hits += 1;
            return Some(value);
        }
        if self.noted_keys.contains(self.key.as_slice()) {
            return None;
        }
        let call = Call {
            key: Key::from(self.key.as_slice()),
            model: model.cloned(),
            url: Str::new(text_field(endpoint, "url").unwrap_or_default()),
            target: request_target(path, model_arguments),
            together: model.and_then(|_| together(endpoint, function, model_arguments)),
        };
        self.noted_keys.insert(call.key.clone());
        self.noted.push(call);
        None
    }
}

impl Drop for ModelCalls {
    fn drop(&mut self) {
        self.count_hits();
    }
}

impl RemoteCalls for ModelCalls {
    fn call(&mut self, function: &'static str, arguments: &[Value]) -> RemoteOutcome {
        match function {
            "MAAS_GET_ENDPOINT" => RemoteOutcome::Ready(self.get_endpoint(arguments)),
            "MAAS_MODEL_APPLY" => self.model_apply(arguments),
            other => {
                RemoteOutcome::Failed(format!("{other} is not a function of the model service"))
            }
        }
    }
}

/// How a call is made together with others, if the model can do that.
fn together(endpoint: &Map, function: Option<&Str>, arguments: Option<&Map>) -> Option<Together> {
    let path = batch_path_of(endpoint, function)?;
    let arguments = Value::map(arguments.cloned().unwrap_or_default());
    Some(Together {
        target: format!("/{}", path.trim_start_matches('/')),
        arguments: arguments.to_json(),
    })
}

fn text_field<'a>(endpoint: &'a Map, field: &str) -> Option<&'a str> {
    endpoint.get_str(field).and_then(Value::as_str)
}

/// Whom an endpoint map speaks of; nothing when it has no URL.
fn addressee_of<'a>(
    endpoints: &'a Endpoints,
    endpoint: &'a Arc<Map>,
) -> Option<(
    Addressee<'a>,
    Option<&'a Arc<crate::endpoints::ModelVersion>>,
)> {
    if let Some(model) = endpoints.model_of_map(endpoint) {
        return Some((Addressee::Model(model), Some(model)));
    }
    let url = text_field(endpoint, "url")?;
    let name = text_field(endpoint, "name").unwrap_or_default();
    let version = text_field(endpoint, "version").unwrap_or_default();
    // A map that was copied, or that came from an earlier state of the registry, still speaks of a registered instance.
    let registered = endpoints
        .find(name, Some(version))
        .filter(|model| model.instances.iter().any(|instance| instance.url == url));
    match registered {
        Some(model) => Some((Addressee::Model(model), Some(model))),
        None => Some((Addressee::Other { url, name, version }, None)),
    }
}
