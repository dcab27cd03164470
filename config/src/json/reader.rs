use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use super::comments::blank_comments;
use super::locate::{key_of, locate, raw_span_in_string};
use crate::suggest::nearest;
use crate::{DocumentId, Problem};

/// Largest document that is read, in bytes: what ZooKeeper takes in one node.
pub const MAX_DOCUMENT_BYTES: usize = 0xF_FFFF;

/// A configuration document as JSON together with its text.
///
/// Read as upstream reads it: comments are allowed, text after the first value is ignored, of a key given twice the last
/// one counts, and anything but an object is refused.
#[derive(Debug, Clone)]
pub struct JsonDocument {
    id: DocumentId,
    text: String,
    members: Map<String, Value>,
    /// Where the first value ends.
    end: usize,
}

impl JsonDocument {
    /// # Errors
    /// When the bytes are not a JSON object, with the place of the fault.
    pub fn parse(id: &DocumentId, bytes: &[u8]) -> Result<JsonDocument, Box<Problem>> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            let message = format!(
                "the document is {} bytes long, more than the {MAX_DOCUMENT_BYTES} that ZooKeeper holds",
                bytes.len()
            );
            return Err(Problem::error(id, message).into());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let valid = std::str::from_utf8(valid).unwrap_or_default();
                return Err(Problem::error(id, "the document is not UTF-8 text")
                    .at(valid, valid.len()..valid.len())
                    .with_help("save the file as UTF-8")
                    .into());
            }
        };
        let blanked = blank_comments(text);
        if blanked.trim().is_empty() {
            return Err(Problem::error(id, "the document is empty")
                .with_help("an object without members is written {}")
                .into());
        }
        let mut values = serde_json::Deserializer::from_str(&blanked).into_iter::<Value>();
        let first = values.next();
        let end = values.byte_offset();
        match first {
            Some(Ok(Value::Object(members))) => Ok(JsonDocument {
                id: id.clone(),
                text: text.to_owned(),
                members,
                end,
            }),
            Some(Err(error)) => Err(syntax_problem(id, text, &blanked, &error).into()),
            Some(Ok(other)) => {
                let start = blanked.len() - blanked.trim_start().len();
                let message = format!("the document must be an object, not {}", kind_of(&other));
                Err(Problem::error(id, message)
                    .at(text, start..start + 1)
                    .with_help("a configuration stands between { and }")
                    .into())
            }
            None => Err(Problem::error(id, "the document is empty").into()),
        }
    }

    pub fn id(&self) -> &DocumentId {
        &self.id
    }

    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    pub fn into_members(self) -> Map<String, Value> {
        self.members
    }

    /// The document as a type, or the problem with the field that does not fit.
    ///
    /// # Errors
    /// When a field is unknown, missing or of the wrong type.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<T, Box<Problem>> {
        let value = Value::Object(self.members.clone());
        serde_path_to_error::deserialize(value).map_err(|error| {
            let pointer = to_pointer(error.path());
            self.type_problem(pointer, &error.inner().to_string())
                .into()
        })
    }

    /// A problem at a field; `span` is a part of its value if the value is a string, in bytes of the value.
    pub fn problem_at(
        &self,
        pointer: &str,
        span: Option<Range<usize>>,
        message: impl Into<String>,
    ) -> Problem {
        let problem = Problem::error(&self.id, message).with_pointer(pointer);
        let Some((value, exact)) = self.locate_or_parent(pointer) else {
            return problem;
        };
        let is_string = self.text.as_bytes().get(value.start) == Some(&b'"');
        match span {
            Some(span) if is_string && exact => {
                let raw = raw_span_in_string(&self.text, value, span);
                problem.at(&self.text, raw)
            }
            _ => problem.at(&self.text, value),
        }
    }

    /// Where the value of a pointer stands; for one that is not there, the nearest value around it.
    fn locate_or_parent(&self, pointer: &str) -> Option<(Range<usize>, bool)> {
        let mut part = pointer;
        loop {
            if let Some(range) = locate(&self.text, part) {
                return Some((range, part == pointer));
            }
            part = part.get(..part.rfind('/')?)?;
        }
    }

    /// What is legal but surely not meant: text after the document.
    pub fn warnings(&self) -> Vec<Problem> {
        let blanked = blank_comments(&self.text);
        let rest = blanked.get(self.end..).unwrap_or_default();
        if rest.trim().is_empty() {
            return Vec::new();
        }
        let start = blanked.len() - rest.trim_start().len();
        let problem = Problem::error(&self.id, "the text after the document is ignored")
            .at(&self.text, start..start + 1)
            .with_help("remove it, or a brace too many before it");
        vec![problem.as_warning()]
    }

    fn type_problem(&self, pointer: String, message: &str) -> Problem {
        let Some(field) = quoted_after(message, "unknown field `") else {
            return self.problem_at(&pointer, None, message);
        };
        let pointer = match pointer.ends_with(&format!("/{}", escape(field))) {
            true => pointer,
            false => format!("{pointer}/{}", escape(field)),
        };
        let known = quoted_words(message.split("expected").nth(1).unwrap_or_default());
        let problem = Problem::error(&self.id, format!("there is no field `{field}` here"));
        let problem = match key_of(&self.text, &pointer) {
            Some(key) => problem.at(&self.text, key),
            None => problem,
        };
        let help = match (nearest(field, &known), known.is_empty()) {
            (Some(name), _) => format!("did you mean `{name}`?"),
            (None, true) => "remove it".to_owned(),
            (None, false) => format!("the fields are {}", known.join(", ")),
        };
        problem.with_pointer(pointer).with_help(help)
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn syntax_problem(
    id: &DocumentId,
    text: &str,
    blanked: &str,
    error: &serde_json::Error,
) -> Problem {
    let place = byte_of(blanked, error.line(), error.column());
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(message, _)| message);
    if error.is_eof() {
        let end = blanked.trim_end().len();
        return Problem::error(id, format!("the document ends too early: {message}"))
            .at(text, end..end)
            .with_help("a closing brace, bracket or quote is missing");
    }
    let problem = Problem::error(id, message).at(text, place..place + 1);
    let next = blanked.as_bytes().get(place);
    match (next, message) {
        (Some(b'\''), _) => problem.with_help("texts and names stand in double quotes"),
        (_, "trailing comma") => problem.with_help("remove the comma after the last member"),
        (Some(b'"'), _) if message.starts_with("expected `,`") => {
            problem.with_help("a comma is missing before this")
        }
        (_, "key must be a string") => problem.with_help("names stand in double quotes"),
        _ => problem,
    }
}

