//! Waiting until a request has had its effect.

use std::collections::BTreeMap;
use std::time::Duration;

use alidade_maas_core::{InstanceState, Registry, ServiceStatus};
use tokio::time::{Instant, sleep};

use crate::list::sorted_instances;
use crate::overview::given_up;
use crate::{DeployError, ListFilter};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What the registry should come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    AtLeast(usize),
    AtMost(usize),
}

impl Goal {
    fn is_met(self, registered: usize) -> bool {
        match self {
            Goal::AtLeast(wanted) => registered >= wanted,
            Goal::AtMost(wanted) => registered <= wanted,
        }
    }
}

/// The state before the request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Before {
    pub(crate) registered: usize,
    pub(crate) slots: Slots,
    /// How many instances the request takes back.
    pub(crate) fewer: usize,
}

impl Before {
    pub(crate) async fn of(
        registry: &dyn Registry,
        name: &str,
        version: &str,
    ) -> Result<Before, DeployError> {
        Ok(Before {
            registered: registered(registry, name, version).await?,
            slots: Slots::of(&status(registry).await?, name, version),
            fewer: 0,
        })
    }
}

/// The instances of a model that the service keeps, whatever their state.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Slots {
    all: usize,
    given_up: usize,
}

impl Slots {
    fn of(status: &ServiceStatus, name: &str, version: &str) -> Slots {
        let told = status.instances.iter();
        let own = told.filter(|told| told.name == name && told.version == version);
        own.fold(Slots::default(), |slots, told| Slots {
            all: slots.all + 1,
            given_up: slots.given_up + usize::from(told.state == InstanceState::GivenUp),
        })
    }
}

/// What the service that is there says; nothing of one that has gone.
async fn status(registry: &dyn Registry) -> Result<ServiceStatus, DeployError> {
    match registry.holder().await? {
        Some(_) => Ok(registry.published_status().await?.unwrap_or_default()),
        None => Ok(ServiceStatus::default()),
    }
}

/// How many instances of one version of a model are registered.
pub(crate) async fn registered(
    registry: &dyn Registry,
    name: &str,
    version: &str,
) -> Result<usize, DeployError> {
    let filter = ListFilter {
        name: Some(name.to_owned()),
        version: Some(version.to_owned()),
    };
    Ok(sorted_instances(registry, &filter).await?.instances.len())
}

