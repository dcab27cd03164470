use std::path::PathBuf;

/// What can go wrong between the parts of the model service.
#[derive(Debug, thiserror::Error)]
pub enum MaasError {
    /// No answer from ZooKeeper in time; the operation may be tried again.
    #[error(
        "ZooKeeper at {quorum} is not reachable: {reason}; check that it runs and that the quorum (-zq) is right"
    )]
    Unavailable { quorum: String, reason: String },
    /// ZooKeeper refused one operation.
    #[error("ZooKeeper refused to {operation} {path}: {source}")]
    ZooKeeper {
        operation: &'static str,
        path: String,
        source: zookeeper_client::Error,
    },
    /// A node or a queue item is not what it should be.
    #[error("{what} is not valid: {reason}")]
    Malformed { what: String, reason: String },
    /// Another service owns this configuration node.
    #[error(
        "another model service ({holder}) already serves {root}; stop it first, or give this one its own configuration node (-zr)"
    )]
    AlreadyServed { root: String, holder: String },
    /// Somebody else has changed the stored state: another service serves by now, or a person has edited it.
    #[error("the stored desired state was changed by somebody else")]
    Superseded,
    /// A payload's path or its content does not do.
    #[error("payload {path} cannot be used: {reason}")]
    Payload { path: String, reason: String },
    #[error("cannot {action} {path}: {source}")]
    File {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    /// A request that no service could carry out.
    #[error("{0}")]
    BadRequest(String),
}

impl MaasError {
    pub(crate) fn malformed(what: impl Into<String>, reason: impl ToString) -> Self {
        MaasError::Malformed {
            what: what.into(),
            reason: reason.to_string(),
        }
    }

    /// For `map_err` on file operations.
    pub fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> MaasError {
        let path = path.into();
        move |source| MaasError::File {
            action,
            path,
            source,
        }
    }
}
