//! Errors of the launchers and of the client helpers.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// Lines of a log that go into an error message.
const TAIL_LINES: usize = 40;

/// Why a server or a process could not be started, stopped or asked.
#[derive(thiserror::Error)]
pub enum LaunchError {
    #[error("`{tool}` was not found; {remedy}")]
    MissingTool {
        tool: &'static str,
        remedy: &'static str,
    },

    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },

    #[error(
        "maven could not download the files of {server} ({status}); check the network or the \
         mirror in Maven's settings.xml; its last words:\n{output}"
    )]
    Download {
        server: String,
        status: ExitStatus,
        output: String,
    },

    #[error("{server} ended before it was ready ({status}); log {}:\n{tail}", log.display())]
    Ended {
        server: String,
        status: ExitStatus,
        log: PathBuf,
        tail: String,
        port_clash: bool,
    },

    #[error(
        "{server} was not ready after {} s: {reason}; log {}:\n{tail}",
        after.as_secs(), log.display()
    )]
    NotReady {
        server: String,
        after: Duration,
        reason: String,
        log: PathBuf,
        tail: String,
        port_clash: bool,
    },

    #[error("template {template} asks for `{placeholder}`, which nobody filled in")]
    Template {
        template: &'static str,
        placeholder: String,
    },

    #[error("no free port was found on 127.0.0.1")]
    NoFreePort,

    #[error("{server} cannot {action}: {detail}")]
    Refused {
        server: String,
        action: String,
        detail: String,
    },

    #[error(transparent)]
    Client(#[from] ClientError),
}

/// The readable text, because tests unwrap: a log's tail should not appear as one quoted line.
impl std::fmt::Debug for LaunchError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, formatter)
    }
}

impl LaunchError {
    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_path_buf(),
            source,
        }
    }

    pub(crate) fn refused(server: &str, action: impl Into<String>, detail: String) -> Self {
        Self::Refused {
            server: server.to_owned(),
            action: action.into(),
            detail,
        }
    }

    /// A process ended before `log`, which it wrote to a file, said what was hoped for.
    pub(crate) fn ended(server: &str, status: ExitStatus, path: &Path, log: &str) -> Self {
        Self::Ended {
            server: server.to_owned(),
            status,
            log: path.to_path_buf(),
            tail: tail(log),
            port_clash: tells_of_port_clash(log),
        }
    }

    /// As [`Self::ended`], but the process still runs.
    pub(crate) fn not_ready(
        server: &str,
        after: Duration,
        reason: String,
        path: &Path,
        log: &str,
    ) -> Self {
        Self::NotReady {
            server: server.to_owned(),
            after,
            reason,
            log: path.to_path_buf(),
            tail: tail(log),
            port_clash: tells_of_port_clash(log),
        }
    }

    /// The same error with the log in another place.
    pub(crate) fn with_log(mut self, path: PathBuf) -> Self {
        if let Self::Ended { log, .. } | Self::NotReady { log, .. } = &mut self {
            *log = path;
        }
        self
    }

    /// Whether somebody else took a port between our choosing it and the server's binding it.
    pub(crate) fn is_port_clash(&self) -> bool {
        matches!(
            self,
            Self::Ended {
                port_clash: true,
                ..
            } | Self::NotReady {
                port_clash: true,
                ..
            }
        )
    }
}

fn tells_of_port_clash(log: &str) -> bool {
    ["Address already in use", "BindException"]
        .iter()
        .any(|sign| log.contains(sign))
}

/// Why a client helper (Kafka, HTTP) failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("kafka: cannot {action}: {source}")]
    Kafka {
        action: String,
        source: rdkafka::error::KafkaError,
    },

    #[error("kafka: cannot {action}: {detail}")]
    KafkaState { action: String, detail: String },

    #[error("http {method} {url}: {detail}")]
    Http {
        method: String,
        url: String,
        detail: String,
    },
}

impl ClientError {
    pub(crate) fn kafka(action: impl Into<String>, source: rdkafka::error::KafkaError) -> Self {
        Self::Kafka {
            action: action.into(),
            source,
        }
    }
}

/// The last lines of a text.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(TAIL_LINES);
    lines[first..].join("\n")
}
