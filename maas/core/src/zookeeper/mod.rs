//! The registry in ZooKeeper, in upstream's layout.

mod operations;
mod routing;
mod service_state;
mod session;
mod watch_tree;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::session::Shared;
use crate::{
    Answer, ContainerRecord, DEFAULT_CONFIG_PATH, DesiredModels, Listing, MaasConfig, MaasError,
    ModelRequest, QueueItem, Registry, Revision, Routing, Routings, ServiceInstance, ServiceStatus,
    Settlement,
};

/// How to reach ZooKeeper.
#[derive(Debug, Clone)]
pub struct ZooKeeperOptions {
    /// `host:port,...` with an optional chroot at the end.
    pub quorum: String,
    /// Path of the configuration node.
    pub config_path: String,
    /// How long ZooKeeper keeps a silent session, and with it the registered endpoints.
    pub session_timeout: Duration,
    /// How long to wait for a session before an operation is given up.
    pub connect_timeout: Duration,
}

impl ZooKeeperOptions {
    pub fn new(quorum: impl Into<String>) -> Self {
        Self {
            quorum: quorum.into(),
            config_path: DEFAULT_CONFIG_PATH.to_owned(),
            session_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(15),
        }
    }
}

/// A [`Registry`] in ZooKeeper. A lost session is replaced by a new one in the background, for as long as it takes.
/// Dropping the registry ends its session, and with it everything it has registered as ephemeral.
#[derive(Debug)]
pub struct ZooKeeperRegistry {
    shared: Arc<Shared>,
    keeper: JoinHandle<()>,
}

impl ZooKeeperRegistry {
    /// Connects, and reads the configuration node. Must be called within a tokio runtime, which then keeps the session.
    ///
    /// # Errors
    /// When there is no session within the connect time-out, or the configuration node is not valid.
    pub async fn connect(options: ZooKeeperOptions) -> Result<ZooKeeperRegistry, MaasError> {
        let session = session::open(&options, None).await?;
        Ok(Self::keep(options, Some(session)))
    }

    /// Starts to connect in the background, so that a ZooKeeper that is away for a while does not matter. Must be called
    /// within a tokio runtime.
    pub fn connect_in_background(options: ZooKeeperOptions) -> ZooKeeperRegistry {
        Self::keep(options, None)
    }

    fn keep(options: ZooKeeperOptions, first: Option<session::Session>) -> ZooKeeperRegistry {
        let shared = Arc::new(Shared::new(options));
        if let Some(session) = first {
            shared.publish(session);
        }
        let keeper = tokio::spawn(session::keep(shared.clone()));
        ZooKeeperRegistry { shared, keeper }
    }

    /// The configuration that the current session works with.
    ///
    /// # Errors
    /// When there is no session within the connect time-out.
    pub async fn config(&self) -> Result<MaasConfig, MaasError> {
        Ok(self.shared.session().await?.config.clone())
    }
}

impl ZooKeeperRegistry {
    /// Refuses a configuration node that is not there, unless it is the usual one, which nobody needs to make: without it the
    /// usual paths hold, which may be another service's.
    ///
    /// # Errors
    /// [`MaasError::BadRequest`] with what to do; when there is no session within the connect time-out.
    pub async fn require_config_node(&self) -> Result<(), MaasError> {
        let path = &self.shared.options.config_path;
        if path == DEFAULT_CONFIG_PATH {
            return Ok(());
        }
        let session = self.shared.session().await?;
        match session.run(session.client.check_stat(path)).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(MaasError::BadRequest(format!(
                "there is no configuration node {path} (-zr) in ZooKeeper; make it, with paths of its own: \
                 {{\"queue\":\"ZOOKEEPER\",\"queueConfig\":{{\"zk_path\":\"/my/queue\"}},\"serviceRoot\":\"/my/service\"}}"
            ))),
            Err(error) => Err(session.error("look for", path, error)),
        }
    }
}

impl Drop for ZooKeeperRegistry {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Registry for ZooKeeperRegistry {
    fn instances(&self) -> Answer<'_, Listing> {
        Box::pin(async { operations::instances(&*self.shared.session().await?).await })
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.shared.watch_wanted.send_replace(true);
        self.shared.changes.subscribe()
    }

