//! A source cut into coloured pieces, for whoever shows it: a prompt, an editor, a finding.

use std::ops::Range;

use crate::lexer::{Lexer, Token as Lexeme};

/// What a piece of a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A variable, or a parameter of a lambda.
    Name,
    /// A name that an opening parenthesis follows. Whether there is such a function is not asked.
    Function,
    /// A word that the language keeps for itself, `true`, `false` and `null` among them.
    Keyword,
    Number,
    /// A string with its quotes.
    Text,
    Operator,
    Bracket,
    /// White space.
    Blank,
    Comment,
    /// What is no token: a stray character, a number too large, a string that does not end or has an unknown escape.
    Error,
}

/// A piece of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    /// The place in the source, in bytes.
    pub span: Range<usize>,
}

/// Cuts any text, right or wrong, into tokens. They stand in order, none is empty, and together they cover every byte.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer::new(source);
    let mut tokens: Vec<Token> = Vec::new();
    let mut after_operand = false;
    // The token before, blanks and comments left out, if it is a name.
    let mut name_before: Option<usize> = None;
    while lexer.at() < source.len() {
        let start = lexer.at();
        let kind = if lexer.skip_white() {
            TokenKind::Blank
        } else if lexer.skip_comment() {
            TokenKind::Comment
        } else {
            let lexeme = lexer.token(after_operand).ok();
            after_operand = lexeme.as_ref().is_some_and(Lexeme::ends_operand);
            if lexeme.is_none() {
                lexer.go_to(error_end(source, start, lexer.at()));
            }
            if lexeme == Some(Lexeme::OpenParen)
                && let Some(name) = name_before.and_then(|at| tokens.get_mut(at))
            {
                name.kind = TokenKind::Function;
            }
            let kind = lexeme.map_or(TokenKind::Error, |it| kind_of(&it, source, start));
            name_before = (kind == TokenKind::Name).then_some(tokens.len());
            kind
        };
        let span = start..lexer.at();
        tokens.push(Token { kind, span });
    }
    tokens
}

fn kind_of(lexeme: &Lexeme, source: &str, start: usize) -> TokenKind {
    match lexeme {
        Lexeme::Name(_) => TokenKind::Name,
        Lexeme::Text(_) => TokenKind::Text,
        Lexeme::Int(_) | Lexeme::Long(_) | Lexeme::Float(_) | Lexeme::Double(_) | Lexeme::NaN => {
            TokenKind::Number
        }
        Lexeme::OpenParen
        | Lexeme::CloseParen
        | Lexeme::OpenBracket
        | Lexeme::CloseBracket
        | Lexeme::OpenBrace
        | Lexeme::CloseBrace => TokenKind::Bracket,
        // `and` is a word, `&&` the same as a sign.
        _ => match source.as_bytes().get(start) {
            Some(first) if first.is_ascii_alphabetic() => TokenKind::Keyword,
            _ => TokenKind::Operator,
        },
    }
}

/// Where an error that begins at `start` ends; `read` is how far the lexer came.
fn error_end(source: &str, start: usize, read: usize) -> usize {
    if read > start {
        return read;
    }
    let mut chars = source.get(start..).unwrap_or_default().char_indices();
    let Some((_, first)) = chars.next() else {
        return source.len();
    };
    if first != '\'' && first != '"' {
        return start + first.len_utf8();
    }
    while let Some((at, c)) = chars.next() {
        if c == first {
            return start + at + 1;
        }
        if c == '\\' {
            chars.next();
        }
    }
    source.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of a source without its blanks.
    fn pieces(source: &str) -> Vec<(TokenKind, &str)> {
        tokens(source)
            .into_iter()
            .filter(|token| token.kind != TokenKind::Blank)
            .map(|token| (token.kind, &source[token.span]))
            .collect()
    }

    #[test]
    fn every_kind_is_told_apart() {
        use TokenKind::*;
        assert_eq!(
            pieces("TO_UPPER (name) && x-1.5 in ['a\\n', NaN] // why"),
            [
                (Function, "TO_UPPER"),
                (Bracket, "("),
                (Name, "name"),
                (Bracket, ")"),
                (Operator, "&&"),
                (Name, "x"),
                (Operator, "-"),
                (Number, "1.5"),
                (Keyword, "in"),
                (Bracket, "["),
                (Text, "'a\\n'"),
                (Operator, ","),
                (Number, "NaN"),
                (Bracket, "]"),
                (Comment, "// why"),
            ]
        );
        assert_eq!(
            pieces("not in x -> null"),
            [
                (Keyword, "not in"),
                (Name, "x"),
                (Operator, "->"),
                (Keyword, "null")
            ]
        );
    }

    #[test]
    fn only_a_name_directly_before_a_parenthesis_is_a_function() {
        use TokenKind::*;
        assert_eq!(pieces("a /**/")[0], (Name, "a"));
        assert_eq!(pieces("f // c\n ( 1")[0], (Function, "f"));
        assert_eq!(pieces("f + ( 1")[0], (Name, "f"));
        assert_eq!(pieces("not(a)")[0], (Keyword, "not"));
        assert_eq!(pieces("f # (a)")[0], (Name, "f"));
    }

    #[test]
    fn errors_cover_what_is_wrong_and_no_more() {
        use TokenKind::*;
        assert_eq!(
            pieces("a = 2147483648 é 'x\\d\\'y' 1"),
            [
                (Name, "a"),
                (Error, "="),
                (Error, "2147483648"),
                (Error, "é"),
                (Error, "'x\\d\\'y'"),
                (Number, "1"),
            ]
        );
        assert_eq!(pieces("1 'open é"), [(Number, "1"), (Error, "'open é")]);
        assert_eq!(pieces("'open\\"), [(Error, "'open\\")]);
        assert_eq!(
            pieces("1 //"),
            [(Number, "1"), (Operator, "/"), (Operator, "/")]
        );
    }

    #[test]
    fn the_tokens_cover_every_byte() {
        for source in [
            "",
            " \t\r\n",
            "//",
            "//\n1",
            "'é\\",
            "é\u{a0}1\u{2028}",
            "..e5-.5-.5f--1",
            "a\\b:: c:'",
            "\"\\q\" \0 '",
        ] {
            let mut at = 0;
            for token in tokens(source) {
                assert_eq!(token.span.start, at, "{source:?}");
                assert!(token.span.end > at && source.is_char_boundary(token.span.end));
                at = token.span.end;
            }
            assert_eq!(at, source.len(), "{source:?}");
        }
    }
}
