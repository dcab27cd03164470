//! A session: what is known, and what the answer to a line is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alidade_event::{Event, Map, Value};
use alidade_stellar::{Library, compile};

use super::input::{Assignment, Input};
use super::outside::MakeOutside;
use super::worker::{self, Evaluation, Stopped};
use super::{help, magics};
use crate::{Services, Variable, evaluation};

/// An interactive session: functions, variables, and the global configuration.
pub struct Session {
    library: Library,
    services: Arc<Services>,
    globals: Globals,
    outside: Option<MakeOutside>,
    /// Whether Ctrl-C ends an evaluation instead of the process.
    pub(super) cancellable: bool,
}

/// The answer to a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What the author of the expression may want to look at again.
    pub warnings: Option<String>,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// There is nothing to say.
    Nothing,
    /// The session is to end.
    End,
    Value(Value),
    /// A text for people.
    Text(String),
    /// What is wrong, for people.
    Failed(String),
}

/// The global configuration of a session, which may be changed in it. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Globals(Arc<Mutex<Map>>);

impl Globals {
    fn new(value: Value) -> Globals {
        let map = match value {
            Value::Map(map) => Arc::unwrap_or_clone(map),
            _ => Map::new(),
        };
        Globals(Arc::new(Mutex::new(map)))
    }

    pub fn value(&self) -> Value {
        Value::map(self.locked().clone())
    }

    pub fn is_empty(&self) -> bool {
        self.locked().is_empty()
    }

    pub fn names(&self) -> Vec<String> {
        let names = self.locked();
        names
            .iter()
            .filter_map(|(name, _)| name.as_str().map(str::to_owned))
            .collect()
    }

    pub fn define(&self, name: &str, value: Value) {
        self.locked().insert_str(name, value);
    }

    pub fn undefine(&self, name: &str) {
        self.locked().remove(&Value::str(name));
    }

    fn locked(&self) -> MutexGuard<'_, Map> {
        // Every change is a single call: a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// A session with a library whose functions have their bodies already; `global` is the global configuration, a map or
    /// null.
    pub fn new(library: Library, services: Arc<Services>, global: Value) -> Session {
        Session {
            library,
            services,
            globals: Globals::new(global),
            outside: None,
            cancellable: false,
        }
    }

    /// The same with a remote end; without one, functions that ask models or services yield null.
    pub fn with_outside(mut self, outside: MakeOutside) -> Session {
        self.outside = Some(outside);
        self
    }

    /// Gives a variable its value, as from a file.
    pub fn set_variable(&self, name: &str, value: Value) {
        self.services.assign(Variable {
            name: name.to_owned(),
            expression: None,
            value,
        });
    }

    /// Answers a line, or several that belong together.
    pub fn answer(&self, text: &str) -> Answer {
        match Input::read(text) {
            Input::Nothing => Answer::of(Outcome::Nothing),
            Input::End => Answer::of(Outcome::End),
            Input::Assignment(assignments) => self.assign(&assignments),
            Input::Expression(source) => self.evaluate(source),
            special => Answer::of(self.special(&special)),
        }
    }

    pub(super) fn library(&self) -> &Library {
        &self.library
    }

    pub(super) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    pub(super) fn globals(&self) -> &Globals {
        &self.globals
    }