    fn sessions(&self) -> watch::Receiver<u64> {
        self.shared.session_number.subscribe()
    }

    fn enqueue<'a>(&'a self, request: &'a ModelRequest) -> Answer<'a, String> {
        Box::pin(async {
            let data = request.write()?;
            operations::enqueue(&*self.shared.session().await?, &data).await
        })
    }

    fn next_item(&self) -> Answer<'_, QueueItem> {
        Box::pin(operations::next_item(&self.shared))
    }

    fn settle<'a>(&'a self, item: &'a QueueItem, settlement: Settlement<'a>) -> Answer<'a, bool> {
        Box::pin(operations::settle(&self.shared, item, settlement))
    }

    fn register<'a>(&'a self, instance: &'a ServiceInstance) -> Answer<'a, ()> {
        Box::pin(async { operations::register(&*self.shared.session().await?, instance).await })
    }

    fn unregister<'a>(&'a self, name: &'a str, id: &'a str) -> Answer<'a, ()> {
        Box::pin(async { operations::unregister(&*self.shared.session().await?, name, id).await })
    }

    fn withdraw<'a>(&'a self, instance: &'a ServiceInstance) -> Answer<'a, ()> {
        Box::pin(async { operations::withdraw(&*self.shared.session().await?, instance).await })
    }

    fn claim<'a>(&'a self, holder: &'a str) -> Answer<'a, ()> {
        Box::pin(async { operations::claim(&*self.shared.session().await?, holder).await })
    }

    fn release(&self) -> Answer<'_, ()> {
        Box::pin(async { operations::release(&*self.shared.session().await?).await })
    }

    fn holder(&self) -> Answer<'_, Option<String>> {
        Box::pin(async { operations::holder(&*self.shared.session().await?).await })
    }

    fn desired(&self) -> Answer<'_, (DesiredModels, Revision)> {
        Box::pin(async { operations::desired(&*self.shared.session().await?).await })
    }

    fn publish_status<'a>(&'a self, status: &'a [u8]) -> Answer<'a, ()> {
        Box::pin(async { operations::publish_status(&*self.shared.session().await?, status).await })
    }

    fn published_status(&self) -> Answer<'_, Option<ServiceStatus>> {
        Box::pin(async { operations::published_status(&*self.shared.session().await?).await })
    }

    fn containers(&self) -> Answer<'_, Vec<(String, Option<ContainerRecord>)>> {
        Box::pin(async { service_state::containers(&*self.shared.session().await?).await })
    }

    fn knows_container<'a>(&'a self, id: &'a str) -> Answer<'a, bool> {
        Box::pin(async { service_state::knows_container(&*self.shared.session().await?, id).await })
    }

    fn record_container<'a>(&'a self, id: &'a str, record: &'a ContainerRecord) -> Answer<'a, ()> {
        Box::pin(async {
            let data = record.write()?;
            service_state::record_container(&*self.shared.session().await?, id, &data).await
        })
    }

    fn forget_container<'a>(&'a self, id: &'a str) -> Answer<'a, ()> {
        Box::pin(async {
            service_state::forget_container(&*self.shared.session().await?, id).await
        })
    }

    fn routing<'a>(&'a self, name: &'a str) -> Answer<'a, Routing> {
        Box::pin(async { routing::routing(&*self.shared.session().await?, name).await })
    }

    fn set_routing<'a>(
        &'a self,
        name: &'a str,
        former: &'a Routing,
        routing: &'a Routing,
    ) -> Answer<'a, bool> {
        Box::pin(async {
            let session = self.shared.session().await?;
            routing::set_routing(&session, name, former, routing).await
        })
    }

    fn routings(&self) -> Answer<'_, Routings> {
        Box::pin(async { routing::routings(&*self.shared.session().await?).await })
    }

    fn request_stop<'a>(&'a self, holder: Option<&'a str>) -> Answer<'a, ()> {
        Box::pin(async move {
            service_state::request_stop(&*self.shared.session().await?, holder).await
        })
    }

    fn requested_stop(&self) -> Answer<'_, Option<String>> {
        Box::pin(async { service_state::requested_stop(&*self.shared.session().await?).await })
    }
}