/// The byte that a line and a column of serde's stand for; both count from 1.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let starts = text.match_indices('\n').map(|(at, _)| at + 1);
    let start = std::iter::once(0)
        .chain(starts)
        .nth(line.saturating_sub(1))
        .unwrap_or(text.len());
    (start + column.saturating_sub(1)).min(text.len())
}

fn to_pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
            // A variant has no step of its own in the text, and what is unknown has none at all.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A key as a step of a JSON pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn quoted_after<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    message.strip_prefix(prefix)?.split('`').next()
}

fn quoted_words(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase", default)]
    #[derive(Default)]
    struct Sample {
        sensor_topic: Option<String>,
        num_workers: Option<u32>,
        list: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "name")]
        _name: String,
    }

    fn squid() -> DocumentId {
        DocumentId::Parser("squid".to_owned())
    }

    fn parse(text: &str) -> Result<JsonDocument, Box<Problem>> {
        JsonDocument::parse(&squid(), text.as_bytes())
    }

    fn refusal(text: &str) -> String {
        match parse(text).and_then(|document| document.typed::<Sample>()) {
            Ok(sample) => panic!("{text} was read as {sample:?}"),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn comments_trailing_text_and_double_keys_are_taken() {
        let document =
            parse("// c\n{\"sensorTopic\":\"a\", /* x */ \"sensorTopic\":\"b\"} junk {").unwrap();
        let sample: Sample = document.typed().unwrap();
        assert_eq!(sample.sensor_topic.as_deref(), Some("b"));
        assert!(sample.num_workers.is_none() && sample.list.is_empty());
        let warnings = document.warnings();
        assert_eq!(warnings.len(), 1);
        assert_eq!((warnings[0].line, warnings[0].column), (Some(2), Some(48)));
    }

    #[test]
    fn what_is_not_an_object_is_refused_with_place_and_remedy() {
        assert_eq!(
            refusal("  // nothing"),
            "parsers/squid.json: error: the document is empty\n = help: an object without members is written {}"
        );
        assert_eq!(
            refusal("/* */ [1]"),
            "parsers/squid.json:1:7: error: the document must be an object, not an array\n  |\n1 | /* */ [1]\n  |       ^\n  = help: a configuration stands between { and }"
        );
        assert_eq!(
            refusal("{\n  \"a\": 1,\n}"),
            "parsers/squid.json:3:1: error: trailing comma\n  |\n3 | }\n  | ^\n  = help: remove the comma after the last member"
        );
        assert_eq!(
            refusal("{\"a\": 'b'}"),
            "parsers/squid.json:1:7: error: expected value\n  |\n1 | {\"a\": 'b'}\n  |       ^\n  = help: texts and names stand in double quotes"
        );
        assert_eq!(
            refusal("{\"a\": 1 // é\n \"b\": 2}"),
            "parsers/squid.json:2:2: error: expected `,` or `}`\n  |\n2 |  \"b\": 2}\n  |  ^\n  = help: a comma is missing before this"
        );
        assert_eq!(
            refusal("{\"a\": {\n\n"),
            "parsers/squid.json:1:8: error: the document ends too early: EOF while parsing an object\n  |\n1 | {\"a\": {\n  |        ^\n  = help: a closing brace, bracket or quote is missing"
        );
        assert!(refusal("{\"a\": NaN}").contains("1:7"));
    }

    #[test]
    fn a_field_that_does_not_fit_is_named() {
        assert_eq!(
            refusal("{\n  \"sensorTopik\": \"a\"\n}"),
            "parsers/squid.json:2:3: error: there is no field `sensorTopik` here\n  |\n2 |   \"sensorTopik\": \"a\"\n  |   ^^^^^^^^^^^^^\n  = field: /sensorTopik\n  = help: did you mean `sensorTopic`?"
        );
        assert_eq!(
            refusal("{\"list\": [{\"name\": \"x\"}, {\"name\": \"y\", \"quite other\": 1}]}"),
            "parsers/squid.json:1:40: error: there is no field `quite other` here\n  |\n1 | {\"list\": [{\"name\": \"x\"}, {\"name\": \"y\", \"quite other\": 1}]}\n  |                                        ^^^^^^^^^^^^^\n  = field: /list/1/quite other\n  = help: the fields are name"
        );
        assert_eq!(
            refusal("{\"list\": [{}]}"),
            "parsers/squid.json:1:11: error: missing field `name`\n  |\n1 | {\"list\": [{}]}\n  |           ^^\n  = field: /list/0"
        );
        let wrong = refusal("{\"numWorkers\": true}");
        assert!(
            wrong.starts_with("parsers/squid.json:1:16: error: invalid type: boolean `true`"),
            "{wrong}"
        );
    }

    #[test]
    fn hostile_bytes_give_a_problem() {
        let not_text = JsonDocument::parse(&squid(), b"{\"a\":\n \"\xff\"}").unwrap_err();
        assert_eq!((not_text.line, not_text.column), (Some(2), Some(3)));
        let long = vec![b' '; MAX_DOCUMENT_BYTES + 1];
        assert!(JsonDocument::parse(&squid(), &long).is_err());
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(parse(&deep).is_err());
    }

    #[test]
    fn a_span_in_a_string_is_placed_in_the_file() {
        let text = "{ \"a\" : {\n  \"b\" : \"x \\\"y\\\" BAD\" } }";
        let document = parse(text).unwrap();
        let problem = document.problem_at("/a/b", Some(6..9), "m");
        assert_eq!((problem.line, problem.column), (Some(2), Some(18)));
        assert_eq!(problem.excerpt.unwrap().marked.len(), 3);
        let parent = document.problem_at("/a/c/d", Some(0..1), "m");
        assert_eq!((parent.line, parent.column), (Some(1), Some(9)));
    }
}
