//! The files that tests are written in.

use std::fs;
use std::path::{Path, PathBuf};

use alidade_config::Problem;
use alidade_config::json::JsonDocument;
use alidade_stellar::config_code;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value as Json};

use crate::CliError;

/// One test: what goes in, and what must come out.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a test, which is an object"
)]
pub struct Case {
    pub name: String,
    /// A record as it stands in the sensor's topic.
    pub input: Option<String>,
    /// A message that has been parsed already; for enrichment and triage alone.
    pub message: Option<Map<String, Json>>,
    /// Keys of the global configuration that are different in this test.
    #[serde(default)]
    pub global: Map<String, Json>,
    #[serde(default)]
    pub models: Vec<ModelAnswer>,
    pub now: Option<Clock>,
    pub expect: Option<Expected>,
    pub expect_exactly: Option<Expected>,
    pub expect_dropped: Option<Dropped>,
    pub expect_error: Option<String>,
}

/// What a model says in place of one that runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `model` and `answer`")]
pub struct ModelAnswer {
    pub model: String,
    /// Only for this version.
    pub version: Option<String>,
    #[serde(default = "apply")]
    pub function: String,
    /// Only for these arguments; without it, for any.
    pub args: Option<Map<String, Json>>,
    pub answer: Json,
}

fn apply() -> String {
    "apply".to_owned()
}

/// The time at which a test takes place, in epoch milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock(pub i64);

impl Default for Clock {
    /// The start of 2020: tests give the same on every day.
    fn default() -> Self {
        Clock(1_577_836_800_000)
    }
}

impl<'de> Deserialize<'de> for Clock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = "`now` takes epoch milliseconds or a text such as \"2026-01-31T12:00:00Z\"";
        match Json::deserialize(deserializer)? {
            Json::Number(number) => number.as_i64().map(Clock),
            Json::String(text) => {
                let time: Option<Timestamp> = text.parse().ok();
                time.map(|time| Clock(time.as_millisecond()))
            }
            _ => None,
        }
        .ok_or_else(|| D::Error::custom(wrong))
    }
}

/// The fields of the event, or of each of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected(pub Vec<Map<String, Json>>);

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = match Json::deserialize(deserializer)? {
            Json::Array(members) => members,
            one => vec![one],
        };
        let mut events = Vec::with_capacity(written.len());
        for event in written {
            let Json::Object(fields) = event else {
                return Err(D::Error::custom(
                    "write an object of fields, or a list of them where one record gives several messages",
                ));
            };
            events.push(fields);
        }
        Ok(Expected(events))
    }
}

/// That nothing comes out, and maybe for which reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    No,
    ForAnyReason,
    For(String),
}

impl<'de> Deserialize<'de> for Dropped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::Bool(true) => Ok(Dropped::ForAnyReason),
            Json::Bool(false) => Ok(Dropped::No),
            Json::String(reason) => Ok(Dropped::For(reason)),
            _ => Err(D::Error::custom(
                "`expectDropped` takes true, or the reason such as \"filtered\"",
            )),
        }
    }
}

/// The tests of one file.
#[derive(Debug)]
pub struct TestFile {
    /// Below the configuration folder: `tests/squid/walkthrough.json`.
    pub name: String,
    pub sensor: String,
    /// Each test, or what is wrong with it.
    pub cases: Vec<Result<Case, Box<Problem>>>,
}

/// The folder beside the documents.
pub const FOLDER: &str = "tests";