    /// Gives variables the value of what stands behind the last sign. Nothing is assigned when there is none.
    fn assign(&self, assignments: &[Assignment<'_>]) -> Answer {
        let Some(last) = assignments.last() else {
            return Answer::of(Outcome::Nothing);
        };
        if last.source.is_empty() {
            let reason = format!("{} := what? An expression is missing", last.name);
            return Answer::of(Outcome::Failed(reason));
        }
        let answer = match Input::read(last.source) {
            special @ (Input::Help(_) | Input::Magic { .. }) => Answer::of(self.special(&special)),
            _ => self.evaluate(last.source),
        };
        let value = match &answer.outcome {
            Outcome::Value(value) => value.clone(),
            Outcome::Text(text) => Value::str(text),
            Outcome::Nothing | Outcome::End | Outcome::Failed(_) => return answer,
        };
        for assignment in assignments {
            self.services.assign(Variable {
                name: assignment.name.to_owned(),
                expression: Some(assignment.source.to_owned()),
                value: value.clone(),
            });
        }
        answer
    }

    fn special(&self, input: &Input<'_>) -> Outcome {
        match input {
            Input::Help("") => Outcome::Text(help::topics(&self.library)),
            Input::Help(name) => help::about(&self.library, name),
            Input::Magic { name, rest } => magics::run(self, name, rest),
            _ => Outcome::Nothing,
        }
    }

    pub(super) fn evaluate(&self, source: &str) -> Answer {
        let program = match compile(source, &self.library) {
            Ok(program) => program,
            Err(findings) => {
                let text = evaluation::rendered(&findings, source);
                return Answer::of(Outcome::Failed(text));
            }
        };
        let mut variables = Event::new();
        for variable in self.services.variables() {
            variables.set(variable.name.as_str(), variable.value);
        }
        let outcome = worker::evaluate(
            &self.services.runtime,
            self.cancellable,
            Evaluation {
                program: program.clone(),
                variables,
                global: self.globals.value(),
                outside: self.outside.clone(),
            },
        );
        let findings = program.warnings();
        Answer {
            warnings: (!findings.is_empty()).then(|| evaluation::rendered(findings, source)),
            outcome: match outcome {
                Ok(value) => Outcome::Value(value),
                Err(Stopped::Failed(error)) => {
                    Outcome::Failed(evaluation::underlined(source, &error))
                }
                Err(other) => Outcome::Failed(other.to_string()),
            },
        }
    }
}

impl Answer {
    fn of(outcome: Outcome) -> Answer {
        Answer {
            warnings: None,
            outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::session;

    fn failure(answer: Answer) -> String {
        match answer.outcome {
            Outcome::Failed(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_assignment_stays_and_an_error_is_told() {
        let (session, _runtime) = session();
        assert_eq!(session.answer(" quit ").outcome, Outcome::End);
        assert_eq!(session.answer("# note").outcome, Outcome::Nothing);
        assert_eq!(
            session.answer("x := 1 + 2").outcome,
            Outcome::Value(Value::Int(3))
        );
        assert_eq!(
            session.answer("x * 2").outcome,
            Outcome::Value(Value::Int(6))
        );
        assert_eq!(
            session.answer("missing").outcome,
            Outcome::Value(Value::Null)
        );
        assert!(failure(session.answer("x := NO_SUCH(1)")).contains("NO_SUCH"));
        assert!(failure(session.answer("x := TO_UPPER(1 +")).contains('^'));
        assert!(failure(session.answer("x :=")).contains("missing"));
        assert_eq!(session.answer("x").outcome, Outcome::Value(Value::Int(3)));
    }

    #[test]
    fn several_names_take_one_value() {
        let (session, _runtime) = session();
        session.answer("a := b := 'x'");
        let variables = session.services.variables();
        let expressions: Vec<_> = variables
            .iter()
            .map(|variable| (variable.name.as_str(), variable.expression.as_deref()))
            .collect();
        assert_eq!(expressions, [("a", Some("b := 'x'")), ("b", Some("'x'"))]);
    }

    #[test]
    fn what_the_shell_says_can_be_kept() {
        let (session, _runtime) = session();
        session.answer("docs := ?TO_UPPER");
        let Outcome::Value(Value::Str(text)) = session.answer("docs").outcome else {
            panic!("no text");
        };
        assert!(text.contains("TO_UPPER"));
        session.answer("nothing := ?NO_SUCH");
        assert_eq!(session.services.variables().len(), 1);
    }

    #[test]
    fn no_line_ends_the_session_with_a_fault() {
        let (session, _runtime) = session();
        for line in [
            ":=",
            "x := := 1",
            "?",
            "? ",
            "%",
            "% ",
            "%define",
            "%define :=",
            "'",
            "\"\\",
            "é := 1",
            "((((((((((",
            "x := %",
            "\u{0}",
        ] {
            assert_ne!(session.answer(line).outcome, Outcome::End, "{line}");
        }
        let chain = "a := ".repeat(20_000);
        assert!(matches!(session.answer(&chain).outcome, Outcome::Failed(_)));
    }
}
