//! A configuration document that is edited.

use alidade_config::json::{JsonDocument, to_pretty};
use alidade_config::{DocumentId, Kind, Problem};
use alidade_event::Value;
use alidade_stellar::EvalError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::functions::body::fail;

/// The members of a document, in its order.
pub(in crate::functions) struct Document {
    kind: Kind,
    pub(in crate::functions) members: Map<String, Json>,
}

impl Document {
    /// Reads a document as upstream does: comments are allowed.
    ///
    /// # Errors
    /// When the text is no JSON object.
    pub(in crate::functions) fn parse(kind: Kind, text: &str) -> Result<Document, EvalError> {
        let read = JsonDocument::parse(id_of(kind), text.as_bytes());
        match read {
            Ok(read) => Ok(Document {
                kind,
                members: read.into_members(),
            }),
            Err(problem) => fail(refusal(kind, &problem)),
        }
    }

    /// As [`Document::parse`], also checking fields and types.
    ///
    /// # Errors
    /// When a field is unknown, missing or of the wrong type.
    pub(in crate::functions) fn of_type<T: DeserializeOwned>(
        kind: Kind,
        text: &str,
    ) -> Result<Document, EvalError> {
        let read = JsonDocument::parse(id_of(kind), text.as_bytes())
            .and_then(|read| read.typed::<T>().map(|_| read));
        match read {
            Ok(read) => Ok(Document {
                kind,
                members: read.into_members(),
            }),
            Err(problem) => fail(refusal(kind, &problem)),
        }
    }

    /// The text in upstream's form.
    pub(in crate::functions) fn into_text(self) -> Value {
        Value::str(&to_pretty(&Json::Object(self.members)))
    }

    /// The failure of an edit that does not fit the document.
    pub(in crate::functions) fn unfit<T>(
        &self,
        pointer: &str,
        reason: &str,
    ) -> Result<T, EvalError> {
        unfit(self.kind, pointer, reason)
    }
}

fn unfit<T>(kind: Kind, pointer: &str, reason: &str) -> Result<T, EvalError> {
    let kind = kind.type_name().to_lowercase();
    fail(format!("{pointer} of the {kind} configuration {reason}"))
}

/// The object at a key, made if it is not there or null.
pub(in crate::functions) fn member<'a>(
    kind: Kind,
    members: &'a mut Map<String, Json>,
    path: &mut String,
    key: &str,
) -> Result<&'a mut Map<String, Json>, EvalError> {
    path.push('/');
    path.push_str(key);
    let there = members.entry(key).or_insert(Json::Null);
    if there.is_null() {
        *there = Json::Object(Map::new());
    }
    match there {
        Json::Object(object) => Ok(object),
        Json::Array(_) => unfit(
            kind,
            path,
            "is a list, which this function cannot edit; write it as an object",
        ),
        _ => unfit(kind, path, "is no object"),
    }
}

/// Documents that are edited have no name; problems are told by line and column.
fn id_of(kind: Kind) -> DocumentId {
    let sensor = "config".to_owned();
    match kind {
        Kind::Global => DocumentId::Global,
        Kind::Profiler => DocumentId::Profiler,
        Kind::Parser => DocumentId::Parser(sensor),
        Kind::Indexing => DocumentId::Indexing(sensor),
        Kind::Enrichment => DocumentId::Enrichment(sensor),
    }
}

fn refusal(kind: Kind, problem: &Problem) -> String {
    let mut text = format!(
        "the {} configuration is not valid",
        kind.type_name().to_lowercase()
    );
    if let (Some(line), Some(column)) = (problem.line, problem.column) {
        text.push_str(&format!(", line {line}, column {column}"));
    }
    text.push_str(": ");
    text.push_str(&problem.message);
    if !problem.pointer.is_empty() {
        text.push_str(&format!(" (field {})", problem.pointer));
    }
    if let Some(help) = &problem.help {
        text.push_str("; ");
        text.push_str(help);
    }
    text
}
