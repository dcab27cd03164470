use alidade_stellar::{ConfigProblem, Diagnostic};

/// What was found while a configuration was compiled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What cannot work as written.
    pub problems: Vec<ConfigProblem>,
    /// What works, but does less than its author may think.
    pub warnings: Vec<ConfigProblem>,
}

impl Findings {
    /// Notes everything that is wrong with an expression. `offset` is where the expression starts in the string value
    /// at `path`, in bytes.
    pub fn diagnostics(&mut self, path: &str, offset: usize, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            let mut problem = ConfigProblem::from_diagnostic(path, diagnostic);
            problem.span = problem
                .span
                .map(|span| span.start + offset..span.end + offset);
            self.problems.push(problem);
        }
    }

    pub fn problem(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.problems
            .push(ConfigProblem::new(path, message).with_help(help));
    }

    pub fn warning(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.warnings
            .push(ConfigProblem::new(path, message).with_help(help));
    }
}
