//! What to say about a text that is no expression, and what to write instead.

use alidade_event::Value;

use super::{Form, LEFT_OF_IN, MAX_PARAMETERS, Parser};
use crate::Diagnostic;
use crate::lexer::Token;
use crate::syntax::{Expr, Kind, Span};

/// Words that other languages have for operators, with what to write here.
const FOREIGN_WORDS: &[(&[&str], &str)] = &[
    (
        &["like", "matches", "rlike", "regexp", "regex"],
        "a text is matched with a pattern by `REGEXP_MATCH(text, pattern)`",
    ),
    (
        &["contains", "has", "includes"],
        "whether a text or a list contains something asks `'part' in text`",
    ),
    (
        &["startswith", "starts_with"],
        "write `STARTS_WITH(text, 'start')`",
    ),
    (&["endswith", "ends_with"], "write `ENDS_WITH(text, 'end')`"),
    (&["is"], "write `== null` or `!= null`"),
    (&["between"], "write `x >= least and x <= most`"),
    (&["eq", "equals"], "equality is written `==`"),
    (&["ne", "neq"], "inequality is written `!=`"),
    (&["gt"], "write `>`"),
    (&["ge", "gte"], "write `>=`"),
    (&["lt"], "write `<`"),
    (&["le", "lte"], "write `<=`"),
    (
        &["xor"],
        "of two booleans exactly one holds when they differ: write `!=`",
    ),
    (&["mod"], "the remainder of `a` by `b` is `a - (a / b) * b`"),
    (&["elseif", "elsif", "elif"], "write `else if`"),
];

/// Words of the language, which are written in small letters or in capitals.
const WORDS: &[&str] = &[
    "and", "or", "not", "in", "if", "then", "else", "match", "default", "exists",
];

/// What to write instead of a name that stands where an operator or a word is expected.
fn instead_of(name: &str) -> Option<String> {
    let small = name.to_ascii_lowercase();
    if WORDS.contains(&small.as_str()) {
        let capitals = small.to_uppercase();
        return Some(format!("the word is written `{small}` or `{capitals}`"));
    }
    let (_, help) = FOREIGN_WORDS
        .iter()
        .find(|(words, _)| words.contains(&small.as_str()))?;
    Some((*help).to_owned())
}

