use std::ops::Range;

use crate::{Diagnostic, Severity, config_code};

/// Something wrong in a configuration document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}{}", .help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default())]
pub struct ConfigProblem {
    /// Stable code: that of the finding for an expression, otherwise one of [`config_code`].
    pub code: &'static str,
    pub severity: Severity,
    /// JSON pointer inside the document, such as `/fieldTransformations/0/config/full_hostname`.
    pub path: String,
    /// The place inside that string value, in bytes, where it is an expression.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// A few words that stand beside the underlined place. May be empty.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl ConfigProblem {
    /// An error with the code for any setting that cannot work; [`ConfigProblem::with_code`] gives a nearer one.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        ConfigProblem {
            code: config_code::UNUSABLE_SETTING,
            severity: Severity::Error,
            path: path.into(),
            span: None,
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    /// What works, but probably not as meant.
    pub fn warning(
        code: &'static str,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        ConfigProblem {
            code,
            severity: Severity::Warning,
            ..ConfigProblem::new(path, message)
        }
    }

    pub fn with_code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Puts the problem at a part of the string value, given in bytes.
    pub fn with_span(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }

    /// A finding about the expression that stands at `path`.
    pub fn from_diagnostic(path: impl Into<String>, diagnostic: &Diagnostic) -> Self {
        ConfigProblem {
            code: diagnostic.code,
            severity: diagnostic.severity,
            path: path.into(),
            span: Some(diagnostic.span.clone()),
            message: diagnostic.message.clone(),
            label: diagnostic.label.clone(),
            help: diagnostic.help.clone(),
        }
    }

    /// Findings about the expression that stands at `path`.
    pub fn from_diagnostics<'d>(
        path: &str,
        diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
    ) -> Vec<Self> {
        let diagnostics = diagnostics.into_iter();
        diagnostics
            .map(|diagnostic| ConfigProblem::from_diagnostic(path, diagnostic))
            .collect()
    }
}
