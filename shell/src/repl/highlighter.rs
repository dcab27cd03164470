//! Colours for what is typed.

use alidade_stellar::{Library, TokenKind, tokens};
use reedline::{Color, Highlighter, StyledText};

use super::input::Input;

/// Colours expressions by their tokens, and functions by whether they are there.
pub(super) struct Colours {
    pub library: Library,
}

impl Highlighter for Colours {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        let mut styled = StyledText::new();
        for (colour, text) in self.coloured(line) {
            styled.push((colour.normal(), text.to_owned()));
        }
        styled
    }
}

impl Colours {
    /// The line in pieces. Together they are the line.
    fn coloured<'t>(&self, line: &'t str) -> Vec<(Color, &'t str)> {
        let input = Input::read(line);
        let Some(source) = input.expression() else {
            let colour = match input {
                Input::Nothing => Color::DarkGray,
                Input::Help(name) => self.function_colour(name),
                _ => Color::Purple,
            };
            return vec![(colour, line)];
        };
        // The expression ends the line, but for blanks.
        let start = line.trim_end().len() - source.len();
        let (before, expression) = line.split_at(start);
        let mut pieces = vec![(Color::Default, before)];
        for token in tokens(expression) {
            let Some(text) = expression.get(token.span) else {
                continue;
            };
            let colour = match token.kind {
                TokenKind::Function => self.function_colour(text),
                kind => colour_of(kind),
            };
            pieces.push((colour, text));
        }
        pieces.retain(|(_, text)| !text.is_empty());
        pieces
    }

    fn function_colour(&self, name: &str) -> Color {
        if self.library.spec(name).is_some() {
            Color::Cyan
        } else {
            Color::Red
        }
    }
}

fn colour_of(kind: TokenKind) -> Color {
    match kind {
        TokenKind::Keyword => Color::Purple,
        TokenKind::Number => Color::Yellow,
        TokenKind::Text => Color::Green,
        TokenKind::Comment => Color::DarkGray,
        TokenKind::Error => Color::Red,
        TokenKind::Name
        | TokenKind::Function
        | TokenKind::Operator
        | TokenKind::Bracket
        | TokenKind::Blank => Color::Default,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(line: &str) -> Vec<(Color, &str)> {
        let colours = Colours {
            library: Library::metron(),
        };
        let mut pieces = colours.coloured(line);
        let joined: String = pieces.iter().map(|(_, text)| *text).collect();
        assert_eq!(joined, line);
        pieces.retain(|(colour, _)| *colour != Color::Default);
        pieces
    }

    #[test]
    fn an_expression_is_coloured_by_its_tokens() {
        assert_eq!(
            pieces("x := TO_UPPER('a') == NO_SUCH(1) and y  "),
            [
                (Color::Cyan, "TO_UPPER"),
                (Color::Green, "'a'"),
                (Color::Red, "NO_SUCH"),
                (Color::Yellow, "1"),
                (Color::Purple, "and"),
            ]
        );
        assert_eq!(pieces("  'open"), [(Color::Red, "'open")]);
    }

    #[test]
    fn every_other_line_has_one_colour() {
        assert_eq!(pieces("# note "), [(Color::DarkGray, "# note ")]);
        assert_eq!(pieces("%vars"), [(Color::Purple, "%vars")]);
        assert_eq!(pieces("?MAP"), [(Color::Cyan, "?MAP")]);
        assert_eq!(pieces("?NO"), [(Color::Red, "?NO")]);
        assert_eq!(pieces(" %define a := 1"), [(Color::Yellow, "1")]);
        assert_eq!(pieces(""), [(Color::DarkGray, "")]);
        assert_eq!(pieces("x :="), []);
    }
}
