use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::sync::watch;

use crate::{
    ContainerRecord, DesiredModels, MaasError, ModelRequest, Routing, Routings, ServiceInstance,
    ServiceStatus,
};

/// A future of a registry operation.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, MaasError>> + Send + 'a>>;

/// All registered instances, and the nodes that are none.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    pub instances: Vec<ServiceInstance>,
    pub unreadable: Vec<UnreadableNode>,
}

/// A node under the service root that is not a registered instance; it is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableNode {
    pub path: String,
    pub reason: String,
}

/// An item of the request queue that has been looked at, but is still in the queue until it is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueItem {
    /// The node's name, `qn-` and ten digits.
    pub id: String,
    pub data: Vec<u8>,
}

/// What becomes of a queue item.
#[derive(Debug, Clone, Copy)]
pub enum Settlement<'a> {
    /// It asked for nothing that changes the desired state.
    Drop,
    /// It cannot be understood: it is put aside for a person to look at.
    Park,
    /// It has been worked into the desired state, which is stored in the same step: if the state is still of this revision,
    /// where one is given.
    Desired(&'a DesiredModels, Option<Revision>),
}

/// Counts the changes of the stored desired state; each settlement that stores one makes it the next.
pub type Revision = i32;

/// Where requests are queued and running models are registered: ZooKeeper, or memory in a single process.
pub trait Registry: Send + Sync + fmt::Debug {
    /// Reads every registered instance.
    fn instances(&self) -> Answer<'_, Listing>;

    /// A number that grows whenever registered instances or routings may have changed, also after a time without
    /// connection.
    fn changes(&self) -> watch::Receiver<u64>;

    /// The number of the current session. When it grows, everything that [`Registry::register`] and
    /// [`Registry::claim`] made in a former session may be gone.
    fn sessions(&self) -> watch::Receiver<u64>;

    /// Puts a request at the end of the queue. Gives the id of its item.
    fn enqueue<'a>(&'a self, request: &'a ModelRequest) -> Answer<'a, String>;

    /// Waits for the first item of the queue. It stays there until it is settled.
    fn next_item(&self) -> Answer<'_, QueueItem>;

    /// Takes an item out of the queue, and waits while the registry is away. False when someone else has taken it first:
    /// then nothing was stored, and the request must not be carried out. [`MaasError::Superseded`] when the desired state is
    /// of another revision.
    fn settle<'a>(&'a self, item: &'a QueueItem, settlement: Settlement<'a>) -> Answer<'a, bool>;

    /// Registers an instance, in place of an older registration with the same name and id.
    fn register<'a>(&'a self, instance: &'a ServiceInstance) -> Answer<'a, ()>;

    /// Takes an instance out; one that is not there is fine.
    fn unregister<'a>(&'a self, name: &'a str, id: &'a str) -> Answer<'a, ()>;

    /// Takes out a registration that is exactly this one. A later one under the same name and id stays: ids repeat between
    /// applications, and who comes late must not take out what another has registered.
    fn withdraw<'a>(&'a self, instance: &'a ServiceInstance) -> Answer<'a, ()>;

    /// Makes this process the one that serves the queue, for as long as its session lives. `holder` names the process; a
    /// claim that it has left from an earlier session is renewed.
    fn claim<'a>(&'a self, holder: &'a str) -> Answer<'a, ()>;

    /// Gives the claim back.
    fn release(&self) -> Answer<'_, ()>;

    /// Who serves the queue; nothing when nobody of this kind does.
    fn holder(&self) -> Answer<'_, Option<String>>;

    /// The desired state that was stored last, and its revision.
    fn desired(&self) -> Answer<'_, (DesiredModels, Revision)>;

    /// Publishes a status document (JSON) for people and tools to read.
    fn publish_status<'a>(&'a self, status: &'a [u8]) -> Answer<'a, ()>;

    /// The status document that was published last; nothing when no service of this kind has been there.
    fn published_status(&self) -> Answer<'_, Option<ServiceStatus>>;

    /// What the containers of a cluster were started for, by the container's name. Unreadable records come as nothing.
    fn containers(&self) -> Answer<'_, Vec<(String, Option<ContainerRecord>)>>;

    /// Whether it is noted down what this container was started for.
    fn knows_container<'a>(&'a self, id: &'a str) -> Answer<'a, bool>;

    /// Notes down what a container is started for.
    fn record_container<'a>(&'a self, id: &'a str, record: &'a ContainerRecord) -> Answer<'a, ()>;

    /// Forgets a container; one that is not there is fine.
    fn forget_container<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;

    /// Which versions of a model are called when a call names none. An empty one where nothing is said.
    fn routing<'a>(&'a self, name: &'a str) -> Answer<'a, Routing>;

    /// Stores a model's routing in the place of `former`. False when it is another by now: then nothing was stored.
    fn set_routing<'a>(
        &'a self,
        name: &'a str,
        former: &'a Routing,
        routing: &'a Routing,
    ) -> Answer<'a, bool>;

    /// The routing of every model that has one.
    fn routings(&self) -> Answer<'_, Routings>;

    /// Asks the service of this holder to end, with all of its models. `None` takes the wish back.
    fn request_stop<'a>(&'a self, holder: Option<&'a str>) -> Answer<'a, ()>;

    /// The holder that is asked to end.
    fn requested_stop(&self) -> Answer<'_, Option<String>>;
}
