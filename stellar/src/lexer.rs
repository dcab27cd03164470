//! From text to tokens. The longest match wins; at equal length a keyword beats a name.

use alidade_event::Str;
use smol_str::SmolStrBuilder;

use crate::Diagnostic;
use crate::syntax::Span;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Name(Str),
    Text(Str),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    And,
    Or,
    Not,
    In,
    NotIn,
    True,
    False,
    Null,
    NaN,
    If,
    Then,
    Else,
    Match,
    Default,
    Exists,
    Question,
    Colon,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Star,
    Slash,
    Implies,
    Arrow,
    Comma,
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    End,
}

impl Token {
    /// The token as a reader of a message knows it.
    pub fn describe(&self) -> String {
        match self {
            Token::Name(name) => format!("the name `{name}`"),
            Token::Text(_) => "a string".to_owned(),
            Token::Int(_) | Token::Long(_) | Token::Float(_) | Token::Double(_) | Token::NaN => {
                "a number".to_owned()
            }
            Token::End => "the end of the expression".to_owned(),
            other => format!("`{}`", other.symbol()),
        }
    }

    fn symbol(&self) -> &'static str {
        match self {
            Token::And => "and",
            Token::Or => "or",
            Token::Not => "not",
            Token::In => "in",
            Token::NotIn => "not in",
            Token::True => "true",
            Token::False => "false",
            Token::Null => "null",
            Token::If => "if",
            Token::Then => "then",
            Token::Else => "else",
            Token::Match => "match",
            Token::Default => "default",
            Token::Exists => "exists",
            Token::Question => "?",
            Token::Colon => ":",
            Token::Equal => "==",
            Token::NotEqual => "!=",
            Token::Less => "<",
            Token::LessOrEqual => "<=",
            Token::Greater => ">",
            Token::GreaterOrEqual => ">=",
            Token::Plus => "+",
            Token::Minus => "-",
            Token::Star => "*",
            Token::Slash => "/",
            Token::Implies => "=>",
            Token::Arrow => "->",
            Token::Comma => ",",
            Token::OpenParen => "(",
            Token::CloseParen => ")",
            Token::OpenBracket => "[",
            Token::CloseBracket => "]",
            Token::OpenBrace => "{",
            Token::CloseBrace => "}",
            _ => "",
        }
    }

    /// Whether a minus directly before a digit is an operator after this token. Upstream takes the minus into the number
    /// and then refuses two operands in a row, so reading it as an operator breaks nothing.
    pub fn ends_operand(&self) -> bool {
        matches!(
            self,
            Token::Name(_)
                | Token::Int(_)
                | Token::Long(_)
                | Token::Float(_)
                | Token::Double(_)
                | Token::NaN
                | Token::CloseParen
        )
    }
}

/// All tokens of a source with their places; the last one is [`Token::End`].
pub(crate) fn tokens(source: &str) -> Result<Vec<(Token, Span)>, Diagnostic> {
    let mut lexer = Lexer::new(source);
    let mut tokens: Vec<(Token, Span)> = Vec::new();
    loop {
        lexer.skip_blanks();
        let start = lexer.at;
        if start == source.len() {
            tokens.push((Token::End, Span::new(start, start)));
            return Ok(tokens);
        }
        let after_operand = tokens.last().is_some_and(|(token, _)| token.ends_operand());
        let token = lexer.token(after_operand)?;
        tokens.push((token, Span::new(start, lexer.at)));
    }
}

