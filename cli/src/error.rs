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
    /// The text has been printed already; this is the exit code.
    #[error("exit code {0}")]
    Code(i32),
}

impl CliError {
    pub fn file(path: &Path, error: std::io::Error) -> Self {
        CliError::Failed(format!("{}: {error}", path.display()))
    }

    pub fn failed(error: impl std::fmt::Display) -> Self {
        CliError::Failed(error.to_string())
    }
}
