//! What people can read about the service, in ZooKeeper beside the registry.

use serde::{Deserialize, Serialize};

use crate::{MaasError, lenient};

/// The whole document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceStatus {
    pub holder: String,
    /// Epoch milliseconds.
    pub updated: i64,
    pub running: bool,
    pub instances: Vec<InstanceStatus>,
    /// Requests that could not be carried out, newest last.
    pub rejected: Vec<Rejection>,
}

impl ServiceStatus {
    /// # Errors
    /// When the node is not what a service of this kind writes.
    pub fn read(node: &[u8]) -> Result<ServiceStatus, MaasError> {
        let wrong = |reason: String| MaasError::malformed("the status of the service", reason);
        let json = lenient::first_value(node).map_err(wrong)?;
        serde_json::from_value(json).map_err(|error| wrong(error.to_string()))
    }
}

/// One instance that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceStatus {
    pub name: String,
    pub version: String,
    pub state: InstanceState,
    /// Container id of the present launch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
    /// Where it runs and where its output goes; while it waits for resources, what for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceState {
    Starting,
    /// There is no room for it yet where models run; its place says what it waits for.
    WaitingForResources,
    Ready,
    WaitingToRestart,
    GivenUp,
    Stopping,
}

impl InstanceState {
    /// For people.
    pub fn as_str(self) -> &'static str {
        match self {
            InstanceState::Starting => "starting",
            InstanceState::WaitingForResources => "waiting for resources",
            InstanceState::Ready => "ready",
            InstanceState::WaitingToRestart => "waiting to restart",
            InstanceState::GivenUp => "given up",
            InstanceState::Stopping => "stopping",
        }
    }
}

/// A request that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    pub item: String,
    pub reason: String,
}

impl InstanceStatus {
    /// An instance that has not been launched yet.
    pub fn new(name: &str, version: &str) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_reads_back_and_an_older_one_too() {
        let status = ServiceStatus {
            holder: "h".to_owned(),
            updated: 5,
            running: true,
            instances: vec![InstanceStatus::new("dga", "1.0")],
            rejected: vec![Rejection {
                item: "{".to_owned(),
                reason: "no JSON".to_owned(),
            }],
        };
        let document = serde_json::to_vec(&status).unwrap();
        assert_eq!(ServiceStatus::read(&document).unwrap(), status);
        assert_eq!(
            ServiceStatus::read(b"{}").unwrap(),
            ServiceStatus::default()
        );
        assert!(ServiceStatus::read(b"[").is_err());
    }
}
