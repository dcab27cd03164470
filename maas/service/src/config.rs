use std::time::Duration;

use alidade_maas_core::ServiceType;

/// How the service treats its models.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// Who serves, for others to read: host and process.
    pub holder: String,
    /// How endpoints are registered: ephemeral (`Dynamic`) or, as upstream does, persistent (`Static`).
    pub service_type: ServiceType,
    /// How long to wait for another service to give up its claim, for instance the remains of a killed one.
    pub claim_patience: Duration,
    /// From launch until the model answers.
    pub start_limit: Duration,
    /// Between taking an instance out of the registry and ending it, so that clients can finish.
    pub drain: Duration,
    /// Between asking a model to end and killing it.
    pub grace: Duration,
    /// Pause before the first restart; doubles with every failure in a row.
    pub first_restart_pause: Duration,
    pub longest_restart_pause: Duration,
    /// Failures in a row after which an instance is given up.
    pub max_failures: u32,
    /// An instance that has answered for this long starts its count of failures anew.
    pub stable_after: Duration,
    /// Between two looks whether a ready model still takes connections.
    pub probe_interval: Duration,
    /// Failed looks in a row after which the model is restarted.
    pub max_failed_probes: u32,
    /// Most instances that may be asked for in all.
    pub max_instances: u64,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            holder: format!("process {}", std::process::id()),
            service_type: ServiceType::Dynamic,
            claim_patience: Duration::from_secs(60),
            start_limit: Duration::from_secs(600),
            drain: Duration::from_millis(500),
            grace: Duration::from_secs(5),
            first_restart_pause: Duration::from_secs(1),
            longest_restart_pause: Duration::from_secs(300),
            max_failures: 10,
            stable_after: Duration::from_secs(60),
            probe_interval: Duration::from_secs(10),
            max_failed_probes: 3,
            max_instances: 1000,
        }
    }
}