/// Waits until the number of registered instances of a model is as wanted.
///
/// # Errors
/// When that takes longer than `limit`, or the service has given an instance up or refused the request meanwhile.
/// `item` is the id of the request.
pub(crate) async fn wait_for(
    registry: &dyn Registry,
    name: &str,
    version: &str,
    goal: Goal,
    before: &Before,
    item: &str,
    limit: Duration,
) -> Result<(), DeployError> {
    let deadline = Instant::now() + limit;
    loop {
        let registered = registered(registry, name, version).await?;
        if goal.is_met(registered) {
            return Ok(());
        }
        let status = status(registry).await?;
        if let Some(refused) = status.rejected.iter().find(|refused| refused.item == item) {
            let text = format!("the service refused the request: {}", refused.reason);
            return Err(DeployError::NotReached(text));
        }
        let slots = Slots::of(&status, name, version);
        if let Goal::AtMost(_) = goal
            && before.slots.all > 0
            && slots.all + before.fewer <= before.slots.all
        {
            // Instances that were not registered have been taken back.
            return Ok(());
        }
        let lost = (slots.given_up > before.slots.given_up)
            .then(|| given_up(&status, name, version))
            .flatten();
        if let (Goal::AtLeast(_), Some(reason)) = (goal, lost) {
            let text = format!(
                "the service has given an instance up: {reason}; -mo LIST --wide tells more"
            );
            return Err(DeployError::NotReached(text));
        }
        if Instant::now() >= deadline {
            let text = format!(
                "{registered} instances of {name} {version} are registered after {} s{}, and {goal} were expected; the \
                 request stays queued, -mo LIST --wide tells more",
                limit.as_secs(),
                others(&status, name, version)
            );
            return Err(DeployError::NotReached(text));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// In which states the instances are that are not ready, such as ` (1 starting, 2 waiting for resources)`; empty when the
/// service tells of none.
fn others(status: &ServiceStatus, name: &str, version: &str) -> String {
    let mut counts = BTreeMap::new();
    for told in &status.instances {
        if told.name == name && told.version == version && told.state != InstanceState::Ready {
            *counts.entry(told.state.as_str()).or_insert(0_usize) += 1;
        }
    }
    if counts.is_empty() {
        return String::new();
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    format!(" ({})", counts.join(", "))
}

impl std::fmt::Display for Goal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Goal::AtLeast(wanted) => write!(formatter, "at least {wanted}"),
            Goal::AtMost(wanted) => write!(formatter, "at most {wanted}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::{
        Endpoint, InstanceStatus, MemoryRegistry, Rejection, ServiceInstance, ServiceType,
    };

    use super::*;

    async fn register(registry: &MemoryRegistry, id: u64) {
        let endpoint = Endpoint::at("http://h:1");
        let instance = ServiceInstance::new("dga", "1.0", id, endpoint, ServiceType::Dynamic, 0);
        registry.register(&instance).await.unwrap();
    }

    async fn wait(registry: &MemoryRegistry, goal: Goal, limit_ms: u64) -> Result<(), String> {
        let limit = Duration::from_millis(limit_ms);
        let before = Before::default();
        let waited = wait_for(registry, "dga", "1.0", goal, &before, "item", limit).await;
        waited.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn it_ends_when_enough_are_registered_and_when_time_is_up() {
        let registry = MemoryRegistry::new();
        register(&registry, 2).await;
        let late = async {
            sleep(Duration::from_millis(50)).await;
            register(&registry, 3).await;
        };
        let (waited, ()) = tokio::join!(wait(&registry, Goal::AtLeast(2), 20_000), late);
        assert_eq!(waited, Ok(()));
        let error = wait(&registry, Goal::AtLeast(3), 10).await.unwrap_err();
        assert!(
            error.contains("2 instances of dga 1.0") && error.contains("at least 3"),
            "{error}"
        );
        let error = wait(&registry, Goal::AtMost(1), 10).await.unwrap_err();
        assert!(error.contains("at most 1"), "{error}");
    }

    #[tokio::test]
    async fn when_time_is_up_the_states_of_the_others_are_told() {
        let registry = MemoryRegistry::new();
        registry.claim("service").await.unwrap();
        let instance = |state| InstanceStatus {
            state,
            ..InstanceStatus::new("dga", "1.0")
        };
        let status = ServiceStatus {
            instances: vec![
                instance(InstanceState::WaitingToRestart),
                instance(InstanceState::Ready),
                instance(InstanceState::Starting),
                instance(InstanceState::Starting),
                InstanceStatus::new("other", "1.0"),
            ],
            ..ServiceStatus::default()
        };
        let document = serde_json::to_vec(&status).unwrap();
        registry.publish_status(&document).await.unwrap();
        let error = wait(&registry, Goal::AtLeast(3), 10).await.unwrap_err();
        assert!(
            error.contains(" (2 starting, 1 waiting to restart), and"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn what_the_service_says_of_a_failure_ends_it_at_once() {
        let registry = MemoryRegistry::new();
        registry.claim("service").await.unwrap();
        let publish = async |status: ServiceStatus| {
            let document = serde_json::to_vec(&status).unwrap();
            registry.publish_status(&document).await.unwrap();
        };
        let rejected = vec![Rejection {
            item: "item".to_owned(),
            reason: "no such folder".to_owned(),
        }];
        let refusing = async {
            sleep(Duration::from_millis(50)).await;
            publish(ServiceStatus {
                rejected: rejected.clone(),
                ..ServiceStatus::default()
            })
            .await;
        };
        let (waited, ()) = tokio::join!(wait(&registry, Goal::AtLeast(1), 20_000), refusing);
        assert!(waited.unwrap_err().contains("no such folder"));

        let lost = InstanceStatus {
            state: InstanceState::GivenUp,
            last_failure: Some("exit code 1".to_owned()),
            ..InstanceStatus::new("dga", "1.0")
        };
        publish(ServiceStatus {
            instances: vec![lost],
            ..ServiceStatus::default()
        })
        .await;
        let error = wait(&registry, Goal::AtLeast(1), 20_000).await.unwrap_err();
        assert!(error.contains("exit code 1"), "{error}");

        // One that had been given up before says nothing of this request.
        let before = Before::of(&registry, "dga", "1.0").await.unwrap();
        let limit = Duration::from_millis(10);
        let goal = Goal::AtLeast(1);
        let waited = wait_for(&registry, "dga", "1.0", goal, &before, "other", limit).await;
        let error = waited.unwrap_err().to_string();
        assert!(error.contains("0 instances of dga 1.0"), "{error}");
        // Taking it back is done when the service no longer keeps it.
        let before = Before { fewer: 1, ..before };
        publish(ServiceStatus::default()).await;
        let goal = Goal::AtMost(0);
        let waited = wait_for(&registry, "dga", "1.0", goal, &before, "other", limit).await;
        assert!(waited.is_ok());
    }
}
