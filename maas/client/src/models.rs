use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use alidade_event::Value;
use alidade_maas_core::{Listing, Registry, Routing, UnreadableNode};
use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::endpoints::Endpoints;
use crate::health::{HealthBoard, monotonic_ms};
use crate::known_routings::KnownRoutings;

/// Several changes at once are read in one go.
const GATHERING: Duration = Duration::from_millis(20);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Everything is read again after this long without a change, should a change ever go unseen.
const REFRESH: Duration = Duration::from_secs(60);

/// The registered models, kept up to date in the background. Cheap to clone.
///
/// While the registry is away, what was known last goes on being served.
#[derive(Debug, Clone)]
pub struct Models {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    current: ArcSwap<Endpoints>,
    board: HealthBoard,
    read_once: watch::Sender<bool>,
    watcher: std::sync::OnceLock<AbortHandle>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(watcher) = self.watcher.get() {
            watcher.abort();
        }
    }
}

impl Models {
    /// No registry: every look-up gives null.
    pub fn none() -> Models {
        Models {
            inner: Arc::new(Inner {
                current: ArcSwap::from_pointee(Endpoints::default()),
                board: HealthBoard::default(),
                read_once: watch::channel(false).0,
                watcher: std::sync::OnceLock::new(),
            }),
        }
    }

    /// Follows a registry, on the runtime given, until the last clone is dropped.
    pub fn watch(registry: Arc<dyn Registry>, runtime: &Handle) -> Models {
        let models = Models::none();
        let task = runtime.spawn(follow(registry, Arc::downgrade(&models.inner)));
        // Fresh from `none`, so that the cell is empty.
        let _ = models.inner.watcher.set(task.abort_handle());
        models
    }

    /// Waits until the registry has been read for the first time. False when that takes longer than `limit`.
    pub async fn ready(&self, limit: Duration) -> bool {
        let mut read_once = self.inner.read_once.subscribe();
        let waiting = read_once.wait_for(|read| *read);
        matches!(tokio::time::timeout(limit, waiting).await, Ok(Ok(_)))
    }

    /// Everything that is registered now.
    pub fn endpoints(&self) -> Arc<Endpoints> {
        self.inner.current.load_full()
    }

    pub(crate) fn board(&self) -> &HealthBoard {
        &self.inner.board
    }

    /// What `MAAS_GET_ENDPOINT` answers: a map with `name`, `version`, `url` and `endpoint:<alias>` of a random live
    /// instance, at the version given or else the one that the routing chooses, the newest without one. Null when there is
    /// none.
    pub fn get_endpoint(&self, name: &str, version: Option<&str>) -> Value {
        let endpoints = self.inner.current.load();
        let now_ms = monotonic_ms();
        let model = endpoints.model(name);
        let chosen = model.and_then(|model| match version {
            Some(version) => model.version(version),
            None => model.any_version(now_ms),
        });
        let drawn = chosen.and_then(|version| version.draw(now_ms));
        drawn.map_or(Value::Null, |instance| instance.map(version.is_some()))
    }
}

async fn follow(registry: Arc<dyn Registry>, inner: Weak<Inner>) {
    let mut changes = registry.changes();
    let mut pause = FIRST_PAUSE;
    let mut reported: Vec<UnreadableNode> = Vec::new();
    let mut routings = KnownRoutings::default();
    loop {
        changes.mark_unchanged();
        let listing = registry.instances().await;
        let are_read = match &listing {
            Ok(_) => routings.take_up(registry.routings().await),
            Err(_) => false,
        };
        let Some(inner) = inner.upgrade() else {
            return;
        };
        match listing {
            Ok(listing) => {
                pause = FIRST_PAUSE;
                take_over(&inner, &listing, routings.by_model());
                report_unreadable(&listing, &mut reported);
            }
            Err(error) => {
                tracing::warn!(%error, retry_in = ?pause, "cannot read the registered models, those known last stay in use");
                drop(inner);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
        }
        drop(inner);
        let refresh = if are_read { REFRESH } else { LONGEST_PAUSE };
        if let Ok(Err(_)) = tokio::time::timeout(refresh, changes.changed()).await {
            return;
        }
        tokio::time::sleep(GATHERING).await;
    }
}

fn take_over(inner: &Inner, listing: &Listing, routings: &BTreeMap<String, Routing>) {
    let endpoints = Endpoints::new(&listing.instances, routings, &inner.board);
    metrics::gauge!("alidade_maas_endpoints").set(endpoints.instance_count() as f64);
    inner.current.store(Arc::new(endpoints));
    inner.read_once.send_replace(true);
}

/// Says once of each unreadable node that it is passed over.
fn report_unreadable(listing: &Listing, reported: &mut Vec<UnreadableNode>) {
    for node in &listing.unreadable {
        if !reported.contains(node) {
            tracing::warn!(
                path = node.path,
                reason = node.reason,
                "not a registered model, passed over; delete the node if nothing needs it"
            );
        }
    }
    reported.clone_from(&listing.unreadable);
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::{Endpoint, MemoryRegistry, ServiceInstance, ServiceType};

    use super::*;

    #[test]
    fn without_a_registry_nothing_is_found() {
        assert!(Models::none().get_endpoint("dga", None).is_null());
    }

    #[tokio::test]
    async fn registrations_and_removals_are_followed() {
        let registry = Arc::new(MemoryRegistry::new());
        let models = Models::watch(registry.clone(), &Handle::current());
        assert!(models.ready(Duration::from_secs(5)).await);
        assert!(models.get_endpoint("dga", None).is_null());
        let endpoint = Endpoint::at("http://h:1");
        let instance = ServiceInstance::new("dga", "1.0", 2, endpoint, ServiceType::Dynamic, 0);
        registry.register(&instance).await.unwrap();
        wait_for(|| !models.get_endpoint("dga", None).is_null()).await;
        registry.unregister("dga", "2").await.unwrap();
        wait_for(|| models.get_endpoint("dga", None).is_null()).await;
    }

    async fn wait_for(condition: impl Fn() -> bool) {
        for _ in 0..500 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it did not happen within 5 s");
    }
}
