//! Whether a line is to be continued on the next one.

use alidade_stellar::{Library, TokenKind, compile, tokens};
use reedline::{ValidationResult, Validator};

use super::input::Input;

/// Asks for another line until the expression is whole, or is wrong.
pub(super) struct WholeExpression {
    pub library: Library,
}

impl Validator for WholeExpression {
    fn validate(&self, text: &str) -> ValidationResult {
        if is_unfinished(text, &self.library) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Complete
        }
    }
}

/// Whether more text could make an expression of this. Two empty lines end it in any case, so that nobody is stuck.
fn is_unfinished(text: &str, library: &Library) -> bool {
    if text.ends_with("\n\n") {
        return false;
    }
    let input = Input::read(text);
    let Some(source) = input.expression() else {
        return false;
    };
    if source.is_empty() {
        return true;
    }
    if has_open_string(source) {
        return true;
    }
    let Err(findings) = compile(source, library) else {
        return false;
    };
    // What the end of the text makes wrong points behind everything.
    findings
        .first()
        .is_some_and(|finding| finding.span.start >= source.len())
}

fn has_open_string(source: &str) -> bool {
    let pieces = tokens(source);
    let Some(last) = pieces.last().filter(|last| last.kind == TokenKind::Error) else {
        return false;
    };
    let Some(text) = source.get(last.span.clone()) else {
        return false;
    };
    let mut letters = text.chars();
    let Some(quote) = letters.next().filter(|first| "'\"".contains(*first)) else {
        return false;
    };
    while let Some(letter) = letters.next() {
        if letter == quote {
            return false;
        }
        if letter == '\\' {
            letters.next();
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_begun_goes_on() {
        let library = Library::metron();
        for begun in [
            "TO_UPPER(",
            "x := [1,",
            "{'a' :",
            "MAP([1], x ->",
            "match { x > 1 => 2,",
            "match {",
            "if x then 1",
            "x ?",
            "1 +",
            "not",
            "x in",
            "'abc",
            "\"abc\\\"",
            "x := 'a",
            "x :=",
            "%define a := (",
            "(1 // note\n",
            "(1\n",
        ] {
            assert!(is_unfinished(begun, &library), "{begun}");
        }
    }

    #[test]
    fn what_is_whole_or_wrong_does_not() {
        let library = Library::metron();
        for ended in [
            "",
            "# (",
            "?MAP (",
            "%functions (",
            "quit",
            "1 + 2",
            "NO_SUCH(1)",
            "x)",
            "(]",
            "1 2",
            "'a\\d'",
            "'a' 'b'",
            "x := := (",
            "(\n\n",
            "99999999999",
        ] {
            assert!(!is_unfinished(ended, &library), "{ended}");
        }
    }
}
