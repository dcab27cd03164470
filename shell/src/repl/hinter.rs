//! Grey text behind the cursor: the rest of an earlier line, or the signature of the function that is being called.

use alidade_stellar::{Library, TokenKind, tokens};
use reedline::{Color, DefaultHinter, Hinter, History};

use super::input::Input;

pub(super) struct Hints {
    library: Library,
    history: DefaultHinter,
}

impl Hints {
    pub fn new(library: Library) -> Hints {
        Hints {
            library,
            history: DefaultHinter::default().with_style(Color::DarkGray.normal()),
        }
    }
}

impl Hinter for Hints {
    fn handle(
        &mut self,
        line: &str,
        position: usize,
        history: &dyn History,
        use_ansi_coloring: bool,
        folder: &str,
    ) -> String {
        let earlier = self
            .history
            .handle(line, position, history, use_ansi_coloring, folder);
        if !earlier.is_empty() || position < line.len() {
            return earlier;
        }
        let signature = called_function(line)
            .and_then(|name| self.library.spec(name))
            .map(|spec| format!("   {}", spec.signature()));
        signature.map_or_else(String::new, |text| {
            Color::DarkGray.normal().paint(text).to_string()
        })
    }

    /// Only earlier lines can be taken over.
    fn complete_hint(&self) -> String {
        self.history.complete_hint()
    }

    fn next_hint_token(&self) -> String {
        self.history.next_hint_token()
    }
}

/// The function whose parenthesis is open at the end of a line.
fn called_function(line: &str) -> Option<&str> {
    let source = Input::read(line).expression()?;
    let mut open: Vec<Option<&str>> = Vec::new();
    let mut function = None;
    for token in tokens(source) {
        let text = source.get(token.span)?;
        match token.kind {
            TokenKind::Function => function = Some(text),
            TokenKind::Bracket if "([{".contains(text) => open.push(function.take()),
            TokenKind::Bracket => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().rev().flatten().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_open_call_counts() {
        let cases = [
            ("MAP_GET(", Some("MAP_GET")),
            ("x := MAP_GET('a', GET(", Some("GET")),
            ("MAP_GET('a', GET(x, 1), [", Some("MAP_GET")),
            ("MAP_GET('a', (1 + ", Some("MAP_GET")),
            ("MAP_GET('a')", None),
            ("GET", None),
            (")", None),
            ("# GET(", None),
        ];
        for (line, expected) in cases {
            assert_eq!(called_function(line), expected, "{line}");
        }
    }
}
