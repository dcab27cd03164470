use std::path::PathBuf;

use alidade_maas_core::{ModelRequest, Registry, check_model_name, check_model_version};

use crate::{DeployError, PayloadStore};

/// Most instances that one request may ask for.
const MAX_INSTANCES: i32 = 1000;

/// Instances of a model to be started.
#[derive(Debug, Clone)]
pub struct Addition {
    pub name: String,
    pub version: String,
    pub instances: i32,
    /// Megabytes.
    pub memory: i32,
    /// Where the payload is, or is to be put, in the payload store.
    pub path: String,
    /// A local directory to put there first.
    pub local_payload: Option<PathBuf>,
}

/// Instances of a model to be ended.
#[derive(Debug, Clone)]
pub struct Removal {
    pub name: String,
    pub version: String,
    pub instances: i32,
}

impl Addition {
    /// # Errors
    /// When no service could carry it out.
    pub fn check(&self) -> Result<(), DeployError> {
        check_model_name(&self.name)?;
        check_model_version(&self.version)?;
        check_instances(self.instances)?;
        if self.memory < 1 {
            return Err(DeployError::Option(format!(
                "the memory (-m) must be at least 1 MB, not {}",
                self.memory
            )));
        }
        if self.path.trim().is_empty() {
            return Err(DeployError::Option(
                "the model path (-hmp) is empty".to_owned(),
            ));
        }
        Ok(())
    }
}

impl Removal {
    /// # Errors
    /// When no service could carry it out.
    pub fn check(&self) -> Result<(), DeployError> {
        check_model_name(&self.name)?;
        check_model_version(&self.version)?;
        check_instances(self.instances)
    }
}

fn check_instances(instances: i32) -> Result<(), DeployError> {
    if (1..=MAX_INSTANCES).contains(&instances) {
        return Ok(());
    }
    Err(DeployError::Option(format!(
        "the number of instances (-ni) must be from 1 to {MAX_INSTANCES}, not {instances}"
    )))
}

/// A request that waits in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The id of its item.
    pub item: String,
    /// Where the payload was put, if there was one.
    pub payload: Option<String>,
}

/// Stores the payload, if one is given, and queues the request.
///
/// # Errors
/// When the request makes no sense, the payload cannot be stored, or the registry cannot be reached. Nothing is queued then.
pub async fn add_model(
    registry: &dyn Registry,
    store: &dyn PayloadStore,
    addition: &Addition,
) -> Result<Queued, DeployError> {
    addition.check()?;
    let stored = match &addition.local_payload {
        Some(local) => Some(store.put(local, &addition.path)?),
        None => None,
    };
    let request = ModelRequest::add(
        &addition.name,
        &addition.version,
        addition.instances,
        addition.memory,
        &addition.path,
    );
    let item = registry.enqueue(&request).await?;
    Ok(Queued {
        item,
        payload: stored,
    })
}

/// Queues the request to end instances of a model.
///
/// # Errors
/// When the request makes no sense, or the registry cannot be reached. Nothing is queued then.
pub async fn remove_model(
    registry: &dyn Registry,
    removal: &Removal,
) -> Result<Queued, DeployError> {
    removal.check()?;
    let request = ModelRequest::remove(&removal.name, &removal.version, removal.instances);
    let item = registry.enqueue(&request).await?;
    Ok(Queued {
        item,
        payload: None,
    })
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::MemoryRegistry;

    use super::*;
    use crate::LocalFolderStore;

    fn addition() -> Addition {
        Addition {
            name: "dga".to_owned(),
            version: "1.0".to_owned(),
            instances: 1,
            memory: 512,
            path: "/user/x/models".to_owned(),
            local_payload: None,
        }
    }

    #[tokio::test]
    async fn the_payload_is_stored_and_the_request_queued() {
        let (root, local) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(local.path().join("rest.sh"), "").unwrap();
        let registry = MemoryRegistry::new();
        let store = LocalFolderStore::new(root.path());
        let with_payload = Addition {
            local_payload: Some(local.path().to_owned()),
            ..addition()
        };
        add_model(&registry, &store, &with_payload).await.unwrap();
        assert!(root.path().join("user/x/models/rest.sh").exists());
        let item = registry.next_item().await.unwrap();
        let expected = br#"{"name":"dga","version":"1.0","numInstances":1,"memory":512,"action":"ADD","path":"/user/x/models"}"#;
        assert_eq!(item.data, expected);
    }

    #[tokio::test]
    async fn a_request_that_makes_no_sense_is_not_queued() {
        let root = tempfile::tempdir().unwrap();
        let registry = MemoryRegistry::new();
        let store = LocalFolderStore::new(root.path());
        let bad = [
            Addition {
                memory: 0,
                ..addition()
            },
            Addition {
                instances: 0,
                ..addition()
            },
            Addition {
                instances: 1001,
                ..addition()
            },
            Addition {
                name: "a/b".to_owned(),
                ..addition()
            },
            Addition {
                version: String::new(),
                ..addition()
            },
            Addition {
                path: " ".to_owned(),
                ..addition()
            },
            Addition {
                local_payload: Some("/no/such".into()),
                ..addition()
            },
        ];
        for bad in bad {
            assert!(add_model(&registry, &store, &bad).await.is_err(), "{bad:?}");
        }
        let removal = Removal {
            name: "dga".to_owned(),
            version: "1.0".to_owned(),
            instances: -1,
        };
        assert!(remove_model(&registry, &removal).await.is_err());
        let waiting =
            tokio::time::timeout(std::time::Duration::from_millis(20), registry.next_item());
        assert!(waiting.await.is_err(), "nothing is queued");
    }
}
