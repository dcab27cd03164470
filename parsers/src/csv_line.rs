//! Comma separated values as upstream's library (opencsv 3.7) splits them, with its treatment of stray quotes.

const QUOTE: char = '"';
const ESCAPE: char = '\\';

/// Splits one record. A quoted value may span lines.
///
/// # Errors
/// When a quote is not closed.
pub(crate) fn split(line: &str, separator: char) -> Result<Vec<String>, String> {
    let mut splitter = Splitter {
        text: line.chars().collect(),
        separator,
        at: 0,
        value: String::new(),
        in_quotes: false,
        in_field: false,
    };
    let mut values = Vec::new();
    while let Some(c) = splitter.take() {
        if c == ESCAPE {
            if splitter.next_is(|next| next == QUOTE || next == ESCAPE || next == separator) {
                splitter.keep_next();
            }
        } else if c == QUOTE {
            splitter.quote();
        } else if c == separator && !splitter.in_quotes {
            values.push(std::mem::take(&mut splitter.value));
            splitter.in_field = false;
        } else {
            splitter.value.push(c);
            splitter.in_field = true;
        }
    }
    if splitter.in_quotes {
        return Err("Un-terminated quoted field at end of CSV line".to_owned());
    }
    values.push(splitter.value);
    Ok(values)
}

struct Splitter {
    text: Vec<char>,
    separator: char,
    /// The next character to take.
    at: usize,
    value: String,
    in_quotes: bool,
    in_field: bool,
}

impl Splitter {
    fn take(&mut self) -> Option<char> {
        let c = self.text.get(self.at).copied()?;
        self.at += 1;
        Some(c)
    }

    fn keep_next(&mut self) {
        if let Some(c) = self.take() {
            self.value.push(c);
        }
    }

    /// Whether the next character is one of some, which counts only inside a value.
    fn next_is(&self, wanted: impl Fn(char) -> bool) -> bool {
        (self.in_quotes || self.in_field) && self.text.get(self.at).copied().is_some_and(wanted)
    }

    fn quote(&mut self) {
        if self.next_is(|next| next == QUOTE) {
            self.keep_next();
        } else {
            self.in_quotes = !self.in_quotes;
            self.stray_quote();
        }
        self.in_field = !self.in_field;
    }

    /// A quote in the middle of a value belongs to it, unless only blanks come before.
    fn stray_quote(&mut self) {
        let follows_separator = self.at >= 2 && self.text.get(self.at - 2) == Some(&self.separator);
        let precedes_value = self
            .text
            .get(self.at)
            .is_some_and(|next| *next != self.separator);
        if self.at <= 3 || follows_separator || !precedes_value {
            return;
        }
        if !self.value.is_empty() && self.value.chars().all(char::is_whitespace) {
            self.value.clear();
        } else {
            self.value.push(QUOTE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_split_as_upstream_does() {
        let cases: [(&str, &[&str]); 9] = [
            ("a,b,c", &["a", "b", "c"]),
            ("", &[""]),
            ("a,", &["a", ""]),
            ("abc,\"d,e\",f", &["abc", "d,e", "f"]),
            ("abc,\"d\"\"e\",f", &["abc", "d\"e", "f"]),
            ("x,a\\,b", &["x", "a,b"]),
            ("x,a\\\\b", &["x", "a\\b"]),
            ("123, \"b\",c", &["123", "b", "c"]),
            ("123,\"b\"x,c", &["123", "b\"x", "c"]),
        ];
        for (line, expected) in cases {
            assert_eq!(split(line, ',').unwrap(), expected, "{line}");
        }
        assert!(split("a,\"b", ',').is_err());
    }
}
