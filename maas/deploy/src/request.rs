use std::path::PathBuf;

use alidade_maas_core::{ModelRequest, Registry, check_model_name, check_model_version};

use crate::{DeployError, PayloadStore, PlacedPayload};

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

/// Puts the payload into the store, if one is given, or else looks for it there.
///
/// # Errors
/// When the request makes no sense, the payload cannot be stored, or is not one that can be used.
pub async fn place_payload(
    store: &dyn PayloadStore,
    addition: &Addition,
) -> Result<PlacedPayload, DeployError> {
    addition.check()?;
    match &addition.local_payload {
        Some(local) => store.put(local, &addition.path).await,
        None => store.find(&addition.path).await,
    }
}

/// Queues the request to start instances of a model. Gives the id of its item.
///
/// # Errors
/// When the request makes no sense, or the registry cannot be reached. Nothing is queued then.
pub async fn queue_addition(
    registry: &dyn Registry,
    addition: &Addition,
    payload: &PlacedPayload,
) -> Result<String, DeployError> {
    addition.check()?;
    let request = ModelRequest::add(
        &addition.name,
        &addition.version,
        addition.instances,
        addition.memory,
        &payload.path,
    );
    Ok(registry.enqueue(&request).await?)
}

/// Queues the request to end instances of a model. Gives the id of its item.
///
/// # Errors
/// When the request makes no sense, or the registry cannot be reached. Nothing is queued then.
pub async fn remove_model(
    registry: &dyn Registry,
    removal: &Removal,
) -> Result<String, DeployError> {
    removal.check()?;
    let request = ModelRequest::remove(&removal.name, &removal.version, removal.instances);
    Ok(registry.enqueue(&request).await?)
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
        let placed = place_payload(&store, &with_payload).await.unwrap();
        queue_addition(&registry, &with_payload, &placed)
            .await
            .unwrap();
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
            assert!(place_payload(&store, &bad).await.is_err(), "{bad:?}");
        }
        let placed = place_payload(&store, &addition()).await.unwrap();
        let bad = Addition {
            memory: 0,
            ..addition()
        };
        assert!(queue_addition(&registry, &bad, &placed).await.is_err());
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
