//! CONFIG_GET and CONFIG_PUT: documents where the pipeline finds them.

use std::sync::Arc;
use std::time::Duration;

use alidade_config::load_configs::judge;
use alidade_config::{
    Compiler, ConfigError, DocumentId, Kind, Problem, RawDocument, RawTree, Store,
};
use alidade_event::Value;
use alidade_stellar::{EvalError, HostCall, Library};

use super::Bodies;
use super::arguments::{required_text, text};
use super::body::{Outcome, body, fail, wrong};
use crate::Services;

/// How long the store may take; it has a shorter patience of its own.
const LIMIT: Duration = Duration::from_secs(60);

/// The most problems of a document that are told.
const MOST_PROBLEMS: usize = 20;

pub(super) fn bodies(services: &Arc<Services>) -> Bodies {
    let (to_get, to_put) = (Arc::clone(services), Arc::clone(services));
    vec![
        ("CONFIG_GET", body(move |call| get(call, &to_get))),
        ("CONFIG_PUT", body(move |call| put(call, &to_put))),
    ]
}

/// The document as it is stored, to the byte.
fn get(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let kind = kind(call)?;
    let last = call.count().saturating_sub(1);
    let is_minimal_wanted = match call.argument(last) {
        Value::Bool(wanted) if last > 0 => *wanted,
        _ => true,
    };
    let id = document(call, kind, 1)?;
    let stored = on_store(services, |store| async move { store.read(&id).await })?;
    match stored {
        Some(document) => match std::str::from_utf8(&document.bytes) {
            Ok(text) => Ok(Value::str(text)),
            Err(_) => fail("the stored document is not UTF-8 text; push it anew"),
        },
        None if is_minimal_wanted => Ok(Value::str(minimal(kind))),
        None => Ok(Value::Null),
    }
}

/// Writes the document to the byte if it is valid.
fn put(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let kind = kind(call)?;
    let Some(json) = text(call, 1)? else {
        return Ok(Value::Null);
    };
    let id = document(call, kind, 2)?;
    let raw = RawDocument::new(json.as_bytes(), 0);
    let mut tree = RawTree::default();
    tree.documents.insert(id.clone(), raw.clone());
    let compiler = Compiler::new(Library::metron(), Arc::clone(&services.patterns) as _);
    let (blocking, warnings) = judge(&tree, &compiler);
    if !blocking.is_empty() {
        return fail(refusal(&id, &blocking));
    }
    on_store(services, |store| async move {
        store.write(&id, &raw.bytes).await
    })?;
    for warning in warnings {
        tracing::warn!("{}", warning.one_line());
    }
    Ok(Value::Null)
}

fn kind(call: &dyn HostCall) -> Result<Kind, EvalError> {
    let name = required_text(call, 0)?;
    match Kind::from_type_name(name) {
        Some(kind) => Ok(kind),
        None => fail(format!(
            "there is no configuration type {name:?}; use GLOBAL, PARSER, ENRICHMENT, INDEXING or PROFILER"
        )),
    }
}

/// The document that is meant; `at` is the place of the sensor's name, which two of the types do not need.
fn document(call: &dyn HostCall, kind: Kind, at: usize) -> Result<DocumentId, EvalError> {
    if let Some(id) = kind.singleton() {
        return Ok(id);
    }
    let Value::Str(sensor) = call.argument(at) else {
        return match call.argument(at) {
            Value::Null => fail(format!(
                "a {kind} configuration belongs to a sensor: give its name as argument {}",
                at + 1
            )),
            _ => wrong(call, at, "the name of a sensor"),
        };
    };
    match kind.of_sensor(sensor) {
        Ok(Some(id)) => Ok(id),
        Ok(None) => fail(format!("a {kind} configuration has no sensor")),
        Err(error) => fail(error.to_string()),
    }
}

pub(super) fn on_store<'a, T, F>(
    services: &'a Services,
    work: impl FnOnce(&'a dyn Store) -> F,
) -> Result<T, EvalError>
where
    F: Future<Output = Result<T, ConfigError>>,
{
    let Some(store) = &services.store else {
        return fail(
            "no configuration is known; start the shell with -z host:port or --config-dir folder",
        );
    };
    let done = services
        .runtime
        .block_on(async { tokio::time::timeout(LIMIT, work(store.as_ref())).await });
    match done {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => fail(error.to_string()),
        Err(_) => fail(format!(
            "{} gives no answer within {LIMIT:?}",
            store.describe()
        )),
    }
}

fn refusal(id: &DocumentId, problems: &[Problem]) -> String {
    let mut text = format!("the document {id} is not valid, nothing was written:");
    for problem in problems.iter().take(MOST_PROBLEMS) {
        text.push_str("\n  ");
        text.push_str(&problem.one_line());
    }
    if problems.len() > MOST_PROBLEMS {
        text.push_str(&format!("\n  and {} more", problems.len() - MOST_PROBLEMS));
    }
    text
}

/// What stands for a document that is not there.
fn minimal(kind: Kind) -> &'static str {
    match kind {
        Kind::Global | Kind::Indexing => "{ }",
        Kind::Profiler => "{\n  \"profiles\" : [ ]\n}",
        Kind::Parser => include_str!("config_store/parser.json").trim_ascii_end(),
        Kind::Enrichment => include_str!("config_store/enrichment.json").trim_ascii_end(),
    }
}

#[cfg(test)]
mod tests;
