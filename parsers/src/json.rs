//! A JSON reader for what devices send: as tolerant as upstream's two readers, and bounded in depth.

use std::sync::Arc;

use alidade_event::{Event, FieldName, Map, NumberStyle, Str, Value};

/// What a reader lets pass beyond the standard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    pub numbers: NumberStyle,
    /// `//` and `/* */` between tokens.
    pub comments: bool,
    /// Anything after the first value.
    pub trailing_text: bool,
    /// Missing and superfluous commas.
    pub loose_commas: bool,
}

/// Upstream's reader for envelopes, record keys and JSONMap.
pub(crate) const JACKSON: Dialect = Dialect {
    numbers: NumberStyle::Jackson,
    comments: true,
    trailing_text: true,
    loose_commas: false,
};

/// Upstream's reader for Bro, Lancope and Logstash.
pub(crate) const SIMPLE: Dialect = Dialect {
    numbers: NumberStyle::Simple,
    comments: false,
    trailing_text: false,
    loose_commas: true,
};

const MAX_DEPTH: usize = 128;

/// Reads one value.
///
/// # Errors
/// A text that says what was expected and at which byte.
pub(crate) fn read(text: &str, dialect: Dialect) -> Result<Value, String> {
    let mut reader = Reader::new(text, dialect);
    let value = reader.value(0)?;
    reader.end()?;
    Ok(value)
}

