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

    pub fn add(&mut self, model: DesiredModel) {
        let same = |candidate: &&mut DesiredModel| {
            candidate.name == model.name
                && candidate.version == model.version
                && candidate.path == model.path
                && candidate.memory == model.memory
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
