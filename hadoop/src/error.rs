use std::path::PathBuf;
use std::time::Duration;

use crate::hdfs::{FileProblem, FileSystemError};

/// What can go wrong between us and a Hadoop cluster.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HadoopError {
    /// No connection: refused, unknown host, no route.
    #[error(
        "{server} is not reachable: {reason}; check that it runs and that its address is right"
    )]
    Unreachable { server: String, reason: String },
    /// A connection that was there has ended. The call may or may not have been carried out.
    #[error("the connection to {server} is lost: {reason}")]
    ConnectionLost { server: String, reason: String },
    /// No answer in time. The call may or may not have been carried out.
    #[error("{server} did not answer within {} s: {what}", after.as_secs_f64())]
    TimedOut {
        server: String,
        what: String,
        after: Duration,
    },
    /// Bytes that are not Hadoop's protocol, or more of them than allowed.
    #[error("{server} does not speak Hadoop RPC as expected: {reason}")]
    Protocol { server: String, reason: String },
    /// The server has answered with an exception.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Authentication did not come about.
    #[error("cannot log in to {server}: {reason}")]
    Login { server: String, reason: String },
    /// The Kerberos library is missing, or has refused.
    #[error("Kerberos: {0}")]
    Kerberos(String),
    /// A well-formed answer without something that it must have.
    #[error("the answer to {method} cannot be used: {reason}")]
    Answer {
        method: &'static str,
        reason: String,
    },
    /// A Hadoop configuration file, or one property of it, does not do.
    #[error("{}: {property}: {reason}", file.display())]
    Configuration {
        file: PathBuf,
        property: String,
        reason: String,
    },
    /// Bytes that are no token or no token file.
    #[error("{what} cannot be read: {reason}")]
    Tokens { what: String, reason: String },
    #[error("cannot {action} {}: {reason}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        reason: String,
    },
    /// A file or directory in HDFS.
    #[error(transparent)]
    FileSystem(#[from] FileSystemError),
    /// Something that the caller has given cannot be sent.
    #[error("{0}")]
    Invalid(String),
}

impl HadoopError {
    /// What kind of exception a server has answered with; none when it is no such answer.
    pub fn remote_kind(&self) -> Option<RemoteKind> {
        match self {
            HadoopError::Remote(remote) => Some(remote.kind()),
            _ => None,
        }
    }

    /// Whether the same may go well some time later, without anybody changing anything: a server is away, a NameNode is
    /// in safe mode, a key distribution centre gives no tickets.
    pub fn may_pass(&self) -> bool {
        match self {
            HadoopError::Unreachable { .. }
            | HadoopError::ConnectionLost { .. }
            | HadoopError::TimedOut { .. }
            | HadoopError::Login { .. }
            | HadoopError::Kerberos(_) => true,
            HadoopError::FileSystem(error) => matches!(
                error.problem,
                FileProblem::SafeMode
                    | FileProblem::Login
                    | FileProblem::NoSpace
                    | FileProblem::Unreachable
                    | FileProblem::TimedOut
            ),
            _ => false,
        }
    }

    /// What is the matter with a file in HDFS; none when it is no such error.
    pub fn file_problem(&self) -> Option<FileProblem> {
        match self {
            HadoopError::FileSystem(error) => Some(error.problem),
            _ => None,
        }
    }

