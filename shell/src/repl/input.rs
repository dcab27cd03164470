//! What a line says: an expression, or something for the shell itself.

use alidade_stellar::{TokenKind, tokens};

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input<'t> {
    /// Nothing, or a comment.
    Nothing,
    /// The end of the session.
    End,
    /// `?NAME`; the name may be empty.
    Help(&'t str),
    /// `%NAME REST`, without the sign.
    Magic { name: &'t str, rest: &'t str },
    /// `NAME := EXPRESSION`, perhaps several times: the names with what stands behind each of them.
    Assignment(Vec<Assignment<'t>>),
    /// Anything else.
    Expression(&'t str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Assignment<'t> {
    pub name: &'t str,
    /// The text behind the sign.
    pub source: &'t str,
}

impl<'t> Input<'t> {
    pub fn read(text: &'t str) -> Input<'t> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return Input::Nothing;
        }
        if text == "quit" || text == "exit" {
            return Input::End;
        }
        if let Some(name) = text.strip_prefix('?') {
            return Input::Help(name.trim());
        }
        if let Some(magic) = text.strip_prefix('%') {
            let (name, rest) = magic.split_once(char::is_whitespace).unwrap_or((magic, ""));
            return Input::Magic {
                name,
                rest: rest.trim(),
            };
        }
        let mut assignments = Vec::new();
        let mut rest = text;
        while let Some(assignment) = Assignment::read(rest) {
            assignments.push(assignment);
            rest = assignment.source;
        }
        if assignments.is_empty() {
            return Input::Expression(text);
        }
        Input::Assignment(assignments)
    }

    /// The expression in what was typed, if there is one.
    pub fn expression(&self) -> Option<&'t str> {
        match self {
            Input::Expression(source) => Some(source),
            Input::Assignment(assignments) => assignments.last().map(|last| last.source),
            Input::Magic { name, rest } if *name == super::magics::DEFINE => {
                global_assignment(rest).map(|(_, source)| source)
            }
            _ => None,
        }
    }
}

impl<'t> Assignment<'t> {
    /// The assignment that a text begins with. The name must be one that an expression can mention.
    fn read(text: &'t str) -> Option<Assignment<'t>> {
        let (name, source) = text.split_once(":=")?;
        let name = name.trim();
        is_variable(name).then_some(Assignment {
            name,
            source: source.trim(),
        })
    }
}

/// Whether an expression can mention a variable of this name. `_` stands for all variables.
fn is_variable(name: &str) -> bool {
    let pieces = tokens(name);
    matches!(pieces.as_slice(), [one] if one.kind == TokenKind::Name) && name != "_"
}

/// `NAME := EXPRESSION` with any name: those of the global configuration are no variables.
pub(super) fn global_assignment(text: &str) -> Option<(&str, &str)> {
    let (name, source) = text.split_once(":=")?;
    let name = name.trim();
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    is_name.then_some((name, source.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        match Input::read(text) {
            Input::Assignment(assignments) => assignments.iter().map(|one| one.name).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_kind_of_line_is_told_apart() {
        assert_eq!(Input::read("  "), Input::Nothing);
        assert_eq!(Input::read(" # x := 5"), Input::Nothing);
        assert_eq!(Input::read("quit "), Input::End);
        assert_eq!(Input::read("Quit"), Input::Expression("Quit"));
        assert_eq!(Input::read("? MAP "), Input::Help("MAP"));
        assert_eq!(Input::read("?"), Input::Help(""));
        let magic = Input::Magic {
            name: "define",
            rest: "a := 1",
        };
        assert_eq!(Input::read("%define  a := 1"), magic);
        assert_eq!(magic.expression(), Some("1"));
        assert_eq!(Input::read("x == 1"), Input::Expression("x == 1"));
    }

    #[test]
    fn assignments_name_variables() {
        assert_eq!(names("x := 1"), ["x"]);
        assert_eq!(names("x:=1"), ["x"]);
        assert_eq!(names("a.b:c := y\n := 2"), ["a.b:c", "y"]);
        assert_eq!(names("x := 'a := b'"), ["x"]);
        for no_assignment in [
            "'a := b'",
            "TO_UPPER(x) := 1",
            "true := 1",
            "5 := 1",
            "_ := 1",
        ] {
            assert!(names(no_assignment).is_empty(), "{no_assignment}");
        }
        assert_eq!(Input::read("x := y := 2").expression(), Some("2"));
    }

    #[test]
    fn globals_have_any_name() {
        assert_eq!(
            global_assignment("es.ip-port := 'a'"),
            Some(("es.ip-port", "'a'"))
        );
        assert_eq!(global_assignment("a b := 1"), None);
        assert_eq!(global_assignment(":= 1"), None);
        assert_eq!(global_assignment("a"), None);
    }
}
