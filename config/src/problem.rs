use std::fmt::{self, Write};
use std::ops::Range;

use serde::Serialize;

use crate::explain;

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The document works, but probably not as meant.
    Warning,
    /// The document is refused.
    Error,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Something wrong with a configuration document, with the place where it stands.
///
/// `Display` gives the text for people, over several lines; [`Problem::one_line`] the text for logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The document, such as `parsers/squid`: the name of its file without `.json`.
    pub document: String,
    pub severity: Severity,
    /// Stable code such as `C101`, or `S101` for what an expression suffers from; see [`crate::explain`].
    pub code: &'static str,
    /// Line of the document, from 1; nothing when the problem has no place in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column in that line in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Line and column behind the last character of the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<usize>,
    /// JSON pointer of the field; empty for the whole document.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pointer: String,
    pub message: String,
    /// A few words that stand beside the underlined place.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The line of the document with the fault, for people.
    #[serde(skip)]
    pub excerpt: Option<Excerpt>,
}

/// One line of a document with a part of it marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    pub text: String,
    /// The marked part, in characters of `text`.
    pub marked: Range<usize>,
}

impl Problem {
    /// An error about the whole document. Label and help are those that the code has by itself.
    pub fn error(
        document: impl fmt::Display,
        code: &'static str,
        message: impl Into<String>,
    ) -> Problem {
        let usual = explain::explain(code);
        Problem {
            document: document.to_string(),
            severity: Severity::Error,
            code,
            line: None,
            column: None,
            end_line: None,
            end_column: None,
            pointer: String::new(),
            message: message.into(),
            label: usual.map_or_else(String::new, |usual| usual.label.to_owned()),
            help: usual.map(|usual| usual.remedy.to_owned()),
            excerpt: None,
        }
    }

    pub fn with_label(mut self, label: impl Into<String>) -> Problem {
        self.label = label.into();
        self
    }

    pub fn with_help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    pub fn with_pointer(mut self, pointer: impl Into<String>) -> Problem {
        self.pointer = pointer.into();
        self
    }

    pub fn as_warning(mut self) -> Problem {
        self.severity = Severity::Warning;
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Puts the problem at a part of the document's text, given in bytes.
    pub fn at(mut self, text: &str, span: Range<usize>) -> Problem {
        let place = Place::of(text, span);
        self.line = Some(place.line);
        self.column = Some(place.column);
        self.end_line = Some(place.end_line);
        self.end_column = Some(place.end_column);
        self.excerpt = place.excerpt;
        self
    }

    /// The file of the document below the configuration folder, such as `parsers/squid.json`.
    pub fn file(&self) -> String {
        format!("{}.json", self.document)
    }

    /// `parsers/squid.json:14:38`, or without the numbers if there is no place.
    pub fn location(&self) -> String {
        let mut location = self.file();
        if let Some(line) = self.line {
            // Writing to a String cannot fail.
            let _ = write!(location, ":{line}");
            if let Some(column) = self.column {
                let _ = write!(location, ":{column}");
            }
        }
        location
    }

    /// Everything on one line, without the text of the document.
    pub fn one_line(&self) -> String {
        let mut line = format!("{}: {} [{}]", self.location(), self.message, self.code);
        if !self.pointer.is_empty() {
            let _ = write!(line, " (field {})", self.pointer);
        }
        if let Some(help) = &self.help {
            let _ = write!(line, "; {help}");
        }
        // A key of a document may hold line feeds, and must not write lines of a log.
        line.replace(char::is_control, "\u{fffd}")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = self.severity.as_str();
        let number = self.line.map(|line| line.to_string()).unwrap_or_default();
        let margin = " ".repeat(number.len());
        let message = self.message.replace(char::is_control, "\u{fffd}");
        write!(out, "{severity}[{}]: {message}", self.code)?;
        write!(out, "\n{margin}--> {}", self.location())?;
        if let Some(excerpt) = &self.excerpt {
            write!(
                out,
                "\n{margin} |\n{number} | {}\n{margin} | ",
                excerpt.text
            )?;
            for character in excerpt.text.chars().take(excerpt.marked.start) {
                out.write_char(if character == '\t' { '\t' } else { ' ' })?;
            }
            out.write_str(&"^".repeat(excerpt.marked.len().max(1)))?;
            if !self.label.is_empty() {
                write!(out, " {}", self.label)?;
            }
        }
        if !self.pointer.is_empty() {
            let pointer = self.pointer.replace(char::is_control, "\u{fffd}");
            write!(out, "\n{margin} = field: {pointer}")?;
        }
        if let Some(help) = &self.help {
            write!(out, "\n{margin} = help: {help}")?;
        }
        Ok(())
    }
}

struct Place {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    excerpt: Option<Excerpt>,
}

/// Longest part of a line that is shown, in characters; a longer line is cut around the mark.
const MAX_SHOWN: usize = 160;
const SHOWN_BEFORE: usize = 60;

impl Place {
    fn of(text: &str, span: Range<usize>) -> Place {
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let end = text.floor_char_boundary(span.end.clamp(start, text.len()));
        let (line, line_start, column) = line_and_column(text, start);
        let (end_line, _, end_column) = line_and_column(text, end);
        let rest = text.get(line_start..).unwrap_or_default();
        let whole_line = rest.split('\n').next().unwrap_or_default().trim_end();
        let marked = text.get(start..end).unwrap_or_default();
        let marked = marked.split('\n').next().unwrap_or_default().trim_end();
        Place {
            line,
            column: column + 1,
            end_line,
            end_column: end_column + 1,
            excerpt: cut(whole_line, column..column + marked.chars().count()),
        }
    }
}

/// The number of the line of a byte, from 1, where that line begins, and how many characters of it come before the byte.
fn line_and_column(text: &str, at: usize) -> (usize, usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let in_line = before.get(line_start..).unwrap_or_default();
    (
        before.matches('\n').count() + 1,
        line_start,
        in_line.chars().count(),
    )
}

fn cut(line: &str, marked: Range<usize>) -> Option<Excerpt> {
    if line.trim().is_empty() || may_hold_a_secret(line) {
        return None;
    }
    let clean = |character: char| match character {
        '\t' => '\t',
        control if control.is_control() => '\u{fffd}',
        other => other,
    };
    let length = line.chars().count();
    // A place may be in the blanks at the end of the line, which are not shown.
    let marked = marked.start.min(length)..marked.end.min(length);
    if length <= MAX_SHOWN {
        return Some(Excerpt {
            text: line.chars().map(clean).collect(),
            marked,
        });
    }
    let from = marked.start.saturating_sub(SHOWN_BEFORE);
    let mut text: String = line.chars().skip(from).take(MAX_SHOWN).map(clean).collect();
    let mut shift = 0;
    if from > 0 {
        text.insert(0, '…');
        shift = 1;
    }
    if from + MAX_SHOWN < length {
        text.push('…');
    }
    let start = marked.start - from + shift;
    let end = (marked.end.saturating_sub(from) + shift).min(MAX_SHOWN + shift);
    Some(Excerpt {
        text,
        marked: start..end.max(start),
    })
}

/// Whether a line might carry a password; such a line is never shown.
fn may_hold_a_secret(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["password", "secret", "jaas", "credential", "token"]
        .iter()
        .any(|word| line.contains(word))
}

#[cfg(test)]
mod tests {
    use alidade_stellar::config_code::{NOT_JSON, UNUSABLE_SETTING};

