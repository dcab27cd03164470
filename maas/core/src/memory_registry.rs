use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::{
    Answer, ContainerRecord, DesiredModels, Listing, MaasError, ModelRequest, QueueItem, Registry,
    Revision, Routing, Routings, ServiceInstance, ServiceStatus, Settlement,
};

/// A registry inside one process: for running everything in one program without ZooKeeper, and for tests.
#[derive(Debug)]
pub struct MemoryRegistry {
    state: Mutex<State>,
    queued: Notify,
    changes: watch::Sender<u64>,
    sessions: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    next_item: u64,
    queue: VecDeque<QueueItem>,
    parked: Vec<QueueItem>,
    instances: BTreeMap<(String, String), ServiceInstance>,
    holder: Option<String>,
    desired: DesiredModels,
    revision: Revision,
    status: Vec<u8>,
    containers: BTreeMap<String, ContainerRecord>,
    routings: BTreeMap<String, Routing>,
    requested_stop: Option<String>,
}

/// Most items that wait in the queue, and most that are kept aside.
const MAX_ITEMS: usize = 10_000;

impl Default for MemoryRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryRegistry {
    pub fn new() -> Self {
        Self {
            state: Mutex::new(State::default()),
            queued: Notify::new(),
            changes: watch::channel(1).0,
            sessions: watch::channel(1).0,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts raw bytes into the queue, as a foreign tool might. Gives the id of the item.
    ///
    /// # Errors
    /// When the queue is full.
    pub fn enqueue_bytes(&self, data: &[u8]) -> Result<String, MaasError> {
        let mut state = self.state();
        if state.queue.len() >= MAX_ITEMS {
            return Err(MaasError::BadRequest(format!(
                "the request queue is full ({MAX_ITEMS} items)"
            )));
        }
        let id = format!("qn-{:010}", state.next_item);
        state.next_item += 1;
        state.queue.push_back(QueueItem {
            id: id.clone(),
            data: data.to_vec(),
        });
        drop(state);
        self.queued.notify_waiters();
        Ok(id)
    }

    /// The items that were put aside because they could not be understood.
    pub fn parked(&self) -> Vec<QueueItem> {
        self.state().parked.clone()
    }

    /// The status document that was published last.
    pub fn status(&self) -> Vec<u8> {
        self.state().status.clone()
    }

    /// Forgets all registrations and begins a new session, as an expired ZooKeeper session would.
    pub fn lose_session(&self) {
        let mut state = self.state();
        state.instances.clear();
        state.holder = None;
        drop(state);
        self.sessions.send_modify(|number| *number += 1);
        self.changes.send_modify(|number| *number += 1);
    }

    async fn wait_for_item(&self) -> QueueItem {
        loop {
            let notified = self.queued.notified();
            tokio::pin!(notified);
            // Listening must begin before the look, or an item put in between would be slept through.
            notified.as_mut().enable();
            if let Some(item) = self.state().queue.front().cloned() {
                return item;
            }
            notified.await;
        }
    }

    fn settle_now(&self, item: &QueueItem, settlement: Settlement<'_>) -> Result<bool, MaasError> {
        let mut state = self.state();
        let Some(at) = state.queue.iter().position(|queued| queued.id == item.id) else {
            return Ok(false);
        };
        if let Settlement::Desired(_, Some(revision)) = settlement
            && revision != state.revision
        {
            return Err(MaasError::Superseded);
        }
        state.queue.remove(at);
        match settlement {
            Settlement::Drop => {}
            Settlement::Park => {
                if state.parked.len() < MAX_ITEMS {
                    state.parked.push(item.clone());
                }
            }
            Settlement::Desired(desired, _) => {
                state.desired = desired.clone();
                state.revision += 1;
            }
        }
        Ok(true)
    }
}

impl Registry for MemoryRegistry {
    fn instances(&self) -> Answer<'_, Listing> {
        let instances = self.state().instances.values().cloned().collect();
        Box::pin(async move {
            Ok(Listing {
                instances,
                unreadable: Vec::new(),
            })
        })
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn sessions(&self) -> watch::Receiver<u64> {
        self.sessions.subscribe()
    }

    fn enqueue<'a>(&'a self, request: &'a ModelRequest) -> Answer<'a, String> {
        Box::pin(async move { self.enqueue_bytes(&request.write()?) })
    }

    fn next_item(&self) -> Answer<'_, QueueItem> {
        Box::pin(async move { Ok(self.wait_for_item().await) })
    }

    fn settle<'a>(&'a self, item: &'a QueueItem, settlement: Settlement<'a>) -> Answer<'a, bool> {
        Box::pin(async move { self.settle_now(item, settlement) })
    }

    fn register<'a>(&'a self, instance: &'a ServiceInstance) -> Answer<'a, ()> {
        Box::pin(async move {
            let key = (instance.name.clone(), instance.id.clone());
            self.state().instances.insert(key, instance.clone());
            self.changes.send_modify(|number| *number += 1);
            Ok(())
        })
    }

    fn unregister<'a>(&'a self, name: &'a str, id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let key = (name.to_owned(), id.to_owned());
            self.state().instances.remove(&key);
            self.changes.send_modify(|number| *number += 1);
            Ok(())
        })
    }

    fn withdraw<'a>(&'a self, instance: &'a ServiceInstance) -> Answer<'a, ()> {
        Box::pin(async move {
            let key = (instance.name.clone(), instance.id.clone());
            let mut state = self.state();
            if state.instances.get(&key) == Some(instance) {
                state.instances.remove(&key);
                drop(state);
                self.changes.send_modify(|number| *number += 1);
            }
            Ok(())
        })
    }

    fn claim<'a>(&'a self, holder: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut state = self.state();
            if let Some(other) = &state.holder
                && other != holder
            {
                return Err(MaasError::AlreadyServed {
                    root: "this process".to_owned(),
                    holder: other.clone(),
                });
            }
            state.holder = Some(holder.to_owned());
            Ok(())
        })
    }

    fn release(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.state().holder = None;
            Ok(())
        })
    }

    fn holder(&self) -> Answer<'_, Option<String>> {
        Box::pin(async move { Ok(self.state().holder.clone()) })
    }

    fn desired(&self) -> Answer<'_, (DesiredModels, Revision)> {
        let state = self.state();
        let found = (state.desired.clone(), state.revision);
        drop(state);
        Box::pin(async move { Ok(found) })
    }

    fn published_status(&self) -> Answer<'_, Option<ServiceStatus>> {
        Box::pin(async {
            let status = self.status();
            match status.as_slice() {
                [] => Ok(None),
                document => ServiceStatus::read(document).map(Some),
            }
        })
    }

    fn publish_status<'a>(&'a self, status: &'a [u8]) -> Answer<'a, ()> {
        Box::pin(async move {
            self.state().status = status.to_vec();
            Ok(())
        })
    }

    fn containers(&self) -> Answer<'_, Vec<(String, Option<ContainerRecord>)>> {
        let known = self.state().containers.clone();
        Box::pin(async move {
            let known = known.into_iter();
            Ok(known.map(|(id, record)| (id, Some(record))).collect())
        })
    }

    fn knows_container<'a>(&'a self, id: &'a str) -> Answer<'a, bool> {
        let is_known = self.state().containers.contains_key(id);
        Box::pin(async move { Ok(is_known) })
    }

    fn record_container<'a>(&'a self, id: &'a str, record: &'a ContainerRecord) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut state = self.state();
            state.containers.insert(id.to_owned(), record.clone());
            Ok(())
        })
    }

    fn forget_container<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.state().containers.remove(id);
            Ok(())
        })
    }

    fn routing<'a>(&'a self, name: &'a str) -> Answer<'a, Routing> {
        let routing = self.state().routings.get(name).cloned();
        Box::pin(async move { Ok(routing.unwrap_or_default()) })
    }

    fn set_routing<'a>(
        &'a self,
        name: &'a str,
        former: &'a Routing,
        routing: &'a Routing,
    ) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut state = self.state();
            if state.routings.get(name).unwrap_or(&Routing::default()) != former {
                return Ok(false);
            }
            if routing.is_empty() {
                state.routings.remove(name);
            } else {
                state.routings.insert(name.to_owned(), routing.clone());
            }
            self.changes.send_modify(|number| *number += 1);
            Ok(true)
        })
    }

    fn routings(&self) -> Answer<'_, Routings> {
        let models = self.state().routings.clone();
        Box::pin(async move {
            Ok(Routings {
                models,
                ..Routings::default()
            })
        })
    }

    fn request_stop<'a>(&'a self, holder: Option<&'a str>) -> Answer<'a, ()> {
        Box::pin(async move {
            self.state().requested_stop = holder.map(str::to_owned);
            Ok(())
        })
    }

    fn requested_stop(&self) -> Answer<'_, Option<String>> {
        Box::pin(async move { Ok(self.state().requested_stop.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Endpoint, ServiceType};

    #[tokio::test]
    async fn items_come_in_order_and_can_be_taken_once() {
        let registry = Arc::new(MemoryRegistry::new());
        let waiting = tokio::spawn({
            let registry = registry.clone();
            async move { registry.next_item().await.unwrap() }
        });
        tokio::task::yield_now().await;
        registry
            .enqueue(&ModelRequest::remove("a", "1", 1))
            .await
            .unwrap();
        registry
            .enqueue(&ModelRequest::remove("b", "1", 1))
            .await
            .unwrap();
        let first = waiting.await.unwrap();
        assert_eq!(first.id, "qn-0000000000");
        assert!(registry.settle(&first, Settlement::Drop).await.unwrap());
        assert!(!registry.settle(&first, Settlement::Drop).await.unwrap());
        let second = registry.next_item().await.unwrap();
        assert_eq!(second.id, "qn-0000000001");
        assert!(registry.settle(&second, Settlement::Park).await.unwrap());
        assert_eq!(registry.parked(), [second]);
    }

    #[tokio::test]
    async fn registering_is_seen_as_a_change() {
        let registry = MemoryRegistry::new();
        let mut changes = registry.changes();
        changes.mark_unchanged();
        let endpoint = Endpoint::at("http://h:1");
        let instance = ServiceInstance::new("m", "1", 2, endpoint, ServiceType::Dynamic, 0);
        registry.register(&instance).await.unwrap();
        assert!(changes.has_changed().unwrap());
        assert_eq!(registry.instances().await.unwrap().instances, [instance]);
        registry.unregister("m", "2").await.unwrap();
        assert!(registry.instances().await.unwrap().instances.is_empty());
    }

    #[tokio::test]
    async fn only_the_registration_that_was_made_is_withdrawn() {
        let registry = MemoryRegistry::new();
        let at = |url: &str| {
            ServiceInstance::new("m", "1", 2, Endpoint::at(url), ServiceType::Dynamic, 0)
        };
        let (former, present) = (at("http://h:1"), at("http://h:2"));
        registry.register(&former).await.unwrap();
        registry.register(&present).await.unwrap();
        registry.withdraw(&former).await.unwrap();
        let kept = registry.instances().await.unwrap().instances;
        assert_eq!(kept, std::slice::from_ref(&present));
        registry.withdraw(&present).await.unwrap();
        registry.withdraw(&present).await.unwrap();
        assert!(registry.instances().await.unwrap().instances.is_empty());
    }

    #[tokio::test]
    async fn only_one_may_serve() {
        let registry = MemoryRegistry::new();
        registry.claim("first").await.unwrap();
        let refused = registry.claim("second").await.unwrap_err();
        assert!(refused.to_string().contains("first"), "{refused}");
        registry.release().await.unwrap();
        registry.claim("second").await.unwrap();
    }
}
