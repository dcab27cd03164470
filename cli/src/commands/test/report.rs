//! What the runs of tests gave, for people and for programs.

use std::fmt::Write;

use alidade_config::Problem;
use serde::Serialize;
use serde_json::Value as Json;

use super::compare::Difference;
use super::runner::Verdict;

/// All tests.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub passed: usize,
    pub failed: usize,
    pub files: usize,
    pub cases: Vec<CaseReport>,
}

/// One test.
#[derive(Debug, Serialize)]
pub struct CaseReport {
    file: String,
    /// Nothing when the test cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    passed: bool,
    #[serde(flatten)]
    verdict: Verdict,
    /// Why the test cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

impl CaseReport {
    pub fn new(file: &str, verdict: Result<(&str, Verdict), &Problem>) -> Self {
        let (name, verdict, problem) = match verdict {
            Ok((name, verdict)) => (Some(name.to_owned()), verdict, None),
            Err(problem) => (None, Verdict::default(), Some(problem.clone())),
        };
        CaseReport {
            file: file.to_owned(),
            name,
            passed: problem.is_none() && verdict.has_passed(),
            verdict,
            problem,
        }
    }
}

impl Report {
    pub fn add(&mut self, case: CaseReport) {
        match case.passed {
            true => self.passed += 1,
            false => self.failed += 1,
        }
        self.cases.push(case);
    }

    pub fn json(&self) -> String {
        // Everything in it can be written as JSON.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// One line for each test, and below it what is wrong with it.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for case in &self.cases {
            case.write(&mut out);
        }
        let of = |number: usize, noun: &str| match number {
            1 => format!("1 {noun}"),
            number => format!("{number} {noun}s"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "\n{} in {}: {} passed, {} failed",
            of(self.cases.len(), "test"),
            of(self.files, "file"),
            self.passed,
            self.failed
        );
        out
    }
}

impl CaseReport {
    fn write(&self, out: &mut String) {
        let word = if self.passed { "ok  " } else { "FAIL" };
        let name = self.name.as_deref().unwrap_or("this test cannot be read");
        let _ = writeln!(out, "{word}  {}: {name}", self.file);
        if let Some(problem) = &self.problem {
            indented(&problem.to_string(), out);
        }
        for fault in &self.verdict.faults {
            indented(fault, out);
        }
        for difference in &self.verdict.differences {
            difference.write(out);
        }
        for note in &self.verdict.notes {
            indented(&format!("note: {note}"), out);
        }
    }
}

impl Difference {
    fn write(&self, out: &mut String) {
        let shown = |value: &Option<Json>| match value {
            Some(value) => value.to_string(),
            None => "no such field".to_owned(),
        };
        indented(&self.field, out);
        indented(&format!("  expected  {}", shown(&self.expected)), out);
        indented(&format!("  got       {}", shown(&self.got)), out);
    }
}

fn indented(text: &str, out: &mut String) {
    for line in text.lines() {
        let _ = writeln!(out, "      {line}");
    }
}