    use super::*;
    use crate::DocumentId;

    fn squid() -> DocumentId {
        DocumentId::Parser("squid".to_owned())
    }

    #[test]
    fn the_text_for_people() {
        let text = "{\n\t\"a\" : \"MAPGET(é, x)\"\n}";
        let start = text.find("MAPGET").unwrap();
        let problem = Problem::error(squid(), "S101", "there is no function MAPGET")
            .at(text, start..start + 6)
            .with_pointer("/a")
            .with_label("no such function")
            .with_help("did you mean MAP_GET?");
        assert_eq!(
            problem.to_string(),
            "error[S101]: there is no function MAPGET\n --> parsers/squid.json:2:9\n  |\n2 | \t\"a\" : \"MAPGET(é, x)\"\n  | \t       ^^^^^^ no such function\n  = field: /a\n  = help: did you mean MAP_GET?"
        );
        assert_eq!(
            problem.one_line(),
            "parsers/squid.json:2:9: there is no function MAPGET [S101] (field /a); did you mean MAP_GET?"
        );
    }

    #[test]
    fn the_form_for_programs() {
        let problem = Problem::error(DocumentId::Global, NOT_JSON, "no").at("x", 0..1);
        assert_eq!(
            serde_json::to_string(&problem).unwrap(),
            r#"{"document":"global","severity":"error","code":"C001","line":1,"column":1,"end_line":1,"end_column":2,"message":"no","label":"here","help":"correct the JSON at the marked place"}"#
        );
    }

    #[test]
    fn a_key_cannot_write_a_line_of_its_own() {
        let problem = Problem::error(squid(), UNUSABLE_SETTING, "bad\nline")
            .with_pointer("/a\nERROR b\u{1b}[2J")
            .with_help("none");
        assert_eq!(
            problem.one_line(),
            "parsers/squid.json: bad\u{fffd}line [C100] (field /a\u{fffd}ERROR b\u{fffd}[2J); none"
        );
        assert_eq!(problem.to_string().lines().count(), 4);
    }

    #[test]
    fn a_mark_in_blanks_that_are_not_shown_stands_at_their_beginning() {
        let excerpt = Problem::error(squid(), UNUSABLE_SETTING, "m")
            .at(":   ", 4..4)
            .excerpt;
        let excerpt = excerpt.unwrap();
        assert_eq!((excerpt.text.as_str(), excerpt.marked), (":", 1..1));
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let text = format!("{}FAULT{}", "x".repeat(1000), "y".repeat(1000));
        let problem = Problem::error(squid(), UNUSABLE_SETTING, "m").at(&text, 1000..1005);
        let excerpt = problem.excerpt.unwrap();
        assert!(excerpt.text.chars().count() <= MAX_SHOWN + 2);
        let marked: String = excerpt
            .text
            .chars()
            .skip(excerpt.marked.start)
            .take(excerpt.marked.len())
            .collect();
        assert_eq!(marked, "FAULT");
    }

    #[test]
    fn a_line_with_a_password_is_not_shown() {
        let text = "{\"xpack.password\" : \"hunter2\" x}";
        let problem = Problem::error(DocumentId::Global, UNUSABLE_SETTING, "m").at(text, 29..30);
        assert!(!problem.to_string().contains("hunter2"));
        assert_eq!(problem.column, Some(30));
    }

    #[test]
    fn any_span_of_any_text_has_a_place() {
        let text = "é\n\n\u{1b}[2J";
        for start in 0..10 {
            for end in 0..10 {
                let shown = Problem::error(squid(), UNUSABLE_SETTING, "m")
                    .at(text, start..end)
                    .to_string();
                assert!(!shown.contains('\u{1b}'));
            }
        }
    }
}
