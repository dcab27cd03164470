use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use alidade_event::{NumberStyle, Str, Value};
use serde_json::json;

use crate::KeyValueStore;

/// What the adapters know besides the sensor's configuration: upstream's topology properties.
#[derive(Clone)]
pub struct EnrichmentSettings {
    /// The property `enrichment.host.known_hosts`: entries with `ip` and any other keys.
    pub known_hosts: Vec<serde_json::Map<String, serde_json::Value>>,
    /// Where `hbaseEnrichment` and `hbaseThreatIntel` look things up. Without a store they add nothing.
    pub store: Option<Arc<dyn KeyValueStore>>,
}

/// A setting that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(
        "the list of known hosts is not a JSON array of objects: {0}; \
         write it as [{{\"ip\": \"10.1.2.3\", \"type\": \"printer\"}}]"
    )]
    KnownHosts(#[from] serde_json::Error),
}

impl EnrichmentSettings {
    /// Reads the list of known hosts from the text of the property `enrichment.host.known_hosts`.
    ///
    /// # Errors
    /// When the text is not a JSON array of objects.
    pub fn with_known_hosts(mut self, json: &str) -> Result<Self, SettingsError> {
        self.known_hosts = serde_json::from_str(json)?;
        Ok(self)
    }

    /// The known hosts by address; of an address given twice, the last entry counts. An entry without a text as `ip` can
    /// never match and is left out.
    pub(crate) fn hosts(&self) -> HashMap<Str, Vec<(Str, Value)>> {
        let mut hosts = HashMap::with_capacity(self.known_hosts.len());
        for entry in &self.known_hosts {
            let Some(ip) = entry.get("ip").and_then(serde_json::Value::as_str) else {
                continue;
            };
            let facts = entry
                .iter()
                .filter(|(key, _)| *key != "ip")
                .map(|(key, value)| (Str::new(key), Value::from_serde(value, NumberStyle::Simple)))
                .collect();
            hosts.insert(Str::new(ip), facts);
        }
        hosts
    }
}

impl Default for EnrichmentSettings {
    /// The three sample hosts that upstream ships, and no store.
    fn default() -> Self {
        let host = |ip: &str, local: &str, kind: &str| {
            let entry = json!({"ip": ip, "local": local, "type": kind, "asset_value": "important"});
            entry.as_object().cloned().unwrap_or_default()
        };
        EnrichmentSettings {
            known_hosts: vec![
                host("10.1.128.236", "YES", "webserver"),
                host("10.1.128.237", "UNKNOWN", "unknown"),
                host("10.60.10.254", "YES", "printer"),
            ],
            store: None,
        }
    }
}

impl fmt::Debug for EnrichmentSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EnrichmentSettings")
            .field("known_hosts", &self.known_hosts)
            .field("store", &self.store.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_by_their_address() {
        let hosts = EnrichmentSettings::default().hosts();
        assert_eq!(hosts.len(), 3);
        assert_eq!(hosts["10.60.10.254"].len(), 3);
        let settings = EnrichmentSettings::default()
            .with_known_hosts(r#"[{"ip":"a","n":1},{"ip":"a","n":2},{"n":3},{"ip":4}]"#)
            .unwrap();
        assert_eq!(settings.hosts()["a"], [("n".into(), Value::Long(2))]);
        assert_eq!(settings.hosts().len(), 1);
    }

    #[test]
    fn a_list_that_is_none_is_refused() {
        for bad in ["", "{}", "[1]", "[{]"] {
            assert!(
                EnrichmentSettings::default().with_known_hosts(bad).is_err(),
                "{bad}"
            );
        }
    }
}
