use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use alidade_event::{Map, Origin, Str, Value};
use alidade_stellar::{RemoteCalls, RemoteOutcome};

use crate::answer_cache::{Key, KeyHashing};
use crate::call::{Call, Together, request_target};
use crate::call_key::{Addressee, Form, batch_path_of, path_of, text_of, write_key};
use crate::chosen::Chosen;
use crate::endpoints::ModelVersion;
use crate::health::monotonic_ms;
use crate::random::random;
use crate::routes::is_among;
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
    chosen: Chosen,
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
            chosen: Chosen::new(monotonic_ms()),
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
        self.chosen.begin_batch(self.now_ms);
        self.answers.clear();
        self.noted_keys.clear();
        self.noted.clear();
    }

    /// From now on an event of this record is evaluated. A look-up that names no version gives the same version of a model
    /// as often as the record is evaluated, also in a later run: which one follows from the record's place. Without this
    /// call everything in a batch counts as one record of an unknown place.
    pub fn begin_event(&mut self, origin: &Origin) {
        self.chosen.begin_event(origin);
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

    fn get_endpoint(&mut self, arguments: &[Value]) -> Value {
        let name = match arguments.first() {
            None | Some(Value::Null) => return Value::Null,
            Some(name) => text_of(name),
        };
        let version: Option<Cow<'_, str>> = match arguments.get(1) {
            None | Some(Value::Null) => None,
            Some(version) => Some(text_of(version)),
        };
        let Some(model) = self.endpoints.model(&name) else {
            return Value::Null;
        };
        let chosen = match &version {
            Some(version) => model.version(version),
            None => self.chosen.version_of(&name, model),
        };
        let drawn = chosen.and_then(|chosen| chosen.draw(self.now_ms));
        drawn.map_or(Value::Null, |instance| instance.map(version.is_some()))
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
        let Some(addressed) = addressee_of(&self.endpoints, endpoint) else {
            return Some(Value::Null);
        };
        let form = match batch_path_of(endpoint, function) {
            Some(_) => Form::Json,
            None => Form::Query,
        };
        write_key(
            &mut self.key,
            addressed.addressee,
            path,
            model_arguments,
            form,
        );
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
        let shadows = match addressed.model {
            Some(model) if addressed.names_no_version => {
                self.shadows_of(model, function, model_arguments)
            }
            _ => Vec::new(),
        };
        let call = Call {
            key: Key::from(self.key.as_slice()),
            shadows,
            ..call_of(endpoint, addressed.model, function, model_arguments)
        };
        self.noted_keys.insert(call.key.clone());
        self.noted.push(call);
        None
    }

    /// The calls to other versions that go with a call to this one.
    fn shadows_of(
        &self,
        answering: &Arc<ModelVersion>,
        function: Option<&Str>,
        arguments: Option<&Map>,
    ) -> Vec<Call> {
        let model = self.endpoints.model(&answering.name);
        let Some((model, routes)) = model.and_then(|model| Some((model, model.routes.as_ref()?)))
        else {
            return Vec::new();
        };
        let mut calls = Vec::new();
        for (at, share) in &routes.shadows {
            let Some(version) = model.versions.get(*at) else {
                continue;
            };
            if Arc::ptr_eq(version, answering) || !is_among(random(), *share) {
                continue;
            }
            if let Some(instance) = version.draw(self.now_ms)
                && let Value::Map(endpoint) = instance.map(true)
            {
                calls.push(call_of(&endpoint, Some(version), function, arguments));
            }
        }
        calls
    }
}

/// A call without its key.
fn call_of(
    endpoint: &Map,
    model: Option<&Arc<ModelVersion>>,
    function: Option<&Str>,
    arguments: Option<&Map>,
) -> Call {
    Call {
        key: Key::default(),
        model: model.cloned(),
        url: Str::new(text_field(endpoint, "url").unwrap_or_default()),
        target: request_target(path_of(endpoint, function), arguments),
        together: model.and_then(|_| together(endpoint, function, arguments)),
        shadows: Vec::new(),
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

/// Whom an endpoint map speaks of.
struct Addressed<'a> {
    addressee: Addressee<'a>,
    model: Option<&'a Arc<ModelVersion>>,
    /// The map answers a look-up that named no version, of a model that has shadows.
    names_no_version: bool,
}

/// Whom an endpoint map speaks of; nothing when it has no URL.
fn addressee_of<'a>(endpoints: &'a Endpoints, endpoint: &'a Arc<Map>) -> Option<Addressed<'a>> {
    if let Some(known) = endpoints.known_map(endpoint) {
        return Some(Addressed {
            addressee: Addressee::Model(&known.version),
            model: Some(&known.version),
            names_no_version: known.names_no_version,
        });
    }
    let url = text_field(endpoint, "url")?;
    let name = text_field(endpoint, "name").unwrap_or_default();
    let version = text_field(endpoint, "version").unwrap_or_default();
    // A map that was copied, or that came from an earlier state of the registry, still speaks of a registered instance.
    let model = endpoints
        .find(name, version)
        .filter(|model| model.instances.iter().any(|instance| instance.url == url));
    Some(Addressed {
        addressee: match model {
            Some(model) => Addressee::Model(model),
            None => Addressee::Other { url, name, version },
        },
        model,
        names_no_version: false,
    })
}
