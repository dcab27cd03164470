//! What is registered, read once for all who wait for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use alidade_maas_core::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Changes that come together are read together.
const GATHER: Duration = Duration::from_millis(100);
/// Watches may be lost with a session: a look now and then costs little.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_secs(1);

/// Urls by a model's name and the container's id.
type Urls = HashMap<(String, String), String>;

/// Follows the registered instances.
#[derive(Debug)]
pub(super) struct Registrations {
    urls: watch::Receiver<Arc<Urls>>,
    task: JoinHandle<()>,
}

impl Registrations {
    pub(super) fn follow(registry: Arc<dyn Registry>) -> Registrations {
        let (sender, urls) = watch::channel(Arc::default());
        let task = tokio::spawn(follow(registry, sender));
        Registrations { urls, task }
    }

    /// Waits until an instance is registered; gives its url.
    pub(super) async fn url_of(&self, name: &str, id: u64) -> String {
        let key = (name.to_owned(), id.to_string());
        let mut urls = self.urls.clone();
        let found = urls.wait_for(|urls| urls.contains_key(&key)).await;
        match found.ok().and_then(|urls| urls.get(&key).cloned()) {
            Some(url) => url,
            // The following has ended with the service: nobody waits any more.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Registrations {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(registry: Arc<dyn Registry>, sender: watch::Sender<Arc<Urls>>) {
    let mut changes = registry.changes();
    loop {
        changes.mark_unchanged();
        match registry.instances().await {
            Ok(listing) => {
                let instances = listing.instances.into_iter();
                let urls = instances.map(|it| ((it.name, it.id), it.payload.endpoint.url));
                sender.send_replace(Arc::new(urls.collect()));
            }
            Err(error) => {
                tracing::debug!(%error, "cannot read the registered instances, trying again");
                sleep(PAUSE).await;
                continue;
            }
        }
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                sleep(GATHER).await;
            }
            () = sleep(LOOK_AGAIN) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::{Endpoint, MemoryRegistry, ServiceInstance, ServiceType};

    use super::*;

    #[tokio::test]
    async fn a_registration_is_waited_for() {
        let registry = Arc::new(MemoryRegistry::new());
        let registrations = Registrations::follow(registry.clone());
        let waiting = async { registrations.url_of("dga", 2).await };
        let registering = async {
            sleep(Duration::from_millis(20)).await;
            for id in [3, 2] {
                let endpoint = Endpoint::at(&format!("http://node1:{id}"));
                let instance =
                    ServiceInstance::new("dga", "1.0", id, endpoint, ServiceType::Dynamic, 0);
                registry.register(&instance).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        let url = tokio::select! {
            url = waiting => url,
            () = registering => unreachable!(),
        };
        assert_eq!(url, "http://node1:2");
    }
}
