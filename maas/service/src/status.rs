//! What people can read about the service, in ZooKeeper beside the registry.

use serde::Serialize;

/// The whole document.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceStatus<'a> {
    pub(crate) holder: &'a str,
    /// Epoch milliseconds.
    pub(crate) updated: i64,
    pub(crate) running: bool,
    pub(crate) instances: Vec<InstanceStatus>,
    /// Requests that could not be carried out, newest last.
    pub(crate) rejected: &'a [Rejection],
}

/// One instance that was asked for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct InstanceStatus {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) state: InstanceState,
    /// Container id of the present launch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// Failures in a row.
    pub(crate) failures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_failure: Option<String>,
    /// Where it runs and where its output goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InstanceState {
    Starting,
    Ready,
    WaitingToRestart,
    GivenUp,
    Stopping,
}

/// A request that was refused.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rejection {
    pub(crate) item: String,
    pub(crate) reason: String,
}

/// Most refused requests that are kept.
pub(crate) const MAX_REJECTIONS: usize = 20;

impl InstanceStatus {
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            state: InstanceState::Starting,
            id: None,
            url: None,
            failures: 0,
            last_failure: None,
            place: None,
        }
    }
}