    pub(crate) fn tokens(what: &str, reason: impl ToString) -> Self {
        HadoopError::Tokens {
            what: what.to_owned(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn answer(method: &'static str, reason: impl Into<String>) -> Self {
        HadoopError::Answer {
            method,
            reason: reason.into(),
        }
    }

    /// For `map_err` on file operations.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> HadoopError {
        let path = path.into();
        move |source| HadoopError::File {
            action,
            path,
            reason: source.to_string(),
        }
    }
}

/// An exception that a server has answered with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{server} refused {method}: {message} ({class})")]
pub struct RemoteError {
    pub server: String,
    /// The method called, or what else was going on.
    pub method: String,
    /// The Java class, with its package.
    pub class: String,
    /// The first line of the exception's text, without the stack trace.
    pub message: String,
}

/// Room for the text of an exception: a server decides how long it is.
const MESSAGE_CHARACTERS: usize = 2000;

impl RemoteError {
    pub(crate) fn new(
        server: &str,
        method: &str,
        class: Option<String>,
        text: Option<String>,
    ) -> Self {
        let text = text.unwrap_or_default();
        let first_line = text.lines().next().unwrap_or_default();
        let class = class.unwrap_or_else(|| "no exception class given".to_owned());
        Self {
            server: server.to_owned(),
            method: method.to_owned(),
            class: class.chars().take(MESSAGE_CHARACTERS).collect(),
            message: first_line.chars().take(MESSAGE_CHARACTERS).collect(),
        }
    }

    /// What the class means to a caller.
    pub fn kind(&self) -> RemoteKind {
        let name = self.class.strip_prefix("org.apache.hadoop.");
        match name.unwrap_or_default() {
            "ipc.StandbyException" => RemoteKind::Standby,
            "ipc.RetriableException" => RemoteKind::Retriable,
            "security.AccessControlException" => RemoteKind::AccessControl,
            "security.token.SecretManager$InvalidToken" => RemoteKind::InvalidToken,
            "yarn.exceptions.ApplicationNotFoundException" => RemoteKind::ApplicationNotFound,
            "yarn.exceptions.ContainerNotFoundException" => RemoteKind::ContainerNotFound,
            "yarn.exceptions.ApplicationMasterNotRegisteredException" => RemoteKind::NotRegistered,
            "yarn.exceptions.ApplicationAttemptNotFoundException" => RemoteKind::AttemptNotFound,
            "yarn.exceptions.InvalidApplicationMasterRequestException" => {
                RemoteKind::InvalidMasterRequest
            }
            "yarn.exceptions.InvalidResourceRequestException"
            | "yarn.exceptions.InvalidLabelResourceRequestException"
            | "yarn.exceptions.SchedulerInvalidResoureRequestException" => {
                RemoteKind::InvalidResourceRequest
            }
            "yarn.exceptions.NMNotYetReadyException" => RemoteKind::NodeNotReady,
            _ => RemoteKind::Other,
        }
    }
}

/// The exceptions that a caller may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteKind {
    /// Another of the servers is the active one. The client goes there itself while its patience lasts.
    Standby,
    /// The server asks for the call to be repeated. The client does so while its patience lasts.
    Retriable,
    AccessControl,
    /// The token is unknown, expired, or made with a key that is no more.
    InvalidToken,
    ApplicationNotFound,
    ContainerNotFound,
    /// The resource manager does not know the application master: it has to register (again).
    NotRegistered,
    /// This attempt is over: its application master has to stop.
    AttemptNotFound,
    /// Registered twice, or a heartbeat out of order.
    InvalidMasterRequest,
    /// An ask below zero or above the cluster's maximum, or for a node label that there is not.
    InvalidResourceRequest,
    /// The node manager is not yet connected to the resource manager: to be tried again.
    NodeNotReady,
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_is_shown_without_its_stack_trace() {
        let class = "org.apache.hadoop.yarn.exceptions.ApplicationNotFoundException".to_owned();
        let text = "Application with id 'application_1_0001' doesn't exist.\n\tat org.apache...";
        let error = RemoteError::new(
            "rm:8032",
            "getApplicationReport",
            Some(class),
            Some(text.into()),
        );
        assert_eq!(error.kind(), RemoteKind::ApplicationNotFound);
        assert_eq!(
            error.to_string(),
            "rm:8032 refused getApplicationReport: Application with id 'application_1_0001' doesn't exist. \
             (org.apache.hadoop.yarn.exceptions.ApplicationNotFoundException)"
        );
    }

    #[test]
    fn an_exception_without_words_is_still_one() {
        let error = RemoteError::new("rm:8032", "allocate", None, None);
        assert_eq!(error.kind(), RemoteKind::Other);
        assert_eq!(
            error.to_string(),
            "rm:8032 refused allocate:  (no exception class given)"
        );
    }
}
