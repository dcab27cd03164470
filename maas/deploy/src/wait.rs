//! Waiting until a request has had its effect.

use std::time::Duration;

use alidade_maas_core::Registry;
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
    item: &str,
    limit: Duration,
) -> Result<(), DeployError> {
    let deadline = Instant::now() + limit;
    loop {
        let registered = registered(registry, name, version).await?;
        if goal.is_met(registered) {
            return Ok(());
        }
        let status = registry.published_status().await?.unwrap_or_default();
        if let Some(refused) = status.rejected.iter().find(|refused| refused.item == item) {
            let text = format!("the service refused the request: {}", refused.reason);
            return Err(DeployError::NotReached(text));
        }
        if let (Goal::AtLeast(_), Some(reason)) = (goal, given_up(&status, name, version)) {
            let text = format!(
                "the service has given an instance up: {reason}; -mo LIST --wide tells more"
            );
            return Err(DeployError::NotReached(text));
        }
        if Instant::now() >= deadline {
            let text = format!(
                "{registered} instances of {name} {version} are registered after {} s, and {goal} were expected; the \
                 request stays queued, -mo LIST --wide tells more",
                limit.as_secs()
            );
            return Err(DeployError::NotReached(text));
        }
        sleep(LOOK_EVERY).await;
    }
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
        Endpoint, InstanceState, InstanceStatus, MemoryRegistry, Rejection, ServiceInstance,
        ServiceStatus, ServiceType,
    };

    use super::*;

    async fn register(registry: &MemoryRegistry, id: u64) {
        let endpoint = Endpoint::at("http://h:1");
        let instance = ServiceInstance::new("dga", "1.0", id, endpoint, ServiceType::Dynamic, 0);
        registry.register(&instance).await.unwrap();
    }

    async fn wait(registry: &MemoryRegistry, goal: Goal, limit_ms: u64) -> Result<(), String> {
        let limit = Duration::from_millis(limit_ms);
        let waited = wait_for(registry, "dga", "1.0", goal, "item", limit).await;
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
    async fn what_the_service_says_of_a_failure_ends_it_at_once() {
        let registry = MemoryRegistry::new();
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
    }
}