pub(crate) struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    pub fn new(source: &'s str) -> Self {
        Lexer { source, at: 0 }
    }

    /// How far has been read, in bytes.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes on from `at`, which must be a boundary of characters.
    pub fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.source
            .as_bytes()
            .get(self.at + ahead)
            .copied()
            .unwrap_or(0)
    }

    fn skip_blanks(&mut self) {
        loop {
            self.skip_white();
            if !self.skip_comment() {
                return;
            }
        }
    }

    /// Passes white space; whether there was any.
    pub fn skip_white(&mut self) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n', '\x0c']);
        self.at += rest.len() - trimmed.len();
        trimmed.len() < rest.len()
    }

    /// Passes one comment; whether there was one. A comment has at least one character, whatever it is: `//` and a line
    /// feed take the next line along.
    pub fn skip_comment(&mut self) -> bool {
        let Some(comment) = self.rest().strip_prefix("//") else {
            return false;
        };
        let mut comment = comment.chars();
        let Some(first) = comment.next() else {
            return false;
        };
        let body = comment.as_str();
        let length = body.find('\n').map_or(body.len(), |end| end + 1);
        self.at += 2 + first.len_utf8() + length;
        true
    }

    /// The next token. Nothing but white space and comments may have been left out before it.
    ///
    /// # Errors
    /// What begins here is no token. How far has been read is then unspecified.
    pub fn token(&mut self, after_operand: bool) -> Result<Token, Diagnostic> {
        let first = self.byte(0);
        match first {
            b'\'' | b'"' => return self.text(first),
            b'0'..=b'9' => return self.number(),
            b'.' if self.byte(1).is_ascii_digit() => return self.number(),
            b'-' if !after_operand && self.byte(1).is_ascii_digit() => return self.number(),
            b'-' if !after_operand && self.is_negative_fraction() => return self.number(),
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'$' => return Ok(self.word()),
            _ => {}
        }
        let two = match (first, self.byte(1)) {
            (b'&', b'&') => Some(Token::And),
            (b'|', b'|') => Some(Token::Or),
            (b'=', b'=') => Some(Token::Equal),
            (b'!', b'=') => Some(Token::NotEqual),
            (b'<', b'=') => Some(Token::LessOrEqual),
            (b'>', b'=') => Some(Token::GreaterOrEqual),
            (b'=', b'>') => Some(Token::Implies),
            (b'-', b'>') => Some(Token::Arrow),
            _ => None,
        };
        if let Some(token) = two {
            self.at += 2;
            return Ok(token);
        }
        let one = match first {
            b'<' => Token::Less,
            b'>' => Token::Greater,
            b'+' => Token::Plus,
            b'-' => Token::Minus,
            b'*' => Token::Star,
            b'/' => Token::Slash,
            b'?' => Token::Question,
            b':' => Token::Colon,
            b',' => Token::Comma,
            b'(' => Token::OpenParen,
            b')' => Token::CloseParen,
            b'[' => Token::OpenBracket,
            b']' => Token::CloseBracket,
            b'{' => Token::OpenBrace,
            b'}' => Token::CloseBrace,
            _ => return Err(self.stray_character()),
        };
        self.at += 1;
        Ok(one)
    }

    fn stray_character(&self) -> Diagnostic {
        let stray = self.rest().chars().next().unwrap_or(' ');
        let span = self.at..self.at + stray.len_utf8();
        let message = format!("`{}` has no meaning here", stray.escape_debug());
        let finding = Diagnostic::error("S002", span, message, "unexpected character");
        match stray {
            '=' if self
                .source
                .get(..self.at)
                .unwrap_or_default()
                .ends_with(':') =>
            {
                finding.with_help(
                    "an expression assigns nothing; its place in the configuration names the field",
                )
            }
            '=' => finding.with_help("equality is written `==`"),
            '!' => finding.with_help("negation is written `not(...)`, inequality `!=`"),
            '&' => finding.with_help("write `and` or `&&`"),
            '|' => finding.with_help("write `or` or `||`"),
            '#' => finding.with_help("a comment begins with `//`"),
            '%' => finding.with_help("the remainder of `a` by `b` is `a - (a / b) * b`"),
            ';' => finding.with_help("an expression ends without a sign; leave it out"),
            '`' | '‘' | '’' | '“' | '”' => {
                finding.with_help("strings stand in `'` or `\"`")
            }
            '@' | '.' => finding.with_help(
                "a field whose name is not plain is read with MAP_GET, as in `MAP_GET('@name', _)`",
            ),
            _ => finding.with_help(
                "outside of strings stand names, numbers and operators; put text in quotes",
            ),
        }
    }

    /// A name or a word that the language keeps for itself.
    fn word(&mut self) -> Token {
        let rest = self.rest();
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:\\".contains(&byte);
        let length = 1 + rest
            .bytes()
            .skip(1)
            .take_while(|byte| is_part(*byte))
            .count();
        let word = rest.get(..length).unwrap_or(rest);
        // A name cannot end in a colon.
        let word = word.trim_end_matches(':');
        if let "not" | "NOT" = word {
            let glued = if word == "not" { "not in" } else { "NOT IN" };
            if rest.starts_with(glued) {
                self.at += glued.len();
                return Token::NotIn;
            }
        }
        self.at += word.len();
        match word {
            "and" | "AND" => Token::And,
            "or" | "OR" => Token::Or,
            "not" | "NOT" => Token::Not,
            "in" | "IN" => Token::In,
            "true" | "TRUE" => Token::True,
            "false" | "FALSE" => Token::False,
            "null" | "NULL" => Token::Null,
            "NaN" => Token::NaN,
            "if" | "IF" => Token::If,
            "then" | "THEN" => Token::Then,
            "else" | "ELSE" => Token::Else,
            "match" | "MATCH" => Token::Match,
            "default" | "DEFAULT" => Token::Default,
            "exists" | "EXISTS" => Token::Exists,
            _ => Token::Name(Str::new(word)),
        }
    }

    /// `-.5f` is a number, `-.5` is not.
    fn is_negative_fraction(&self) -> bool {
        let Some(fraction) = self.rest().strip_prefix("-.") else {
            return false;
        };
        let digits = digits_at(fraction.as_bytes(), 0);
        let end = exponent_end(fraction.as_bytes(), digits).unwrap_or(digits);
        digits > 0 && matches!(fraction.as_bytes().get(end), Some(b'f' | b'F'))
    }

    fn number(&mut self) -> Result<Token, Diagnostic> {
        let bytes = self.rest().as_bytes();
        let sign = usize::from(bytes.first() == Some(&b'-'));
        // A leading zero stands alone.
        let whole_end = match bytes.get(sign) {
            Some(b'0') => sign + 1,
            _ => digits_at(bytes, sign),
        };
        let mut end = whole_end;
        let mut is_decimal = false;
        if bytes.get(end) == Some(&b'.') {
            end = digits_at(bytes, end + 1);
            is_decimal = true;
        }
        if let Some(exponent) = exponent_end(bytes, end) {
            end = exponent;
            is_decimal = true;
        }
        let digits = self.rest().get(..end).unwrap_or_default();
        let suffix = bytes.get(end).copied().unwrap_or(0);
        let start = self.at;
        self.at += end;
        match suffix {
            b'f' | b'F' => {
                self.at += 1;
                return Ok(Token::Float(digits.parse().unwrap_or(f32::NAN)));
            }
            b'd' | b'D' => {
                self.at += 1;
                return Ok(Token::Double(digits.parse().unwrap_or(f64::NAN)));
            }
            _ if is_decimal => return Ok(Token::Double(digits.parse().unwrap_or(f64::NAN))),
            b'l' | b'L' => {
                self.at += 1;
                let number = digits.parse().map(Token::Long);
                return number.map_err(|_| {
                    Diagnostic::error(
                        "S003",
                        start..self.at,
                        "the number does not fit into 64 bits",
                        "too large",
                    )
                    .with_help("a decimal number may be larger: `1e20`")
                });
            }
            _ => {}
        }
        digits.parse().map(Token::Int).map_err(|_| {
            Diagnostic::error(
                "S003",
                start..self.at,
                "the number does not fit into 32 bits",
                "too large",
            )
            .with_help("a whole number of 64 bits ends in `L`")
        })
    }

    fn text(&mut self, quote: u8) -> Result<Token, Diagnostic> {
        let start = self.at;
        let body = self.rest().get(1..).unwrap_or_default();
        let mut plain = 0;
        let mut text = SmolStrBuilder::new();
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == char::from(quote) {
                self.at += 1 + at + 1;
                let last = body.get(plain..at).unwrap_or_default();
                if plain == 0 {
                    return Ok(Token::Text(Str::new(last)));
                }
                text.push_str(last);
                return Ok(Token::Text(text.finish()));
            }
            if c != '\\' {
                continue;
            }
            let escaped = match chars.next() {
                Some((_, '\\')) => '\\',
                Some((_, 'n')) => '\n',
                Some((_, 'r')) => '\r',
                Some((_, 't')) => '\t',
                Some((_, c)) if c == char::from(quote) => c,
                Some((_, c)) => return Err(bad_escape(start + 1 + at, c)),
                None => break,
            };
            text.push_str(body.get(plain..at).unwrap_or_default());
            text.push(escaped);
            plain = at + 2;
        }
        let quote = char::from(quote);
        Err(Diagnostic::error(
            "S005",
            start..start + 1,
            "the string does not end",
            "begins here",
        )
        .with_help(format!(
            "close it with `{quote}`; inside of it, a {quote} is written `\\{quote}`"
        )))
    }
}

