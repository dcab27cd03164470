use alidade_stellar::{ConfigProblem, Diagnostic, Severity};

/// What was found while a configuration was compiled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What cannot work as written.
    pub problems: Vec<ConfigProblem>,
    /// What works, but does less than its author may think.
    pub warnings: Vec<ConfigProblem>,
}

impl Findings {
    /// Notes everything that was found in an expression. `offset` is where the expression starts in the string value at
    /// `path`, in bytes.
    pub fn diagnostics(&mut self, path: &str, offset: usize, diagnostics: &[Diagnostic]) {
        for mut problem in ConfigProblem::from_diagnostics(path, diagnostics) {
            problem.span = problem
                .span
                .map(|span| span.start + offset..span.end + offset);
            match problem.severity {
                Severity::Error => self.problems.push(problem),
                Severity::Warning => self.warnings.push(problem),
            }
        }
    }

    /// Notes what cannot work. The code is one of [`alidade_stellar::config_code`].
    pub fn problem(
        &mut self,
        code: &'static str,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = ConfigProblem::new(path, message).with_code(code);
        self.problems.push(problem.with_help(help));
    }

    /// Notes what works otherwise than its author may think.
    pub fn warning(
        &mut self,
        code: &'static str,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let warning = ConfigProblem::warning(code, path, message);
        self.warnings.push(warning.with_help(help));
    }
}