/// The test files of a configuration folder, in the order of their names.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn read_all(root: &Path, sensor: Option<&str>) -> Result<Vec<TestFile>, CliError> {
    let mut files = Vec::new();
    for folder in sorted(&root.join(FOLDER))?
        .iter()
        .filter(|path| path.is_dir())
    {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if sensor.is_some_and(|sensor| sensor != name) {
            continue;
        }
        for path in sorted(folder)? {
            let stem = path.file_name().and_then(|name| name.to_str());
            let stem = stem.filter(|name| !name.starts_with('.'));
            if let Some(stem) = stem.and_then(|name| name.strip_suffix(".json")) {
                let bytes = fs::read(&path).map_err(|error| CliError::file(&path, error))?;
                files.push(read(name, stem, &bytes));
            }
        }
    }
    Ok(files)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let failed = |error| CliError::file(folder, error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn read(sensor: &str, stem: &str, bytes: &[u8]) -> TestFile {
    let document = format!("{FOLDER}/{sensor}/{stem}");
    let cases = match JsonDocument::parse_any(&document, bytes) {
        Err(problem) => vec![Err(problem)],
        Ok(document) => match document.value() {
            Json::Array(members) => members
                .iter()
                .enumerate()
                .map(|(at, member)| case_of(&document, &format!("/{at}"), member))
                .collect(),
            one => vec![case_of(&document, "", one)],
        },
    };
    TestFile {
        name: format!("{document}.json"),
        sensor: sensor.to_owned(),
        cases,
    }
}

fn case_of(document: &JsonDocument, pointer: &str, written: &Json) -> Result<Case, Box<Problem>> {
    let case: Case = document.typed_at(pointer, written.clone())?;
    let wrong = |message: &str, help: &str| {
        let problem = document.problem_at(pointer, None, config_code::UNUSABLE_SETTING, message);
        Err(Box::new(problem.with_label("this test").with_help(help)))
    };
    if case.input.is_some() == case.message.is_some() {
        return wrong(
            "a test takes either `input` or `message`",
            "`input` is a record for the parser, `message` an object for enrichment and triage",
        );
    }
    let comes_out = case.expect.is_some() || case.expect_exactly.is_some();
    let is_dropped = case
        .expect_dropped
        .as_ref()
        .is_some_and(|dropped| *dropped != Dropped::No);
    if !comes_out && !is_dropped && case.expect_error.is_none() {
        return wrong(
            "the test expects nothing",
            "say what must come out with `expect`, `expectExactly`, `expectDropped` or `expectError`",
        );
    }
    if comes_out && is_dropped {
        return wrong(
            "the test expects a message and that it is dropped",
            "keep one of the two",
        );
    }
    Ok(case)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let file = read("squid", "x", text.as_bytes());
        let faults = file.cases.into_iter().filter_map(Result::err);
        faults
            .map(|fault| fault.one_line())
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_place() {
        for (text, start) in [
            ("{", "tests/squid/x.json:1:2: the document ends too early"),
            ("5", "tests/squid/x.json:1:1: invalid type: integer `5`"),
            (
                "[{\"name\": \"a\",\n \"inputt\": \"b\"}]",
                "tests/squid/x.json:2:2: there is no field `inputt` here [C101] (field /0/inputt); did you mean `input`?",
            ),
            (
                r#"{"name": "a", "input": "b"}"#,
                "tests/squid/x.json:1:1: the test expects nothing",
            ),
            (
                r#"{"name": "a", "expect": {}}"#,
                "tests/squid/x.json:1:1: a test takes either",
            ),
            (
                r#"{"name": "a", "input": "b", "expect": {}, "expectDropped": "filtered"}"#,
                "tests/squid/x.json:1:1: the test expects a message and",
            ),
            (
                r#"{"name": "a", "input": "b", "expect": 5}"#,
                "tests/squid/x.json:1:39: write an object of fields",
            ),
            (
                r#"{"name": "a", "input": "b", "expect": {}, "now": "soon"}"#,
                "tests/squid/x.json:1:50: `now` takes",
            ),
        ] {
            let found = problem(text);
            assert!(found.starts_with(start), "{text}: {found}");
        }
    }

    #[test]
    fn a_time_is_a_number_or_a_text() {
        let clock = |text: &str| {
            serde_json::from_str::<Clock>(text)
                .map(|clock| clock.0)
                .ok()
        };
        assert_eq!(clock("5"), Some(5));
        assert_eq!(clock("\"2020-01-01T00:00:00Z\""), Some(Clock::default().0));
        assert_eq!(clock("\"2020\""), None);
    }
}
