use std::path::PathBuf;

use alidade_hadoop::HadoopError;
use alidade_maas_core::MaasError;

/// Why the service cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error(transparent)]
    Registry(#[from] MaasError),
}

/// Why an instance does not run.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error(transparent)]
    Payload(#[from] MaasError),
    #[error("cannot run {path}: {source}")]
    Start {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the model ended before it was ready ({0})")]
    Ended(String),
    /// It ended before it was ready, and the model is not to blame: its machine was lost, or taken by others.
    #[error("{0}")]
    Lost(String),
    /// HDFS or YARN did not do what was asked.
    #[error(transparent)]
    Hadoop(#[from] HadoopError),
    /// A runner cannot work with what it has been told.
    #[error(
        "the settings of the runner, in ALIDADE_RUNNER and the variables of a node manager, cannot be used: {0}; the service starts runners in containers of YARN, they are not for use by hand"
    )]
    Settings(String),
    #[error("cannot set up HTTP for readiness checks: {0}")]
    Http(#[source] reqwest::Error),
}

impl LaunchError {
    /// Whether this counts among the failures after which an instance is given up.
    pub fn blames_model(&self) -> bool {
        match self {
            LaunchError::Lost(_) => false,
            LaunchError::Hadoop(error) => !error.may_pass(),
            _ => true,
        }
    }
}