/// Reads one object as an event.
///
/// # Errors
/// As [`read`], and when the value is not an object.
pub(crate) fn read_event(text: &str, dialect: Dialect) -> Result<Event, String> {
    let mut reader = Reader::new(text, dialect);
    reader.blanks()?;
    if reader.peek() != Some(b'{') {
        return Err(reader.expected("a JSON object"));
    }
    let mut event = Event::with_capacity(24);
    reader.members(0, |name, value| {
        event.set(FieldName::from(name), value);
    })?;
    reader.end()?;
    Ok(event)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    dialect: Dialect,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, dialect: Dialect) -> Self {
        Reader {
            text,
            at: 0,
            dialect,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, what: &str) -> String {
        let found: String = self.rest().chars().take(20).collect();
        if found.is_empty() {
            return format!("expected {what}, found the end of the text");
        }
        format!("expected {what} at byte {}, found `{found}`", self.at)
    }

    fn end(&mut self) -> Result<(), String> {
        if self.dialect.trailing_text {
            return Ok(());
        }
        self.blanks()?;
        if self.peek().is_none() {
            return Ok(());
        }
        Err(self.expected("the end of the text"))
    }

    fn blanks(&mut self) -> Result<(), String> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'/') if self.dialect.comments => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn comment(&mut self) -> Result<(), String> {
        let rest = self.rest();
        if rest.starts_with("//") {
            self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            return Ok(());
        }
        match rest.strip_prefix("/*").and_then(|body| body.find("*/")) {
            Some(length) => {
                self.at += length + 4;
                Ok(())
            }
            None => Err(self.expected("a comment that ends")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(format!("JSON nests deeper than {MAX_DEPTH} levels"));
        }
        self.blanks()?;
        match self.peek() {
            Some(b'{') => {
                let mut map = Map::new();
                self.members(depth, |name, value| {
                    map.insert(Value::Str(name), value);
                })?;
                Ok(Value::Map(Arc::new(map)))
            }
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Value::Str),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, String> {
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.expected("a JSON value"))
    }

    /// Moves over separators before the next member. True when the collection ends here.
    fn next_member(&mut self, close: u8, first: bool) -> Result<bool, String> {
        self.blanks()?;
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(true);
        }
        if self.dialect.loose_commas {
            while self.peek() == Some(b',') {
                self.at += 1;
                self.blanks()?;
            }
            if self.peek() == Some(close) {
                self.at += 1;
                return Ok(true);
            }
            return Ok(false);
        }
        if !first {
            if self.peek() != Some(b',') {
                return Err(self.expected("a comma or the end of the collection"));
            }
            self.at += 1;
            self.blanks()?;
        }
        Ok(false)
    }

    fn members(&mut self, depth: usize, mut put: impl FnMut(Str, Value)) -> Result<(), String> {
        self.at += 1;
        let mut first = true;
        while !self.next_member(b'}', first)? {
            first = false;
            if self.peek() != Some(b'"') {
                return Err(self.expected("a name in quotes"));
            }
            let name = self.string()?;
            self.blanks()?;
            if self.peek() != Some(b':') {
                return Err(self.expected("a colon"));
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            put(name, value);
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        self.at += 1;
        let mut members = Vec::new();
        let mut first = true;
        while !self.next_member(b']', first)? {
            first = false;
            members.push(self.value(depth + 1)?);
        }
        Ok(Value::list(members))
    }

    fn string(&mut self) -> Result<Str, String> {
        self.at += 1;
        let rest = self.rest();
        let Some(plain) = rest.find(['"', '\\']) else {
            return Err("a string has no closing quote".to_owned());
        };
        if rest.as_bytes().get(plain) == Some(&b'"') {
            self.at += plain + 1;
            return Ok(Str::new(rest.get(..plain).unwrap_or_default()));
        }
        self.string_with_escapes()
    }

    fn string_with_escapes(&mut self) -> Result<Str, String> {
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(plain) = rest.find(['"', '\\']) else {
                return Err("a string has no closing quote".to_owned());
            };
            text.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain + 1;
            if rest.as_bytes().get(plain) == Some(&b'"') {
                return Ok(Str::from(text));
            }
            let escape = self.peek();
            self.at += 1;
            match escape {
                Some(b'n') => text.push('\n'),
                Some(b't') => text.push('\t'),
                Some(b'r') => text.push('\r'),
                Some(b'b') => text.push('\u{8}'),
                Some(b'f') => text.push('\u{c}'),
                Some(symbol @ (b'"' | b'\\' | b'/')) => text.push(char::from(symbol)),
                Some(b'u') => text.push(self.unicode_escape()?),
                _ => {
                    self.at -= 1;
                    return Err(self.expected("a JSON escape"));
                }
            }
        }
    }

    fn hex4(&mut self) -> Result<u32, String> {
        let digits = self.rest().get(..4).unwrap_or_default();
        let code = u32::from_str_radix(digits, 16)
            .ok()
            .filter(|_| digits.len() == 4 && !digits.starts_with('+'))
            .ok_or_else(|| self.expected("four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }

    fn unicode_escape(&mut self) -> Result<char, String> {
        let high = self.hex4()?;
        if (0xd800..0xdc00).contains(&high) && self.rest().starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn number(&mut self) -> Result<Value, String> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let digits = rest.get(..length).unwrap_or_default();
        let value =
            number(digits, self.dialect.numbers).ok_or_else(|| self.expected("a JSON number"))?;
        self.at += length;
        Ok(value)
    }
}

fn number(text: &str, style: NumberStyle) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let strict = style == NumberStyle::Jackson;
    if strict
        && digits.len() > 1
        && digits.starts_with('0')
        && digits.as_bytes()[1].is_ascii_digit()
    {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(match (text.parse::<i64>(), style) {
            (Ok(whole), NumberStyle::Jackson) => {
                i32::try_from(whole).map_or(Value::Long(whole), Value::Int)
            }
            (Ok(whole), NumberStyle::Simple) => Value::Long(whole),
            // The readers of the stages behind could not take it either.
            (Err(_), _) if text.parse().is_ok_and(f64::is_infinite) => return None,
            (Err(_), _) => Value::BigInt(Str::new(text)),
        });
    }
    if text.ends_with('.') || text.contains(".e") || text.contains(".E") {
        return None;
    }
    text.parse().ok().map(Value::Double)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jackson_takes_comments_and_trailing_text_but_no_loose_commas() {
        let event =
            read_event("/* x */ {\"a\": 1, // y\n \"b\":3000000000} junk", JACKSON).unwrap();
        assert_eq!(event.get("a"), Some(&Value::Int(1)));
        assert_eq!(event.get("b"), Some(&Value::Long(3_000_000_000)));
        for bad in [
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":01}",
            "[]",
            "",
            "{",
            "{'a':1}",
            "{\"a\":.5}",
        ] {
            assert!(read_event(bad, JACKSON).is_err(), "{bad}");
        }
    }

    #[test]
    fn simple_takes_loose_commas_but_no_trailing_text() {
        let event = read_event("{\"a\":1 \"b\":[1,,2,],}", SIMPLE).unwrap();
        assert_eq!(event.get("a"), Some(&Value::Long(1)));
        assert_eq!(event.get("b").map(Value::to_json).as_deref(), Some("[1,2]"));
        assert!(read_event("{} x", SIMPLE).is_err());
    }

    #[test]
    fn escapes_and_numbers_are_read_exactly() {
        let value = read(
            "[\"a\\u00e9\\ud83d\\ude00\\n\\\"\", 1.5e3, -7, 123456789012345678901234567890]",
            JACKSON,
        )
        .unwrap();
        let Value::List(members) = value else {
            panic!("not a list")
        };
        assert_eq!(members[0], Value::str("aé😀\n\""));
        assert_eq!(members[1], Value::Double(1500.0));
        assert_eq!(members[2], Value::Int(-7));
        assert_eq!(
            members[3],
            Value::BigInt("123456789012345678901234567890".into())
        );
    }

    #[test]
    fn a_number_that_no_stage_behind_can_read_is_refused() {
        let digits = "2".repeat(309);
        for dialect in [JACKSON, SIMPLE] {
            assert!(read(&digits[..308], dialect).is_ok());
            assert!(read(&digits, dialect).is_err());
            assert!(read(&format!("-{digits}"), dialect).is_err());
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(100_000);
        assert!(read(&deep, JACKSON).is_err());
    }
}
