use std::fmt::Display;
use std::ops::Range;
use std::sync::LazyLock;

use alidade_stellar::config_code as code;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use super::comments::blank_comments;
use super::duplicates::repeated_keys;
use super::locate::{key_of, locate, raw_span_in_string};
use crate::Problem;
use crate::suggest::nearest;

/// Largest document that is read, in bytes: what ZooKeeper takes in one node.
pub const MAX_DOCUMENT_BYTES: usize = 0xF_FFFF;

/// A configuration document as JSON together with its text.
///
/// Read as upstream reads it: comments are allowed, text after the first value is ignored, of a key given twice the last
/// one counts, and anything but an object is refused.
#[derive(Debug, Clone)]
pub struct JsonDocument {
    name: String,
    text: String,
    value: Value,
    /// Where the first value ends.
    end: usize,
}

static NO_MEMBERS: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

impl JsonDocument {
    /// Reads a document, whose name goes into the problems: `parsers/squid`.
    ///
    /// # Errors
    /// When the bytes are not a JSON object, with the place of the fault.
    pub fn parse(name: impl Display, bytes: &[u8]) -> Result<JsonDocument, Box<Problem>> {
        let document = JsonDocument::parse_any(name, bytes)?;
        if document.value.is_object() {
            return Ok(document);
        }
        let blanked = blank_comments(&document.text);
        let start = blanked.len() - blanked.trim_start().len();
        let kind = kind_of(&document.value);
        let message = format!("the document must be an object, not {kind}");
        let problem = Problem::error(&document.name, code::NOT_AN_OBJECT, message);
        let problem = problem.at(&document.text, start..start + 1);
        Err(problem
            .with_label(format!("{kind} begins here"))
            .with_help("a configuration stands between { and }")
            .into())
    }

