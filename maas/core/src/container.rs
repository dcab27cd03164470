//! What a cluster's containers were started for, so that the next attempt of a master knows them again.

use serde::{Deserialize, Serialize};

use crate::{MaasError, lenient};

/// What one container was started for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerRecord {
    /// The model's name.
    pub name: String,
    pub version: String,
    /// The id of the deployment in the desired state.
    pub deployment: String,
}

impl ContainerRecord {
    /// # Errors
    /// None in practice: every field can be written.
    pub fn write(&self) -> Result<Vec<u8>, MaasError> {
        serde_json::to_vec(self)
            .map_err(|error| MaasError::malformed("the record of a container", error))
    }

    /// # Errors
    /// When the node is not what [`ContainerRecord::write`] gives.
    pub fn read(node: &[u8]) -> Result<ContainerRecord, MaasError> {
        let wrong = |reason: String| MaasError::malformed("the record of a container", reason);
        let json = lenient::first_value(node).map_err(wrong)?;
        serde_json::from_value(json).map_err(|error| wrong(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back() {
        let record = ContainerRecord {
            name: "dga".to_owned(),
            version: "1.0".to_owned(),
            deployment: "dga-1.0-qn-0000000000-1700000000000".to_owned(),
        };
        let written = record.write().unwrap();
        assert_eq!(
            String::from_utf8(written.clone()).unwrap(),
            r#"{"name":"dga","version":"1.0","deployment":"dga-1.0-qn-0000000000-1700000000000"}"#
        );
        assert_eq!(ContainerRecord::read(&written).unwrap(), record);
        assert!(ContainerRecord::read(b"{}").is_err());
        assert!(ContainerRecord::read(b"").is_err());
    }
}
