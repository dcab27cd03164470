//! What a service does before it serves: it becomes the only one, and takes over what a former one has left.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use alidade_maas_core::{DesiredModels, MaasError, Registry, Revision};
use tokio::time::sleep;

use crate::config::ServiceConfig;
use crate::launcher::{Launcher, RunningInstance};

const PAUSE: Duration = Duration::from_secs(1);
const LOOK_AT_BROKEN_STATE: Duration = Duration::from_secs(5);
/// Ids start here: upstream's first container, 1, is the service itself.
const FIRST_ID: u64 = 2;

/// What a service begins with.
pub(crate) struct Inheritance {
    pub(crate) desired: DesiredModels,
    pub(crate) revision: Revision,
    /// For each model of the desired state, no more instances than it wants.
    pub(crate) adopted: Vec<Vec<Box<dyn RunningInstance>>>,
    /// Instances that nobody wants any more.
    pub(crate) surplus: Vec<Box<dyn RunningInstance>>,
    /// The first id that no registration has had.
    pub(crate) first_id: u64,
}

/// Becomes the one that serves; waits for the remains of a former service, and for the registry for as long as it is away:
/// models that run go on meanwhile.
pub(crate) async fn claim(
    config: &ServiceConfig,
    registry: &dyn Registry,
) -> Result<(), MaasError> {
    let mut refused_since = None;
    loop {
        let error = match registry.claim(&config.holder).await {
            Ok(()) => return Ok(()),
            Err(error @ MaasError::Unavailable { .. }) => {
                refused_since = None;
                error
            }
            Err(error @ MaasError::AlreadyServed { .. }) => {
                let since = *refused_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= config.claim_patience {
                    return Err(error);
                }
                error
            }
            Err(error) => return Err(error),
        };
        tracing::warn!(%error, "waiting to become the service");
        sleep(PAUSE).await;
    }
}

/// Reads what is wanted, adopts what runs of it, and takes everything else out of the registry.
pub(crate) async fn inherit(
    launcher: &dyn Launcher,
    registry: &dyn Registry,
) -> Result<Inheritance, MaasError> {
    let (desired, revision) = read_desired(registry).await?;
    let mut adopted = Vec::new();
    let mut surplus = Vec::new();
    let mut kept = BTreeSet::new();
    for model in &desired.models {
        let mut instances = launcher.adopt(model).await;
        let wanted = usize::try_from(model.instances).unwrap_or(usize::MAX);
        if instances.len() > wanted {
            surplus.extend(instances.split_off(wanted));
        }
        let ids = instances.iter().map(|instance| instance.id());
        kept.extend(ids.map(|id| (model.name.clone(), id.to_string())));
        adopted.push(instances);
    }
    let cleared = loop {
        match clear_registry(registry, &kept).await {
            Err(error @ MaasError::Unavailable { .. }) => {
                tracing::warn!(%error, "cannot clear the registry yet, trying again");
                sleep(PAUSE).await;
            }
            outcome => break outcome,
        }
    };
    match cleared {
        Ok(first_id) => Ok(Inheritance {
            desired,
            revision,
            adopted,
            surplus,
            first_id,
        }),
        Err(error) => {
            // The next service may have better luck with them.
            for mut instance in adopted.into_iter().flatten().chain(surplus) {
                instance.leave();
            }
            Err(error)
        }
    }
}

/// Waits for the registry, and also for somebody to mend a state that cannot be read: to begin without models would end
/// all that run.
async fn read_desired(registry: &dyn Registry) -> Result<(DesiredModels, Revision), MaasError> {
    loop {
        match registry.desired().await {
            Err(error @ MaasError::Unavailable { .. }) => {
                tracing::warn!(%error, "cannot read the stored desired state yet, trying again");
                sleep(PAUSE).await;
            }
            Err(error @ MaasError::Malformed { .. }) => {
                tracing::error!(%error, "mend the node `desired` of the service's state in ZooKeeper, or delete it to begin without models");
                sleep(LOOK_AT_BROKEN_STATE).await;
            }
            read => return read,
        }
    }
}

/// Takes out everything that is registered but for what is kept, names and ids: no other service lives, so nobody looks
/// after it. Returns the first id that nothing there or kept has had.
async fn clear_registry(
    registry: &dyn Registry,
    kept: &BTreeSet<(String, String)>,
) -> Result<u64, MaasError> {
    let mut next_id = FIRST_ID;
    let mut note_id = |id: &str| {
        if let Ok(id) = id.parse::<u64>() {
            next_id = next_id.max(id.saturating_add(1));
        }
    };
    for (_, id) in kept {
        note_id(id);
    }
    for instance in registry.instances().await?.instances {
        note_id(&instance.id);
        let (model, id) = (instance.name, instance.id);
        let key = (model, id);
        if kept.contains(&key) {
            continue;
        }
        let (model, id) = key;
        tracing::info!(model, id, "taking out a former registration");
        match registry.unregister(&model, &id).await {
            Err(error @ MaasError::Unavailable { .. }) => return Err(error),
            // A node that is not where its content says cannot be one of ours.
            Err(error) => tracing::warn!(%error, "a former registration stays"),
            Ok(()) => {}
        }
    }
    Ok(next_id)
}