    /// As [`JsonDocument::parse`], for files that may hold something else than an object.
    ///
    /// # Errors
    /// When the bytes are not JSON, with the place of the fault.
    pub fn parse_any(name: impl Display, bytes: &[u8]) -> Result<JsonDocument, Box<Problem>> {
        let name = name.to_string();
        if bytes.len() > MAX_DOCUMENT_BYTES {
            let message = format!(
                "the document is {} bytes long, more than the {MAX_DOCUMENT_BYTES} that ZooKeeper holds",
                bytes.len()
            );
            return Err(Problem::error(name, code::UNREADABLE, message).into());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let valid = std::str::from_utf8(valid).unwrap_or_default();
                let message = "the document is not UTF-8 text";
                return Err(Problem::error(name, code::NOT_TEXT, message)
                    .at(valid, valid.len()..valid.len())
                    .into());
            }
        };
        let blanked = blank_comments(text);
        let empty = |name: &str| {
            Problem::error(name, code::NOT_AN_OBJECT, "the document is empty")
                .with_help("an object without members is written {}")
        };
        if blanked.trim().is_empty() {
            return Err(empty(&name).into());
        }
        let mut values = serde_json::Deserializer::from_str(&blanked).into_iter::<Value>();
        let first = values.next();
        let end = values.byte_offset();
        match first {
            Some(Ok(value)) => Ok(JsonDocument {
                name,
                text: text.to_owned(),
                value,
                end,
            }),
            Some(Err(error)) => Err(syntax_problem(&name, text, &blanked, &error).into()),
            None => Err(empty(&name).into()),
        }
    }

    /// The name in problems.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The members of an object; none of anything else.
    pub fn members(&self) -> &Map<String, Value> {
        self.value.as_object().unwrap_or(&NO_MEMBERS)
    }

    pub fn into_members(self) -> Map<String, Value> {
        match self.value {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// The document as a type, or the problem with the field that does not fit.
    ///
    /// # Errors
    /// When a field is unknown, missing or of the wrong type.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<T, Box<Problem>> {
        self.typed_at("", self.value.clone())
    }

    /// As [`JsonDocument::typed`], for a part of the document that stands at a pointer.
    ///
    /// # Errors
    /// When a field is unknown, missing or of the wrong type.
    pub fn typed_at<T: DeserializeOwned>(
        &self,
        pointer: &str,
        part: Value,
    ) -> Result<T, Box<Problem>> {
        serde_path_to_error::deserialize(part).map_err(|error| {
            let pointer = format!("{pointer}{}", to_pointer(error.path()));
            self.type_problem(pointer, &error.inner().to_string())
                .into()
        })
    }

    /// A problem at a field; `span` is a part of its value if the value is a string, in bytes of the value.
    pub fn problem_at(
        &self,
        pointer: &str,
        span: Option<Range<usize>>,
        code: &'static str,
        message: impl Into<String>,
    ) -> Problem {
        let problem = Problem::error(&self.name, code, message).with_pointer(pointer);
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

    /// A problem at the name of a field; at its value where it has no name.
    pub fn problem_at_key(
        &self,
        pointer: &str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Problem {
        let problem = self.problem_at(pointer, None, code, message);
        match key_of(&self.text, pointer) {
            Some(key) => problem.at(&self.text, key),
            None => problem,
        }
    }

    /// What is legal but surely not meant: text after the document, a key that stands twice in an object.
    pub fn warnings(&self) -> Vec<Problem> {
        let blanked = blank_comments(&self.text);
        let mut warnings = Vec::new();
        for double in repeated_keys(blanked.get(..self.end).unwrap_or_default()) {
            let key = self.text.get(double.clone()).unwrap_or_default();
            let message = format!("the key {key} stands twice in this object");
            let problem = Problem::error(&self.name, code::KEY_TWICE, message);
            warnings.push(problem.at(&self.text, double).as_warning());
        }
        let rest = blanked.get(self.end..).unwrap_or_default();
        if !rest.trim().is_empty() {
            let start = blanked.len() - rest.trim_start().len();
            let message = "the text after the document is ignored";
            let problem = Problem::error(&self.name, code::TRAILING_TEXT, message);
            warnings.push(problem.at(&self.text, start..start + 1).as_warning());
        }
        warnings
    }

    fn type_problem(&self, pointer: String, message: &str) -> Problem {
        if let Some(field) = quoted_after(message, "unknown field `") {
            return self.unknown_field(pointer, field, message);
        }
        let expected = message.split("expected ").nth(1).unwrap_or_default();
        if let Some(field) = quoted_after(message, "missing field `") {
            return self
                .problem_at(&pointer, None, code::MISSING_KEY, message)
                .with_label(format!("`{field}` is missing"))
                .with_help(format!("add \"{field}\""));
        }
        if message.starts_with("unknown variant `") {
            let known = quoted_words(expected);
            let given = quoted_after(message, "unknown variant `").unwrap_or_default();
            let help = match nearest(given, &known) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("one of {}", known.join(", ")),
            };
            return self
                .problem_at(&pointer, None, code::UNKNOWN_NAME, message)
                .with_help(help);
        }
        let problem = self.problem_at(&pointer, None, code::WRONG_TYPE, message);
        match expected {
            "" => problem,
            expected => problem.with_help(format!("write {expected}")),
        }
    }

    fn unknown_field(&self, pointer: String, field: &str, message: &str) -> Problem {
        let pointer = match pointer.ends_with(&format!("/{}", escape(field))) {
            true => pointer,
            false => format!("{pointer}/{}", escape(field)),
        };
        let known = quoted_words(message.split("expected").nth(1).unwrap_or_default());
        let help = match (nearest(field, &known), known.is_empty()) {
            (Some(name), _) => format!("did you mean `{name}`?"),
            (None, true) => "remove it".to_owned(),
            (None, false) => format!("the fields are {}", known.join(", ")),
        };
        let message = format!("there is no field `{field}` here");
        self.problem_at_key(&pointer, code::UNKNOWN_KEY, message)
            .with_help(help)
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

fn syntax_problem(name: &str, text: &str, blanked: &str, error: &serde_json::Error) -> Problem {
    let place = byte_of(blanked, error.line(), error.column());
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(message, _)| message);
    if error.is_eof() {
        let end = blanked.trim_end().len();
        let message = format!("the document ends too early: {message}");
        return Problem::error(name, code::NOT_JSON, message)
            .at(text, end..end)
            .with_label("the end")
            .with_help("a closing brace, bracket or quote is missing");
    }
    let problem = Problem::error(name, code::NOT_JSON, message).at(text, place..place + 1);
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

/// A JSON pointer one step further down.
pub fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", escape(key))
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
    use crate::DocumentId;
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
        JsonDocument::parse(squid(), text.as_bytes())
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
        let codes: Vec<&str> = warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, ["C006", "C005"]);
        assert_eq!((warnings[0].line, warnings[0].column), (Some(2), Some(29)));
        assert_eq!((warnings[1].line, warnings[1].column), (Some(2), Some(48)));
    }

    #[test]
    fn what_is_not_an_object_is_refused_with_place_and_remedy() {
        assert_eq!(
            refusal("  // nothing"),
            "error[C002]: the document is empty\n--> parsers/squid.json\n = help: an object without members is written {}"
        );
        assert_eq!(
            refusal("/* */ [1]"),
            "error[C002]: the document must be an object, not an array\n --> parsers/squid.json:1:7\n  |\n1 | /* */ [1]\n  |       ^ an array begins here\n  = help: a configuration stands between { and }"
        );
        assert_eq!(
            refusal("{\n  \"a\": 1,\n}"),
            "error[C001]: trailing comma\n --> parsers/squid.json:3:1\n  |\n3 | }\n  | ^ here\n  = help: remove the comma after the last member"
        );
        assert_eq!(
            refusal("{\"a\": 'b'}"),
            "error[C001]: expected value\n --> parsers/squid.json:1:7\n  |\n1 | {\"a\": 'b'}\n  |       ^ here\n  = help: texts and names stand in double quotes"
        );
        assert_eq!(
            refusal("{\"a\": 1 // é\n \"b\": 2}"),
            "error[C001]: expected `,` or `}`\n --> parsers/squid.json:2:2\n  |\n2 |  \"b\": 2}\n  |  ^ here\n  = help: a comma is missing before this"
        );
        assert_eq!(
            refusal("{\"a\": {\n\n"),
            "error[C001]: the document ends too early: EOF while parsing an object\n --> parsers/squid.json:1:8\n  |\n1 | {\"a\": {\n  |        ^ the end\n  = help: a closing brace, bracket or quote is missing"
        );
        assert!(refusal("{\"a\": NaN}").contains("1:7"));
    }

    #[test]
    fn a_field_that_does_not_fit_is_named() {
        assert_eq!(
            refusal("{\n  \"sensorTopik\": \"a\"\n}"),
            "error[C101]: there is no field `sensorTopik` here\n --> parsers/squid.json:2:3\n  |\n2 |   \"sensorTopik\": \"a\"\n  |   ^^^^^^^^^^^^^ no such key\n  = field: /sensorTopik\n  = help: did you mean `sensorTopic`?"
        );
        assert_eq!(
            refusal("{\"list\": [{\"name\": \"x\"}, {\"name\": \"y\", \"quite other\": 1}]}"),
            "error[C101]: there is no field `quite other` here\n --> parsers/squid.json:1:40\n  |\n1 | {\"list\": [{\"name\": \"x\"}, {\"name\": \"y\", \"quite other\": 1}]}\n  |                                        ^^^^^^^^^^^^^ no such key\n  = field: /list/1/quite other\n  = help: the fields are name"
        );
        assert_eq!(
            refusal("{\"list\": [{}]}"),
            "error[C103]: missing field `name`\n --> parsers/squid.json:1:11\n  |\n1 | {\"list\": [{}]}\n  |           ^^ `name` is missing\n  = field: /list/0\n  = help: add \"name\""
        );
        let wrong = refusal("{\"numWorkers\": true}");
        assert!(
            wrong.starts_with(
                "error[C102]: invalid type: boolean `true`, expected u32\n --> parsers/squid.json:1:16"
            ),
            "{wrong}"
        );
    }

    #[test]
    fn hostile_bytes_give_a_problem() {
        let not_text = JsonDocument::parse(squid(), b"{\"a\":\n \"\xff\"}").unwrap_err();
        assert_eq!((not_text.line, not_text.column), (Some(2), Some(3)));
        let long = vec![b' '; MAX_DOCUMENT_BYTES + 1];
        assert!(JsonDocument::parse(squid(), &long).is_err());
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(parse(&deep).is_err());
    }

    #[test]
    fn a_span_in_a_string_is_placed_in_the_file() {
        let text = "{ \"a\" : {\n  \"b\" : \"x \\\"y\\\" BAD\" } }";
        let document = parse(text).unwrap();
        let problem = document.problem_at("/a/b", Some(6..9), code::WRONG_TYPE, "m");
        assert_eq!((problem.line, problem.column), (Some(2), Some(18)));
        assert_eq!(problem.excerpt.unwrap().marked.len(), 3);
        let parent = document.problem_at("/a/c/d", Some(0..1), code::WRONG_TYPE, "m");
        assert_eq!((parent.line, parent.column), (Some(1), Some(9)));
    }
}
