//! What the submission tells the application master.

use std::fmt;
use std::time::Duration;

use alidade_maas_core::{ServiceType, ZooKeeperOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ServiceConfig;

/// The environment variable that carries [`MasterSettings`]. A command line would be read by two shells and by YARN,
/// each with characters of its own that mean something.
pub(crate) const MASTER_SETTINGS: &str = "ALIDADE_MASTER";

/// How the application master serves.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct MasterSettings {
    pub(crate) zookeeper: String,
    pub(crate) config_path: String,
    /// Register endpoints as persistent nodes, as upstream does.
    pub(crate) persistent: bool,
    /// Seconds that a model may take until it answers.
    pub(crate) start_limit: u64,
    /// The application's directory in HDFS.
    pub(crate) directory: String,
    /// The file system of that directory, and of payloads.
    pub(crate) file_system: String,
    /// Added to the environment of every model.
    pub(crate) environment: Vec<(String, String)>,
    /// Where containers of models may run.
    pub(crate) node_label: Option<String>,
    /// Whether a keytab is among the local resources.
    pub(crate) has_keytab: bool,
    /// Whether a Kerberos configuration is among the local resources.
    pub(crate) has_kerberos_conf: bool,
}

/// The values of variables stay unsaid: they may be secrets of the models.
impl fmt::Debug for MasterSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .environment
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        formatter
            .debug_struct("MasterSettings")
            .field("zookeeper", &self.zookeeper)
            .field("config_path", &self.config_path)
            .field("directory", &self.directory)
            .field("environment", &names)
            .finish_non_exhaustive()
    }
}

impl MasterSettings {
    pub(crate) fn zookeeper_options(&self) -> ZooKeeperOptions {
        let mut options = ZooKeeperOptions::new(&self.zookeeper);
        options.config_path = self.config_path.clone();
        options
    }

    /// `holder` is the application's id, which all of its attempts share: a next attempt takes the claim over.
    pub(crate) fn service_config(&self, holder: String) -> ServiceConfig {
        ServiceConfig {
            holder,
            service_type: if self.persistent {
                ServiceType::Static
            } else {
                ServiceType::Dynamic
            },
            start_limit: Duration::from_secs(self.start_limit),
            ..ServiceConfig::default()
        }
    }
}

/// Settings as the value of an environment variable.
pub(crate) fn encode<T: Serialize>(settings: &T) -> Result<String, serde_json::Error> {
    Ok(STANDARD.encode(serde_json::to_vec(settings)?))
}

/// Reads what [`encode`] gives.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let bytes = STANDARD.decode(text).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}
