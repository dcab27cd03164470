use alidade_hadoop::HadoopError;
use alidade_maas_core::MaasError;
use alidade_maas_core::posix_options::OptionsError;

/// Why a deployment was not made.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    #[error(transparent)]
    Registry(#[from] MaasError),
    #[error(transparent)]
    Hadoop(#[from] HadoopError),
    /// A payload is uploaded, and has not come into the place of the former one.
    #[error("{0}")]
    Replacing(String),
    /// Somebody has asked the process to end.
    #[error("{0}")]
    Interrupted(String),
    #[error("{0}")]
    Usage(#[from] OptionsError),
    /// An option is missing or has a value that cannot be used.
    #[error("{0}")]
    Option(String),
    /// The request is queued, and what was waited for did not come.
    #[error("{0}")]
    NotReached(String),
    #[error("cannot write the answer: {0}")]
    Output(std::io::Error),
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
}
