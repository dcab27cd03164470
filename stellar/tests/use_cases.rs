//! Expressions in the shapes of upstream's shipped configurations and use-case documents, with the values they must have.
//!
//! `data/use_cases.txt` says how its lines are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use alidade_event::{Event, NumberStyle, Value};
use alidade_stellar::{
    Context, EvalError, HostCall, HostFunction, Library, NoRemote, compile, compile_predicate,
};

const TABLE: &str = include_str!("data/use_cases.txt");

/// Answers calls from a table: the JSON of the arguments, and the value.
#[derive(Clone, Default)]
struct Answers(BTreeMap<String, Value>);

impl HostFunction for Answers {
    fn call(&self, call: &mut dyn HostCall) -> Result<Value, EvalError> {
        let arguments = (0..call.count()).map(|at| call.argument(at).clone());
        let arguments = Value::list(arguments.collect()).to_json();
        let answer = self.0.get(&arguments).cloned();
        answer.ok_or_else(|| EvalError::failed(format!("no answer for {arguments}")))
    }
}

/// What the lines of a section have built up so far.
struct Section {
    library: Library,
    answers: BTreeMap<String, Answers>,
    event: Event,
}

impl Section {
    fn new() -> Self {
        Section {
            library: Library::metron(),
            answers: BTreeMap::new(),
            event: Event::new(),
        }
    }

    fn evaluate(&self, source: &str) -> Result<Value, String> {
        let program = compile(source, &self.library).map_err(|findings| {
            let shown = findings.iter().map(|finding| finding.render(source));
            shown.collect::<String>()
        })?;
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 1_571_163_620_277, &mut remote);
        let outcome = program.evaluate(&self.event, &mut context);
        outcome.map_err(|error| error.to_string())
    }

    /// `NAME(arguments) := value` becomes an answer of the function of that name.
    fn give(&mut self, line: &str) {
        let (call, value) = line.split_once(" := ").expect(line);
        let (name, arguments) = call.split_once('(').expect(line);
        let arguments = format!("[{}]", arguments.trim_end_matches(')'));
        let arguments = self.evaluate(&arguments).expect(line).to_json();
        let value = self.evaluate(value).expect(line);
        let answers = self.answers.entry(name.to_owned()).or_default();
        answers.0.insert(arguments, value);
        let body = Arc::new(answers.clone());
        self.library = self.library.clone().with_host_function(name, body);
    }

    /// `name := expression ==> JSON`: checks the value, and keeps it for the lines below.
    fn check(&mut self, line: &str) -> Result<(), String> {
        let (source, expected) = match line.split_once(" ==> ") {
            Some((source, expected)) => (source, Some(expected)),
            None => (line, None),
        };
        let (name, source) = match source.split_once(" := ") {
            Some((name, source)) => (Some(name), source),
            None => (None, source),
        };
        let value = match (self.evaluate(source), expected) {
            (Err(_), Some("ERROR")) => return Ok(()),
            (Err(error), _) => return Err(format!("{line}\n{error}")),
            (Ok(value), _) => value,
        };
        let json = value.to_json();
        let is_condition = matches!(value, Value::Bool(_));
        if let Some(name) = name {
            self.event.set(name, value);
        }
        if let Some(expected) = expected
            && json != expected
        {
            return Err(format!("{line}\ngives {json}"));
        }
        // What a configuration takes as a condition must also compile as one.
        if is_condition && compile_predicate(source, &self.library).is_err() {
            return Err(format!("{line}\ncannot be a condition"));
        }
        Ok(())
    }
}

#[test]
fn upstreams_use_cases_have_their_values() {
    let mut section = Section::new();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for line in TABLE.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("== ") {
            section = Section::new();
        } else if let Some(event) = line.strip_prefix("event ") {
            section.event = Event::read_json(event.as_bytes(), NumberStyle::Simple).expect(line);
        } else if let Some(line) = line.strip_prefix("given ") {
            section.give(line);
        } else {
            checked += 1;
            wrong.extend(section.check(line).err());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(checked > 50, "{checked}");
}
