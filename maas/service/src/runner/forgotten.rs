//! Whether the service still counts on a container.

use std::time::Duration;

use alidade_maas_core::Registry;
use tokio::time::sleep;

/// A pause between two looks.
pub(super) const LOOK_FOR_RECORD: Duration = Duration::from_secs(10);
/// Looks in a row that must miss the record.
const MISSED_LOOKS: u32 = 2;

/// Returns when the service has forgotten the container, because its node was lost to it: another instance has taken its
/// place, and nobody but the runner itself can end what still runs here. Whom the service has never noted down, it has not
/// forgotten; and a registry that is away says nothing.
pub(super) async fn forgotten(registry: &dyn Registry, container: &str, pause: Duration) {
    let mut was_known = false;
    let mut missed = 0;
    loop {
        match registry.knows_container(container).await {
            Ok(true) => {
                was_known = true;
                missed = 0;
            }
            Ok(false) if was_known => missed += 1,
            Ok(false) => {}
            Err(error) => {
                tracing::debug!(%error, "cannot look whether the service knows this container")
            }
        }
        if missed >= MISSED_LOOKS {
            return;
        }
        sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::{ContainerRecord, MemoryRegistry};
    use tokio::time::timeout;

    use super::*;

    const ID: &str = "container_1410901177871_0001_01_000002";
    const PAUSE: Duration = Duration::from_millis(1);
    const MANY_LOOKS: Duration = Duration::from_millis(100);

    async fn is_forgotten(registry: &MemoryRegistry) -> bool {
        let looking = forgotten(registry, ID, PAUSE);
        timeout(MANY_LOOKS, looking).await.is_ok()
    }

    #[tokio::test]
    async fn a_container_is_forgotten_once_its_record_has_gone() {
        let registry = MemoryRegistry::new();
        assert!(!is_forgotten(&registry).await, "it was never known");

        let record = ContainerRecord {
            name: "dga".to_owned(),
            version: "1.0".to_owned(),
            deployment: "d".to_owned(),
        };
        registry.record_container(ID, &record).await.unwrap();
        assert!(!is_forgotten(&registry).await);

        let forgetting = async {
            sleep(MANY_LOOKS).await;
            registry.forget_container(ID).await.unwrap();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = forgotten(&registry, ID, PAUSE) => {}
            () = forgetting => {}
        }
    }
}
