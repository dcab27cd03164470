//! Date formats whose letters are easily confused.

use super::Checker;
use super::facts::Facts;
use crate::Diagnostic;
use crate::syntax::Expr;

impl Checker<'_> {
    pub(super) fn look_at_dates(&mut self, name: &str, arguments: &[Expr], facts: &[Facts]) {
        let at = match name {
            "DATE_FORMAT" => 0,
            "TO_EPOCH_TIMESTAMP" | "IS_DATE" => 1,
            _ => return,
        };
        let Some((argument, format)) = arguments.get(at).zip(facts.get(at).and_then(Facts::text))
        else {
            return;
        };
        let Some((message, help)) = confused(format) else {
            return;
        };
        self.warn(
            Diagnostic::warning("S224", argument.span.range(), message, "probably not meant")
                .with_help(help),
        );
    }
}

/// What is odd about a format, and what to write instead.
fn confused(format: &str) -> Option<(&'static str, &'static str)> {
    let runs = runs(format);
    let count = |letter: char| runs.iter().filter(|run| **run == letter).count();
    let has = |letter: char| count(letter) > 0;
    if has('Y') && !has('w') {
        return Some((
            "`Y` is the year of the week, which differs from the year around New Year",
            "write `yyyy`",
        ));
    }
    if has('D') && has('M') {
        return Some((
            "`D` is the day of the year",
            "write `dd` for the day of the month",
        ));
    }
    if has('m') && !has('M') && has('y') && has('d') {
        return Some(("`m` is the minute", "write `MM` for the month"));
    }
    if count('M') > 1 && !has('m') && (has('H') || has('h')) {
        return Some(("`M` is the month, both times", "write `mm` for the minutes"));
    }
    if has('h') && !has('a') {
        return Some((
            "`h` counts hours from 1 to 12, and nothing says whether before or after noon",
            "write `HH`, or add `a`",
        ));
    }
    None
}

/// The letters of a format, each once for every run of it. What stands in quotes is text.
fn runs(format: &str) -> Vec<char> {
    let mut runs = Vec::new();
    let mut quoted = false;
    let mut before = None;
    for c in format.chars() {
        if c == '\'' {
            quoted = !quoted;
        } else if !quoted && c.is_ascii_alphabetic() && before != Some(c) {
            runs.push(c);
        }
        before = (!quoted).then_some(c);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::confused;

    #[test]
    fn usual_formats_are_not_told_of() {
        for format in [
            "yyyy-MM-dd HH:mm:ss",
            "yyyy-MM-dd'T'HH:mm:ss.SSSX",
            "dd/MMM/yyyy:hh:mm:ss a",
            "YYYY-'W'ww",
            "yyyyDDD",
            "s.S",
            "MMM dd HH:mm:ss",
            "HH 'Y hours'",
        ] {
            assert_eq!(confused(format), None, "{format}");
        }
    }

    #[test]
    fn confused_letters_are_told_of() {
        for format in [
            "YYYY-MM-dd",
            "yyyy-MM-DD",
            "yyyy-mm-dd",
            "yyyy-MM-dd HH:MM:ss",
            "yyyy-MM-dd hh:mm:ss",
        ] {
            assert!(confused(format).is_some(), "{format}");
        }
    }
}
