//! `%NAME`: what the shell tells about itself, and the global configuration of the session.

use super::input::global_assignment;
use super::session::{Answer, Outcome, Session};
use crate::printing::shown;

pub(super) const DEFINE: &str = "define";
pub(super) const UNDEFINE: &str = "undefine";
const FUNCTIONS: &str = "functions";
const GLOBALS: &str = "globals";
const VARIABLES: &str = "vars";

/// A name, how it is used, and what for.
pub(super) struct Magic {
    pub name: &'static str,
    pub usage: &'static str,
    pub description: &'static str,
}

/// All of them, sorted by name.
pub(super) const MAGICS: &[Magic] = &[
    Magic {
        name: DEFINE,
        usage: "%define NAME := EXPRESSION",
        description: "puts a value into the global configuration of this session",
    },
    Magic {
        name: FUNCTIONS,
        usage: "%functions [TEXT]",
        description: "lists the functions whose names contain a text, or all",
    },
    Magic {
        name: GLOBALS,
        usage: "%globals",
        description: "shows the global configuration",
    },
    Magic {
        name: UNDEFINE,
        usage: "%undefine NAME",
        description: "takes a value out of the global configuration of this session",
    },
    Magic {
        name: VARIABLES,
        usage: "%vars",
        description: "lists the variables with their values and expressions",
    },
];

pub(super) fn run(session: &Session, name: &str, rest: &str) -> Outcome {
    match name {
        FUNCTIONS => Outcome::Text(functions(session, rest)),
        VARIABLES => Outcome::Text(variables(session)),
        GLOBALS => Outcome::Value(session.globals().value()),
        DEFINE => define(session, rest),
        UNDEFINE => undefine(session, rest),
        _ => Outcome::Failed(unknown(name)),
    }
}

fn functions(session: &Session, filter: &str) -> String {
    let wanted = filter.to_ascii_uppercase();
    let mut names = session.library().names();
    names.retain(|name| name.contains(&wanted));
    names.join(", ")
}

fn variables(session: &Session) -> String {
    let variables = session.services().variables();
    let texts: Vec<String> = variables
        .iter()
        .map(|variable| {
            let value = shown(&variable.value);
            match &variable.expression {
                Some(expression) => format!("{} = {value} via `{expression}`", variable.name),
                None => format!("{} = {value}", variable.name),
            }
        })
        .collect();
    texts.join(", ")
}

fn define(session: &Session, rest: &str) -> Outcome {
    if rest.is_empty() {
        return Outcome::Failed("%define missing assignment expression".to_owned());
    }
    let Some((name, source)) = global_assignment(rest) else {
        return Outcome::Failed(
            "%define expected assignment expression: %define NAME := EXPRESSION".to_owned(),
        );
    };
    let Answer { outcome, .. } = session.evaluate(source);
    match &outcome {
        Outcome::Value(value) if value.is_null() => {
            Outcome::Failed("%define expression produced no result".to_owned())
        }
        Outcome::Value(value) => {
            session.globals().define(name, value.clone());
            outcome
        }
        Outcome::Failed(reason) => {
            Outcome::Failed(format!("%define expression execution failed\n{reason}"))
        }
        Outcome::Nothing | Outcome::End | Outcome::Text(_) => outcome,
    }
}

fn undefine(session: &Session, name: &str) -> Outcome {
    if name.is_empty() {
        return Outcome::Failed("%undefine expected name of global, got ''".to_owned());
    }
    session.globals().undefine(name);
    Outcome::Nothing
}

fn unknown(name: &str) -> String {
    let usages: Vec<&str> = MAGICS.iter().map(|magic| magic.usage).collect();
    format!("there is no %{name}; there are {}", usages.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::session;
    use alidade_event::Value;

    fn text(session: &Session, line: &str) -> String {
        match session.answer(line).outcome {
            Outcome::Text(text) | Outcome::Failed(text) => text,
            Outcome::Value(value) => shown(&value),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn functions_are_listed_and_filtered() {
        let (session, _runtime) = session();
        assert_eq!(
            text(&session, "%functions url_to"),
            "URL_TO_HOST, URL_TO_PATH, URL_TO_PORT, URL_TO_PROTOCOL"
        );
        assert!(text(&session, "%functions").contains("ABS, "));
        assert_eq!(text(&session, "%functions no_such"), "");
    }

    #[test]
    fn variables_are_listed_with_their_expressions() {
        let (session, _runtime) = session();
        session.set_variable("given", Value::str("a"));
        session.answer("x := 1 + 1");
        session.answer("given := given");
        assert_eq!(
            text(&session, "%vars"),
            "given = a via `given`, x = 2 via `1 + 1`"
        );
    }

    #[test]
    fn globals_are_defined_and_undefined() {
        let (session, _runtime) = session();
        assert_eq!(text(&session, "%globals"), "{}");
        assert_eq!(text(&session, "%define es.port := 9000 + 200"), "9200");
        assert_eq!(text(&session, "%globals"), "{\"es.port\":9200}");
        assert!(text(&session, "%define").contains("missing assignment expression"));
        assert!(text(&session, "%define es.port").contains("expected assignment expression"));
        assert!(text(&session, "%define a := NO_SUCH()").contains("execution failed"));
        assert!(text(&session, "%define a := null").contains("produced no result"));
        assert!(text(&session, "%undefine").contains("expected name of global"));
        session.answer("%undefine es.port");
        assert_eq!(text(&session, "%globals"), "{}");
    }

    #[test]
    fn an_unknown_one_names_those_there_are() {
        let (session, _runtime) = session();
        assert!(text(&session, "%magic").contains("%functions [TEXT], %globals"));
    }
}