impl Parser<'_> {
    pub(super) fn error_here(&self, message: String, label: String) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(
            "S001",
            self.span().range(),
            message,
            label,
        ))
    }

    /// The token before the next one.
    fn previous(&self) -> Option<&(Token, Span)> {
        self.tokens.get(self.at.checked_sub(1)?)
    }

    /// A number with letters directly behind it, such as `2fa_failed`.
    fn glued_number(&self) -> Option<Box<Diagnostic>> {
        let (number, before) = self.previous()?;
        let is_number = matches!(
            number,
            Token::Int(_) | Token::Long(_) | Token::Float(_) | Token::Double(_)
        );
        let is_glued = is_number && before.end == self.span().start;
        let (Token::Name(_), true) = (self.peek(), is_glued) else {
            return None;
        };
        let finding = Diagnostic::error(
            "S001",
            before.to(self.span()).range(),
            "this is neither a number nor a name",
            "begins with a digit",
        );
        Some(Box::new(finding.with_help(
            "names begin with a letter, `_` or `$`; a field with another name is read with `MAP_GET('2nd', _)`",
        )))
    }

    /// The finding about a token that is missing before the next one.
    pub(super) fn missing(&self, token: &Token, context: &str) -> Box<Diagnostic> {
        if let Some(finding) = self.glued_number() {
            return finding;
        }
        let found = self.peek().describe();
        let message = format!("expected {} {context}, found {found}", token.describe());
        let finding = self.error_here(message, format!("{} missing", token.describe()));
        let help = self.remedy_for_missing(token);
        Box::new(finding.with_help(help))
    }

    fn remedy_for_missing(&self, token: &Token) -> String {
        if let Token::Name(name) = self.peek()
            && let Some(help) = instead_of(name)
        {
            return help;
        }
        let help = match (token, self.peek()) {
            (Token::CloseParen, Token::Comma) => "a list stands in brackets, as in `[1, 2]`",
            (Token::CloseParen, Token::End) => "close the parenthesis with `)`",
            (Token::CloseParen, _) => "close the parenthesis with `)`, or put an operator here",
            (Token::Then, _) => "a conditional is written `if condition then value else other`",
            (Token::Else, _) => "`if` always needs an `else`",
            (Token::OpenBrace, _) => {
                "`match` has no subject, every clause asks for itself: `match { x == 1 => 'one', default => 'other' }`"
            }
            (Token::OpenParen, _) => "write `exists(name)`",
            (Token::Implies, _) => "a clause is written `condition => value`",
            (Token::Comma, _) => "the last clause is `default => ...`",
            (Token::CloseBrace, Token::Comma) => "`default` is the last clause",
            (Token::CloseBrace, _) => "close it with `}`",
            (Token::Arrow, _) => "a lambda is written `x -> value`",
            (Token::Colon, _) if self.is_in_ternary() => "`a ? b : c` always has two branches",
            (Token::Colon, _) => "an entry of a map is written `key : value`",
            _ => "put it here",
        };
        help.to_owned()
    }

    /// Whether a `?` stands somewhere before the next token that no brace separates from it.
    fn is_in_ternary(&self) -> bool {
        let before = self.tokens.get(..self.at).unwrap_or_default();
        let opening = before
            .iter()
            .rev()
            .map(|(token, _)| token)
            .find(|token| matches!(token, Token::Question | Token::OpenBrace));
        opening == Some(&Token::Question)
    }

    /// The finding about members that are neither separated nor closed.
    pub(super) fn unclosed(&self, close: &Token) -> Box<Diagnostic> {
        if let Some(finding) = self.glued_number() {
            return finding;
        }
        let close = close.describe();
        let found = self.peek().describe();
        let is_end = *self.peek() == Token::End;
        let label = match is_end {
            true => format!("{close} missing"),
            false => "`,` missing".to_owned(),
        };
        let finding = self.error_here(format!("expected `,` or {close}, found {found}"), label);
        let help = match self.peek() {
            Token::Name(name) => instead_of(name),
            Token::And | Token::Or | Token::In | Token::NotIn => {
                Some("put parentheses around `and`, `or` and `in` here".to_owned())
            }
            _ => None,
        };
        let help = help.unwrap_or_else(|| match is_end {
            true => format!("close it with {close}"),
            false => format!("put `,` between the members, or close it with {close}"),
        });
        Box::new(finding.with_help(help))
    }

    /// The finding about a token that cannot follow a complete expression.
    pub(super) fn unexpected_after(&self, before: &Expr) -> Box<Diagnostic> {
        if let Some(finding) = self.glued_number() {
            return finding;
        }
        let found = self.peek().describe();
        let label = match self.peek() {
            Token::CloseParen | Token::CloseBracket | Token::CloseBrace => "closes nothing",
            _ => "not expected here",
        };
        let finding = self.error_here(
            format!("{found} cannot stand after a complete expression"),
            label.to_owned(),
        );
        let help = match (self.peek(), &*before.kind) {
            (Token::Text(_), Kind::Literal(Value::Str(_))) => {
                "strings that stand side by side are not joined; use JOIN(['a', 'b'], '')"
            }
            (Token::Plus | Token::Minus | Token::Star | Token::Slash, _) => {
                "arithmetic takes numbers, names, calls and parentheses; text is joined with JOIN or FORMAT"
            }
            (Token::OpenBracket, _) => {
                "members are read with GET(list, index) or MAP_GET(key, map)"
            }
            (Token::OpenParen, _) => "only a function's name can be called",
            (Token::In | Token::NotIn, _) => {
                "left of `in` stands a value; a comparison needs parentheses around the `in`"
            }
            (Token::Not, _) => "`not in` is written with exactly one blank, both words in one case",
            (Token::CloseParen | Token::CloseBracket | Token::CloseBrace, _) => "leave it out",
            (Token::Implies, _) => "greater or equal is written `>=`",
            (Token::Arrow, _) => "the parameters of a lambda are names: `x -> x + 1`",
            (Token::Comma, _) => "several values stand in a list: `[a, b]`",
            (Token::Then | Token::Else, _) => "`then` and `else` belong to an `if` before them",
            (Token::Name(name), _) => {
                let help = instead_of(name);
                let help = help.unwrap_or_else(|| "an operator is missing before it".to_owned());
                return Box::new(finding.with_help(help));
            }
            _ => "an operator is missing before it",
        };
        Box::new(finding.with_help(help))
    }

    pub(super) fn misplaced(&self, found: &Expr, form: Form, place: &str) -> Box<Diagnostic> {
        let finding = Diagnostic::error(
            "S006",
            found.span.range(),
            format!("{} cannot stand {place}", form.describe()),
            "not allowed here",
        );
        Box::new(match form {
            Form::Match => {
                finding.with_help("`match` stands alone, or as a branch of a conditional")
            }
            _ if place == LEFT_OF_IN => finding.with_help(
                "left of `in` stands a name, a number, a call, or a value without parentheses",
            ),
            _ => finding.with_help("put parentheses around it"),
        })
    }

    pub(super) fn not_a_number(&self, found: &Expr) -> Box<Diagnostic> {
        Box::new(
            Diagnostic::error(
                "S006",
                found.span.range(),
                "only numbers can be calculated with",
                "not a number",
            )
            .with_help(
                "text is joined with JOIN or FORMAT, and converted with TO_INTEGER or TO_DOUBLE",
            ),
        )
    }

    /// The finding about a token where a value must stand.
    pub(super) fn no_operand(&self) -> Box<Diagnostic> {
        let found = self.peek().describe();
        let previous = self.previous().map(|(token, _)| token);
        let Some(previous) = previous else {
            if *self.peek() == Token::End {
                let finding = self.error_here(
                    "the expression is empty".to_owned(),
                    "value missing".to_owned(),
                );
                return Box::new(
                    finding.with_help("write a value; only a condition may be left blank"),
                );
            }
            return self.no_operand_after("at the start of an expression", &found);
        };
        self.no_operand_after(&format!("after {}", previous.describe()), &found)
    }

    fn no_operand_after(&self, place: &str, found: &str) -> Box<Diagnostic> {
        let after_comma = matches!(self.previous(), Some((Token::Comma, _)));
        let finding = self.error_here(
            format!("expected a value {place}, found {found}"),
            "value missing".to_owned(),
        );
        let help = match self.peek() {
            Token::Minus => "there is no sign; write `0 - x`".to_owned(),
            Token::Plus => "there is no sign; leave it out".to_owned(),
            Token::If | Token::Match => "put parentheses around it".to_owned(),
            Token::CloseBracket | Token::CloseBrace | Token::CloseParen if after_comma => {
                "a comma at the end is not allowed".to_owned()
            }
            Token::Not => {
                "`not(...)` is no number; compare it, or put it in a conditional".to_owned()
            }
            Token::Default => "`default` ends a `match`".to_owned(),
            _ => format!("put a value {place}"),
        };
        Box::new(finding.with_help(help))
    }

    pub(super) fn too_many_parameters(&self, surplus: Span) -> Box<Diagnostic> {
        let message = format!("a lambda has at most {MAX_PARAMETERS} parameters");
        let finding = Diagnostic::error("S007", surplus.range(), message, "one too many");
        Box::new(finding.with_help("leave out those that never get a value"))
    }

    /// The finding about what stands in `exists(...)` instead of a name.
    pub(super) fn no_name(&self) -> Box<Diagnostic> {
        let finding = self.error_here(
            format!(
                "`exists` takes a variable's name, found {}",
                self.peek().describe()
            ),
            "name missing".to_owned(),
        );
        let help = match self.peek() {
            Token::Text(name) if name.len() <= 60 => format!(
                "write the name without quotes; for one that is not plain, `MAP_GET('{}', _) != null`",
                name.escape_debug()
            ),
            _ => "write `exists(name)`; for other values, `... != null`".to_owned(),
        };
        Box::new(finding.with_help(help))
    }
}
