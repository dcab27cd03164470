use std::fmt::{self, Write};
use std::ops::Range;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// There is no program.
    Error,
    /// There is a program, but it may not mean what its author thinks.
    Warning,
}

/// A finding about a source text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `S001`; [`crate::explain()`] tells what it means.
    pub code: &'static str,
    pub severity: Severity,
    /// The place in the source, in bytes.
    pub span: Range<usize>,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// A few words that stand beside the underlined place. May be empty.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Longest part of a source line that [`Diagnostic::render`] shows, in characters.
const MAX_SHOWN: usize = 100;

impl Diagnostic {
    pub(crate) fn error(
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            span,
            message: message.into(),
            label: label.into(),
            help: None,
        }
    }

    pub(crate) fn warning(
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, span, message, label)
        }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The finding as text, with the place underlined:
    ///
    /// ```text
    /// error[S101]: unknown function `TO_UPER`
    ///  --> 1:1
    ///   |
    /// 1 | TO_UPER(name)
    ///   | ^^^^^^^ no such function
    ///   = help: did you mean `TO_UPPER`?
    /// ```
    pub fn render(&self, source: &str) -> String {
        let start = floor_boundary(source, self.span.start);
        let end = floor_boundary(source, self.span.end).max(start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..]
            .find('\n')
            .map_or(source.len(), |at| start + at);
        let line_number = source[..start].matches('\n').count() + 1;
        let column = source[line_start..start].chars().count();
        let width = source[start..end.min(line_end).max(start)].chars().count();
        // A window around the place, so that a very long line stays readable.
        let first = if column + width.min(MAX_SHOWN / 2) > MAX_SHOWN {
            column.saturating_sub(MAX_SHOWN / 3)
        } else {
            0
        };
        let shown: String = source[line_start..line_end]
            .chars()
            .skip(first)
            .take(MAX_SHOWN)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let before = column - first;
        let marks = width.clamp(1, (MAX_SHOWN - before.min(MAX_SHOWN - 1)).max(1));
        let number = line_number.to_string();
        let gutter = " ".repeat(number.len());
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut text = format!("{severity}[{}]: {}\n", self.code, self.message);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{gutter}--> {line_number}:{}", column + 1);
        let _ = writeln!(text, "{gutter} |");
        let _ = writeln!(text, "{number} | {shown}");
        let underline = format!("{}{}", " ".repeat(before), "^".repeat(marks));
        let _ = writeln!(
            text,
            "{gutter} | {}",
            format!("{underline} {}", self.label).trim_end()
        );
        if let Some(help) = &self.help {
            let _ = writeln!(text, "{gutter} = help: {help}");
        }
        text
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.message)?;
        if let Some(help) = &self.help {
            write!(formatter, " ({help})")?;
        }
        Ok(())
    }
}

fn floor_boundary(source: &str, at: usize) -> usize {
    source.floor_char_boundary(at.min(source.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rendering_survives_places_outside_of_the_text() {
        let diagnostic = Diagnostic::error("S001", 5..9000, "broken", "here");
        assert!(diagnostic.render("é").contains("broken"));
        assert!(diagnostic.render("").contains("broken"));
        assert!(diagnostic.render(&"x".repeat(1000)).contains("^^^"));
        let far = Diagnostic::error("S001", 900..903, "broken", "here");
        assert!(far.render(&"x".repeat(1000)).contains("^^^ here"));
    }
}
