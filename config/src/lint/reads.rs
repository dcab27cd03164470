use std::ops::Range;

use alidade_stellar::{Library, TokenKind, compile, config_code, tokens};

use super::known::Known;
use crate::Problem;
use crate::json::JsonDocument;

/// The check of what one document reads.
pub(super) struct Check<'a> {
    document: &'a JsonDocument,
    library: &'a Library,
    problems: &'a mut Vec<Problem>,
}

/// An expression of a document.
pub(super) struct Expression<'a> {
    pub source: &'a str,
    /// Where the string that holds it stands.
    pub pointer: String,
    /// Where it begins in that string, in bytes.
    pub offset: usize,
}

impl<'a> Check<'a> {
    pub fn new(
        document: &'a JsonDocument,
        library: &'a Library,
        problems: &'a mut Vec<Problem>,
    ) -> Self {
        Check {
            document,
            library,
            problems,
        }
    }

    /// Looks at every variable of an expression. `later` are the names of expressions further down.
    pub fn expression(&mut self, expression: &Expression<'_>, known: &Known, later: &[&str]) {
        let source = expression.source;
        let Ok(program) = compile(source, self.library) else {
            return;
        };
        for name in program.variables() {
            let name = name.as_str();
            if name == "_" || known.has(name) {
                continue;
            }
            let span = place_of(source, name);
            let span = span.start + expression.offset..span.end + expression.offset;
            if later.contains(&name) {
                let message = format!("`{name}` is computed only after this expression");
                self.tell(
                    &expression.pointer,
                    Some(span),
                    config_code::READ_TOO_EARLY,
                    message,
                    format!("move this expression behind that of `{name}`"),
                );
            } else if let Some(meant) = known.meant_by(name) {
                let message = format!("nothing gives a field `{name}` to this expression");
                let help = format!("did you mean `{meant}`?");
                self.tell(
                    &expression.pointer,
                    Some(span),
                    config_code::UNKNOWN_FIELD,
                    message,
                    help,
                );
            }
        }
    }

    /// Looks at a field that a list names.
    pub fn listed(&mut self, pointer: &str, name: &str, known: &Known) {
        if known.has(name) {
            return;
        }
        if let Some(meant) = known.meant_by(name) {
            let message = format!("nothing gives a field `{name}`");
            let help = format!("did you mean `{meant}`?");
            self.tell(
                pointer,
                None,
                config_code::UNKNOWN_FIELD_IN_LIST,
                message,
                help,
            );
        }
    }

    fn tell(
        &mut self,
        pointer: &str,
        span: Option<Range<usize>>,
        code: &'static str,
        message: String,
        help: String,
    ) {
        let problem = self.document.problem_at(pointer, span, code, message);
        self.problems.push(problem.with_help(help).as_warning());
    }
}

/// Where a variable first stands in an expression.
fn place_of(source: &str, name: &str) -> Range<usize> {
    tokens(source)
        .into_iter()
        .filter(|token| token.kind == TokenKind::Name)
        .map(|token| token.span)
        .find(|span| source.get(span.clone()) == Some(name))
        .unwrap_or(0..source.len())
}
