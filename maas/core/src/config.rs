use serde::Serialize;

use crate::{MaasError, lenient};

/// Where the configuration node is unless `-zr` says otherwise. The Stellar functions always use this one.
pub const DEFAULT_CONFIG_PATH: &str = "/metron/maas/config";

const DEFAULT_QUEUE_PATH: &str = "/maas/queue";
const DEFAULT_SERVICE_ROOT: &str = "/maas/service";

/// The configuration node: where the request queue and the registered endpoints are.
///
/// Only an operator writes it; an absent node means the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MaasConfig {
    /// Path of the request queue (`queueConfig.zk_path`).
    pub queue_path: String,
    /// Path under which endpoints are registered (`serviceRoot`).
    pub service_root: String,
}

impl Default for MaasConfig {
    fn default() -> Self {
        Self {
            queue_path: DEFAULT_QUEUE_PATH.to_owned(),
            service_root: DEFAULT_SERVICE_ROOT.to_owned(),
        }
    }
}

impl MaasConfig {
    /// Reads the node's JSON. Missing fields keep their defaults, unknown fields are ignored.
    ///
    /// # Errors
    /// When the bytes are not a JSON object, name a queue other than `ZOOKEEPER`, give a `queueConfig` without `zk_path`
    /// (upstream replaces the whole default map), or hold a path that ZooKeeper cannot have.
    pub fn read(node: &[u8]) -> Result<MaasConfig, MaasError> {
        let wrong =
            |reason: String| MaasError::malformed("the model service configuration", reason);
        let json = lenient::first_value(node).map_err(wrong)?;
        if !json.is_object() {
            return Err(wrong("it must be a JSON object".to_owned()));
        }
        let mut config = MaasConfig::default();
        if let Some(queue) = lenient::text(&json, "queue").map_err(wrong)?
            && queue != "ZOOKEEPER"
        {
            return Err(wrong(format!(
                "field \"queue\" is \"{queue}\", but the only queue is \"ZOOKEEPER\""
            )));
        }
        if let Some(queue_config) = json.get("queueConfig").filter(|value| !value.is_null()) {
            config.queue_path = lenient::text(queue_config, "zk_path")
                .map_err(wrong)?
                .ok_or_else(|| wrong("\"queueConfig\" has no \"zk_path\"".to_owned()))?;
        }
        if let Some(root) = lenient::text(&json, "serviceRoot").map_err(wrong)? {
            config.service_root = root;
        }
        config.queue_path = checked_path(&config.queue_path).map_err(wrong)?;
        config.service_root = checked_path(&config.service_root).map_err(wrong)?;
        Ok(config)
    }

    /// The node's JSON, in upstream's form.
    pub fn write(&self) -> String {
        serde_json::json!({
            "queue": "ZOOKEEPER",
            "queueConfig": {"zk_path": self.queue_path},
            "serviceRoot": self.service_root,
        })
        .to_string()
    }

    /// Where the service keeps its own state: beside the service root, never under it (a foreign child there freezes
    /// upstream's readers). `/maas/service` gives `/maas/state/service`.
    pub fn state_root(&self) -> String {
        let (parent, last) = self
            .service_root
            .rsplit_once('/')
            .unwrap_or(("", &self.service_root));
        format!("{parent}/state/{last}")
    }
}

/// A ZooKeeper path without a trailing slash.
fn checked_path(path: &str) -> Result<String, String> {
    let trimmed = path.trim_end_matches('/');
    let parts_are_fine = trimmed.strip_prefix('/').is_some_and(|rest| {
        rest.split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
    });
    if !parts_are_fine || trimmed.chars().any(char::is_control) {
        return Err(format!(
            "\"{path}\" is not a ZooKeeper path such as \"/maas/queue\""
        ));
    }
    Ok(trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_fields_keep_their_defaults() {
        assert_eq!(MaasConfig::read(b"{}").unwrap(), MaasConfig::default());
        let partial = MaasConfig::read(br#"{"serviceRoot":"/x/y/","later":1}"#).unwrap();
        assert_eq!(partial.service_root, "/x/y");
        assert_eq!(partial.queue_path, "/maas/queue");
    }

    #[test]
    fn the_written_form_is_upstreams() {
        let text = r#"{"queue":"ZOOKEEPER","queueConfig":{"zk_path":"/maas/queue"},"serviceRoot":"/maas/service"}"#;
        assert_eq!(MaasConfig::default().write(), text);
        assert_eq!(
            MaasConfig::read(text.as_bytes()).unwrap(),
            MaasConfig::default()
        );
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for bad in [
            "",
            "[]",
            r#"{"queue":"KAFKA"}"#,
            r#"{"queueConfig":{}}"#,
            r#"{"serviceRoot":"maas"}"#,
            r#"{"serviceRoot":"/"}"#,
            r#"{"serviceRoot":"/a//b"}"#,
            r#"{"serviceRoot":"/a/../b"}"#,
        ] {
            assert!(MaasConfig::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn state_lives_beside_the_service_root() {
        assert_eq!(MaasConfig::default().state_root(), "/maas/state/service");
        let flat = MaasConfig {
            service_root: "/svc".to_owned(),
            ..MaasConfig::default()
        };
        assert_eq!(flat.state_root(), "/state/svc");
    }
}
