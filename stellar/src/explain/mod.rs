//! What the codes of findings mean, at more length than a finding has room for.

mod lints;
mod lints_of_calls;
mod meaning;
mod syntax;

use crate::Severity;

/// What a code such as `S101` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    pub code: &'static str,
    pub severity: Severity,
    /// A few words.
    pub title: &'static str,
    /// A paragraph: what it means, and why the language is that way.
    pub text: &'static str,
    /// An expression that is reported with this code.
    pub wrong: &'static str,
    /// The same, as it was probably meant: it is reported with no code at all.
    pub right: &'static str,
    /// The examples are conditions, as in rules, filters and validations.
    pub condition: bool,
}

const GROUPS: &[&[Explanation]] = &[
    syntax::EXPLANATIONS,
    meaning::EXPLANATIONS,
    lints::EXPLANATIONS,
    lints_of_calls::EXPLANATIONS,
];

/// The explanation of a code, in upper or lower case. Nothing for a code that no finding has.
pub fn explain(code: &str) -> Option<&'static Explanation> {
    explanations().find(|explanation| explanation.code.eq_ignore_ascii_case(code))
}

/// All explanations, in the order of their codes.
pub fn explanations() -> impl Iterator<Item = &'static Explanation> {
    GROUPS.iter().copied().flatten()
}

impl Explanation {
    /// The explanation as text for a terminal, its lines at most `width` characters long where words allow.
    pub fn render(&self, width: usize) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        format!(
            "{severity}[{}]: {}\n\n{}\n\nWrong:\n{}\n\nRight:\n{}\n",
            self.code,
            self.title,
            wrapped(self.text, width),
            indented(self.wrong),
            indented(self.right),
        )
    }
}

fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let size = word.chars().count();
        if length > 0 && length + 1 + size > width {
            lines.push('\n');
            length = 0;
        }
        if length > 0 {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += size;
    }
    lines
}

fn indented(source: &str) -> String {
    let lines: Vec<String> = source.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

/// The start of every explanation of an error; its examples are values.
const fn error(code: &'static str, title: &'static str) -> Explanation {
    Explanation {
        code,
        severity: Severity::Error,
        title,
        text: "",
        wrong: "",
        right: "",
        condition: false,
    }
}

const fn warning(code: &'static str, title: &'static str) -> Explanation {
    let mut explanation = error(code, title);
    explanation.severity = Severity::Warning;
    explanation
}

impl Explanation {
    const fn because(mut self, text: &'static str) -> Self {
        self.text = text;
        self
    }

    /// The examples are conditions.
    const fn of_conditions(mut self) -> Self {
        self.condition = true;
        self
    }

    const fn examples(mut self, wrong: &'static str, right: &'static str) -> Self {
        self.wrong = wrong;
        self.right = right;
        self
    }
}

#[cfg(test)]
mod tests;
