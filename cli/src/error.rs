use std::path::Path;

/// Why a command ends without success.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// What was asked for did not work.
    #[error("{0}")]
    Failed(String),
    /// Nobody reads the output any more: an end, not a failure.
    #[error("the reader of the output has gone away")]
    ReaderGone,
    /// The text has been printed already; this is the exit code.
    #[error("exit code {0}")]
    Code(i32),
}

impl CliError {
    pub fn file(path: &Path, error: std::io::Error) -> Self {
        CliError::Failed(format!("{}: {error}", path.display()))
    }

    /// What is wrong with a configuration, one paragraph for each problem.
    pub fn problems(problems: &[impl std::fmt::Display]) -> Self {
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        CliError::Failed(texts.join("\n\n"))
    }

    pub fn failed(error: impl std::fmt::Display) -> Self {
        CliError::Failed(error.to_string())
    }
}
