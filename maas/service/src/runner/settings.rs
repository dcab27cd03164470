use std::fmt;

use alidade_maas_core::{check_model_name, check_model_version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::LaunchError;

/// What a runner is to run and where to register it. It travels in the variable [`RunnerSettings::VARIABLE`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerSettings {
    /// The quorum, `host:port,...` with an optional chroot at the end.
    pub zookeeper: String,
    /// Path of the configuration node.
    pub config_path: String,
    /// The model's name.
    pub name: String,
    pub version: String,
    /// The registration outlives the runner's session (`STATIC`), as upstream's do.
    pub persistent: bool,
    /// Seconds from the model's launch until it answers and is registered.
    pub start_limit_s: u64,
    /// Milliseconds between taking the model out of the registry and ending it.
    pub drain_ms: u64,
    /// Milliseconds between asking the model to end and killing it.
    pub grace_ms: u64,
    /// Added to the environment of the model.
    pub environment: Vec<(String, String)>,
    /// The script that starts the model: a name in the container's working directory.
    pub script: String,
    /// Size at which a log of the model is turned over, in bytes. Three files are kept of each.
    pub log_bytes: u64,
}

/// The values of variables stay unsaid: they may be secrets of the model.
impl fmt::Debug for RunnerSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .environment
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        formatter
            .debug_struct("RunnerSettings")
            .field("zookeeper", &self.zookeeper)
            .field("name", &self.name)
            .field("version", &self.version)
            .field("script", &self.script)
            .field("environment", &names)
            .finish_non_exhaustive()
    }
}

impl RunnerSettings {
    /// The environment variable that holds the encoded settings.
    pub const VARIABLE: &str = "ALIDADE_RUNNER";
    /// Most characters of the encoded settings: Linux takes 128 KiB for one variable.
    pub const MAX_ENCODED: usize = 120_000;

    /// The settings as one word of base64 letters.
    pub fn encode(&self) -> String {
        // Every field can be written.
        STANDARD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads what [`RunnerSettings::encode`] gives. Unknown fields are passed over.
    ///
    /// # Errors
    /// [`LaunchError::Settings`] when it is something else, or a field cannot be used.
    pub fn decode(text: &str) -> Result<RunnerSettings, LaunchError> {
        if text.len() > Self::MAX_ENCODED {
            return Err(wrong(format!(
                "they are longer than {} characters; give the models fewer or shorter variables",
                Self::MAX_ENCODED
            )));
        }
        let json = STANDARD
            .decode(text.trim())
            .map_err(|error| wrong(format!("not base64 ({error})")))?;
        let settings: RunnerSettings =
            serde_json::from_slice(&json).map_err(|error| wrong(error.to_string()))?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), LaunchError> {
        check_model_name(&self.name)?;
        check_model_version(&self.version)?;
        if self.zookeeper.trim().is_empty() {
            return Err(wrong("field \"zookeeper\" is empty"));
        }
        let script = self.script.as_str();
        if script.is_empty() || script == "." || script == ".." || script.contains(['/', '\0']) {
            return Err(wrong(format!(
                "field \"script\" must be the name of a file in the working directory, not {script:?}"
            )));
        }
        for (name, value) in &self.environment {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                return Err(wrong(format!(
                    "field \"environment\" has a variable that cannot be set: {name:?}"
                )));
            }
        }
        Ok(())
    }
}

pub(super) fn wrong(reason: impl Into<String>) -> LaunchError {
    LaunchError::Settings(reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> RunnerSettings {
        RunnerSettings {
            zookeeper: "node1:2181".to_owned(),
            config_path: "/metron/maas/config".to_owned(),
            name: "dga".to_owned(),
            version: "1.0".to_owned(),
            persistent: false,
            start_limit_s: 600,
            drain_ms: 500,
            grace_ms: 5000,
            environment: vec![("A".to_owned(), "the secret b".to_owned())],
            script: "rest.sh".to_owned(),
            log_bytes: 1000,
        }
    }

    #[test]
    fn settings_read_back_and_keep_values_to_themselves() {
        let encoded = settings().encode();
        let plain = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
        assert!(encoded.chars().all(plain), "{encoded}");
        assert_eq!(RunnerSettings::decode(&encoded).unwrap(), settings());
        let shown = format!("{:?}", settings());
        assert!(shown.contains("\"A\"") && !shown.contains("secret"));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let change = |change: fn(&mut RunnerSettings)| {
            let mut changed = settings();
            change(&mut changed);
            changed.encode()
        };
        for (text, part) in [
            ("%".to_owned(), "not base64"),
            (STANDARD.encode("{}"), "missing field `zookeeper`"),
            ("A".repeat(120_001), "longer than 120000"),
            (
                change(|settings| settings.script = "../x.sh".to_owned()),
                "\"script\"",
            ),
            (change(|settings| settings.script.clear()), "\"script\""),
            (
                change(|settings| settings.zookeeper.clear()),
                "\"zookeeper\"",
            ),
            (
                change(|settings| settings.name = "a/b".to_owned()),
                "model name",
            ),
            (
                change(|settings| settings.environment[0].0 = "A=B".to_owned()),
                "A=B",
            ),
        ] {
            let error = RunnerSettings::decode(&text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