fn bad_escape(at: usize, c: char) -> Diagnostic {
    Diagnostic::error(
        "S004",
        at..at + 1 + c.len_utf8(),
        format!("`\\{}` is not an escape", c.escape_debug()),
        "unknown escape",
    )
    .with_help(format!(
        "for a backslash write two: `\\\\{}`; escapes are \\\\ \\n \\r \\t and the string's own quote",
        c.escape_debug()
    ))
}

/// The end of the run of digits that begins at `from`.
fn digits_at(bytes: &[u8], from: usize) -> usize {
    let digits = bytes.iter().skip(from).take_while(|b| b.is_ascii_digit());
    from + digits.count()
}

/// The end of an exponent that begins at `from`, if there is one.
fn exponent_end(bytes: &[u8], from: usize) -> Option<usize> {
    if !matches!(bytes.get(from), Some(b'e' | b'E')) {
        return None;
    }
    let sign = usize::from(matches!(bytes.get(from + 1), Some(b'+' | b'-')));
    let end = digits_at(bytes, from + 1 + sign);
    (end > from + 1 + sign).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<Token> {
        let found = tokens(source).unwrap();
        found.into_iter().map(|(token, _)| token).collect()
    }

    #[test]
    fn numbers_have_four_widths() {
        assert_eq!(
            kinds("-.5f 1 1L 1.5f 1. .5 1e3 1d"),
            [
                Token::Float(-0.5),
                Token::Int(1),
                Token::Long(1),
                Token::Float(1.5),
                Token::Double(1.0),
                Token::Double(0.5),
                Token::Double(1000.0),
                Token::Double(1.0),
                Token::End
            ]
        );
    }

    #[test]
    fn a_minus_after_an_operand_is_an_operator() {
        let minus = [Token::Int(1), Token::Minus, Token::Int(1), Token::End];
        assert_eq!(kinds("1-1"), minus);
        assert_eq!(
            kinds("1--1"),
            [Token::Int(1), Token::Minus, Token::Int(-1), Token::End]
        );
    }

    #[test]
    fn a_comment_needs_a_character() {
        assert_eq!(kinds("6//3"), [Token::Int(6), Token::End]);
        assert_eq!(
            kinds("1 //"),
            [Token::Int(1), Token::Slash, Token::Slash, Token::End]
        );
        assert_eq!(kinds("//\n1"), [Token::End]);
    }

    #[test]
    fn names_take_colons_and_dots_but_do_not_end_in_a_colon() {
        let name = |name: &str| Token::Name(Str::new(name));
        assert_eq!(kinds("a.b:c"), [name("a.b:c"), Token::End]);
        assert_eq!(
            kinds("a: b"),
            [name("a"), Token::Colon, name("b"), Token::End]
        );
        assert_eq!(kinds("not in x"), [Token::NotIn, name("x"), Token::End]);
        assert_eq!(kinds("not  in"), [Token::Not, Token::In, Token::End]);
    }

    #[test]
    fn escapes_are_few() {
        assert_eq!(
            kinds(r"'a\tb\'c'"),
            [Token::Text("a\tb'c".into()), Token::End]
        );
        assert_eq!(tokens(r"'\d'").unwrap_err().code, "S004");
        assert_eq!(tokens("'abc").unwrap_err().code, "S005");
        assert_eq!(tokens("'abc\\").unwrap_err().code, "S005");
        assert_eq!(tokens("2147483648").unwrap_err().code, "S003");
    }
}
