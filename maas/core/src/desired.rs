use serde::{Deserialize, Serialize};

use crate::{MaasError, lenient};

/// What an ADD asked for and no REMOVE has taken back: so many instances of one payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredModel {
    pub name: String,
    pub version: String,
    /// Directory of the payload, as the request gave it.
    pub path: String,
    /// Megabytes.
    pub memory: i32,
    pub instances: u32,
    /// Names this one ADD among all, in letters that a file's name can have (`[A-Za-z0-9._-]`): what is kept of its payload
    /// is kept under this name. Empty in what older services have stored.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub deployment: String,
}

/// Everything that should be running, oldest first. Kept outside the paths that upstream reads, so that a service that
/// starts again brings its models back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DesiredModels {
    pub models: Vec<DesiredModel>,
}

impl DesiredModels {
    /// # Errors
    /// None in practice: every field can be written.
    pub fn write(&self) -> Result<Vec<u8>, MaasError> {
        serde_json::to_vec(self).map_err(|error| MaasError::malformed("the desired state", error))
    }

    /// # Errors
    /// When the node is not what [`DesiredModels::write`] gives.
    pub fn read(node: &[u8]) -> Result<DesiredModels, MaasError> {
        let wrong = |reason: String| MaasError::malformed("the stored desired state", reason);
        if node.is_empty() {
            return Ok(DesiredModels::default());
        }
        let json = lenient::first_value(node).map_err(wrong)?;
        serde_json::from_value(json).map_err(|error| wrong(error.to_string()))
    }

    /// Two wishes for the same are one, unless they name different deployments.
    pub fn add(&mut self, model: DesiredModel) {
        let same = |candidate: &&mut DesiredModel| {
            candidate.name == model.name
                && candidate.version == model.version
                && candidate.path == model.path
                && candidate.memory == model.memory
                && candidate.deployment == model.deployment
        };
        match self.models.iter_mut().find(same) {
            Some(known) => known.instances = known.instances.saturating_add(model.instances),
            None => self.models.push(model),
        }
    }

    /// Takes back up to `instances`, oldest entries first. Returns how many there were to take.
    pub fn remove(&mut self, name: &str, version: &str, instances: u32) -> u32 {
        let mut left = instances;
        for model in &mut self.models {
            if model.name == name && model.version == version {
                let taken = left.min(model.instances);
                model.instances -= taken;
                left -= taken;
            }
        }
        self.models.retain(|model| model.instances > 0);
        instances - left
    }

    /// How many instances are wanted of all models together.
    pub fn total_instances(&self) -> u64 {
        self.models
            .iter()
            .map(|model| u64::from(model.instances))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(path: &str, instances: u32) -> DesiredModel {
        DesiredModel {
            name: "dga".to_owned(),
            version: "1.0".to_owned(),
            path: path.to_owned(),
            memory: 512,
            instances,
            deployment: String::new(),
        }
    }

    #[test]
    fn removing_takes_the_oldest_first() {
        let mut desired = DesiredModels::default();
        desired.add(model("/a", 1));
        desired.add(model("/b", 2));
        desired.add(model("/a", 1));
        assert_eq!(desired.models, [model("/a", 2), model("/b", 2)]);
        assert_eq!(desired.remove("dga", "1.0", 3), 3);
        assert_eq!(desired.models, [model("/b", 1)]);
        assert_eq!(desired.remove("dga", "2.0", 1), 0);
        assert_eq!(desired.remove("dga", "1.0", 9), 1);
        assert_eq!(desired, DesiredModels::default());
    }

    #[test]
    fn deployments_are_kept_apart() {
        let mut desired = DesiredModels::default();
        for deployment in ["", "first", "first", "second"] {
            desired.add(DesiredModel {
                deployment: deployment.to_owned(),
                ..model("/a", 1)
            });
        }
        let kept: Vec<_> = desired
            .models
            .iter()
            .map(|model| (model.deployment.as_str(), model.instances))
            .collect();
        assert_eq!(kept, [("", 1), ("first", 2), ("second", 1)]);
        let node = desired.write().unwrap();
        assert_eq!(DesiredModels::read(&node).unwrap(), desired);
    }

    #[test]
    fn what_an_older_service_has_stored_is_read_and_written_alike() {
        let node = br#"{"models":[{"name":"dga","version":"1.0","path":"/a","memory":512,"instances":1}]}"#;
        let desired = DesiredModels::read(node).unwrap();
        assert_eq!(desired.models, [model("/a", 1)]);
        assert_eq!(desired.write().unwrap(), node);
    }

    #[test]
    fn the_state_reads_back() {
        let mut desired = DesiredModels::default();
        desired.add(model("/a", 1));
        assert_eq!(
            DesiredModels::read(&desired.write().unwrap()).unwrap(),
            desired
        );
        assert_eq!(DesiredModels::read(b"").unwrap(), DesiredModels::default());
        assert!(DesiredModels::read(b"{").is_err());
    }
}
