//! Patterns that need no engine: a literal text, with `.*` before or after it. Rules are full of them.

/// A pattern such as `.*\.exe$`, taken apart.
#[derive(Debug)]
pub(super) struct Plain {
    literal: String,
    /// Anything may stand before the literal.
    open_start: bool,
    /// Anything may stand after it.
    open_end: bool,
}

impl Plain {
    /// Nothing when the pattern is more than that.
    pub fn of(pattern: &str) -> Option<Plain> {
        let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
        let after_start = pattern.strip_prefix(".*");
        let mut plain = Plain {
            literal: String::with_capacity(pattern.len()),
            open_start: after_start.is_some(),
            open_end: false,
        };
        let mut rest = after_start.unwrap_or(pattern);
        while !matches!(rest, "" | "$") {
            if matches!(rest, ".*" | ".*$") {
                plain.open_end = true;
                return Some(plain);
            }
            let mut characters = rest.chars();
            let literal = match characters.next()? {
                '\\' => characters.next().filter(char::is_ascii_punctuation)?,
                other if stands_for_itself(other) => other,
                _ => return None,
            };
            plain.literal.push(literal);
            rest = characters.as_str();
        }
        Some(plain)
    }

    /// Whether a whole text matches; nothing when only an engine can tell, because the text has characters that `.` may not
    /// stand for.
    pub fn is_match(&self, text: &str) -> Option<bool> {
        let literal = self.literal.as_str();
        let has_literal = match (self.open_start, self.open_end) {
            (false, false) => return Some(text == literal),
            (false, true) => text.starts_with(literal),
            (true, false) => text.ends_with(literal),
            (true, true) => text.contains(literal),
        };
        if !has_literal {
            return Some(false);
        }
        // Java's ends of lines are these two and three beyond ASCII. All bytes are looked at, many at once.
        let is_other = |byte: u8| !byte.is_ascii() || byte == b'\n' || byte == b'\r';
        let has_other = text
            .bytes()
            .fold(false, |found, byte| found | is_other(byte));
        (!has_other).then_some(true)
    }
}

fn stands_for_itself(character: char) -> bool {
    character.is_ascii_alphanumeric() || " /:_=%@!~,;'\"<>&#-".contains(character)
}

#[cfg(test)]
mod tests {
    use super::super::pattern::Pattern;
    use super::*;

    #[test]
    fn plain_patterns_say_what_the_engine_says() {
        let patterns = [
            (r".*\.exe$", true),
            (r".*\.exe", true),
            ("^http://.*", true),
            ("http.*$", true),
            (".*evil.*", true),
            ("^abc$", true),
            ("abc", true),
            (".*", true),
            (".*.*", true),
            ("", true),
            ("^$", true),
            ("a+", false),
            ("a.c", false),
            (r"a\d", false),
            ("(a)", false),
            ("[a]", false),
            ("a|b", false),
            ("a$b", false),
            (".*é", false),
            (".*a*", false),
            ("(?i).*a", false),
            ("a{2}", false),
            ("a.*b", false),
        ];
        let texts = [
            "",
            "\n",
            "a",
            "abc",
            "abc\n",
            "\nabc",
            "x.exe",
            "x.exe\n",
            "x\ny.exe",
            "xexe",
            ".exe",
            "http://x",
            "http://x\r",
            "http://\nx",
            "an evil thing",
            "evil",
            "é evil",
            "evil \u{2028}",
            "\u{85}.exe",
        ];
        for (source, is_plain) in patterns {
            let plain = Plain::of(source);
            assert_eq!(plain.is_some(), is_plain, "{source}");
            let Some(plain) = plain else { continue };
            let engine = Pattern::whole(source).unwrap();
            for text in texts {
                let told = plain.is_match(text);
                assert!(
                    told.is_none() || told == engine.is_match(text).ok(),
                    "{source} {text:?}: {told:?}"
                );
            }
        }
        assert!(Plain::of(r"a\").is_none());
    }
}
