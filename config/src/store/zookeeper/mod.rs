mod watching;
mod writing;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alidade_zookeeper::{ConnectError, ConnectOptions};
use futures::future::{BoxFuture, try_join_all};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{debug, info, warn};
use zookeeper_client::{Client, Error as ZkError, SessionState};

use super::{Changes, Store, brokers_from_zookeeper};
use crate::{ConfigError, DocumentId, Kind, RawDocument, RawTree, TOPOLOGY_ROOT};

/// How long to wait for a session before giving up.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// What upstream's client asks for.
const SESSION_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause between attempts while the connection is away.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

const WRITE: &str = "write";

/// The documents below `/metron/topology` of a ZooKeeper, at upstream's nodes.
///
/// The session is made anew when it is lost. An operation waits out a short loss of the connection.
pub struct ZooKeeperStore {
    quorum: String,
    session: Mutex<Option<Client>>,
    patience: Duration,
    /// The server has turned out to be older than 3.5, so that nodes must be created the old way.
    is_old: AtomicBool,
}

impl ZooKeeperStore {
    /// Connects to `host:port,host:port/chroot`.
    ///
    /// # Errors
    /// When the address cannot be read, or no server answers within [`CONNECT_TIMEOUT`].
    pub async fn connect(quorum: &str) -> Result<ZooKeeperStore, ConfigError> {
        Self::connect_within(quorum, CONNECT_TIMEOUT).await
    }

    /// As [`ZooKeeperStore::connect`] with another time to wait, which also holds for each later operation.
    ///
    /// # Errors
    /// As for [`ZooKeeperStore::connect`].
    pub async fn connect_within(
        quorum: &str,
        patience: Duration,
    ) -> Result<ZooKeeperStore, ConfigError> {
        let store = ZooKeeperStore {
            quorum: quorum.trim().to_owned(),
            session: Mutex::new(None),
            patience,
            is_old: AtomicBool::new(false),
        };
        store.client().await?;
        Ok(store)
    }

    pub fn quorum(&self) -> &str {
        &self.quorum
    }

    /// The client of the present session; a new session if the last one is over.
    ///
    /// # Errors
    /// When no server answers in time.
    pub async fn client(&self) -> Result<Client, ConfigError> {
        let mut session = self.session.lock().await;
        if let Some(client) = session.as_ref().filter(|client| !is_over(client)) {
            return Ok(client.clone());
        }
        let is_old = self.is_old.load(Ordering::Relaxed);
        let client = connect(&self.quorum, self.patience, is_old).await?;
        *session = Some(client.clone());
        Ok(client)
    }

    /// Runs one operation, again and again while the connection is away, until the patience ends.
    async fn run<T, F>(
        &self,
        action: &'static str,
        node: &str,
        operation: impl Fn(Client, String) -> F,
    ) -> Result<T, ConfigError>
    where
        F: Future<Output = Result<T, ZkError>>,
    {
        let deadline = Instant::now() + self.patience;
        loop {
            let client = self.client().await?;
            let answer = timeout_at(deadline, operation(client, node.to_owned())).await;
            let source = match answer {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(source)) => source,
                Err(_) => ZkError::Timeout,
            };
            let is_passing = match source {
                ZkError::ConnectionLoss
                | ZkError::SessionExpired
                | ZkError::SessionMoved
                | ZkError::ClientClosed => true,
                ZkError::Unimplemented if action == WRITE => self.begin_old_session().await,
                _ => false,
            };
            if !is_passing || Instant::now() + RETRY_PAUSE >= deadline {
                return Err(self.failed(action, node, source));
            }
            debug!(node, %source, "ZooKeeper is away, trying again");
            sleep(RETRY_PAUSE).await;
        }
    }

    /// Ends the session of a server that does not know how nodes are created since 3.5; the next one speaks the way of
    /// 3.4. False if it does so already.
    async fn begin_old_session(&self) -> bool {
        if self.is_old.swap(true, Ordering::Relaxed) {
            return false;
        }
        info!(quorum = self.quorum, "this ZooKeeper is older than 3.5");
        *self.session.lock().await = None;
        true
    }

    fn failed(&self, action: &'static str, node: &str, source: ZkError) -> ConfigError {
        ConfigError::ZooKeeper {
            quorum: self.quorum.clone(),
            action,
            node: node.to_owned(),
            source,
        }
    }

    async fn children(&self, node: &str) -> Result<Vec<String>, ConfigError> {
        self.run("list", node, |client, node| async move {
            match client.list_children(&node).await {
                Err(ZkError::NoNode) => Ok(Vec::new()),
                answer => answer,
            }
        })
        .await
    }

    async fn read_node(&self, node: &str) -> Result<Option<RawDocument>, ConfigError> {
        self.run("read", node, |client, node| async move {
            match client.get_data(&node).await {
                Ok((bytes, _)) if bytes.is_empty() => Ok(None),
                Ok((bytes, stat)) => Ok(Some(RawDocument::new(bytes, stat.mzxid))),
                Err(ZkError::NoNode) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn read_all(&self) -> Result<RawTree, ConfigError> {
        let mut ids = vec![DocumentId::Global, DocumentId::Profiler];
        for kind in Kind::ALL {
            let Some(folder) = kind.folder() else {
                continue;
            };
            for name in self.children(&format!("{TOPOLOGY_ROOT}/{folder}")).await? {
                match kind.of_sensor(&name) {
                    Ok(id) => ids.extend(id),
                    Err(error) => warn!(node = folder, %error, "node ignored"),
                }
            }
        }
        let reads = ids.into_iter().map(|id| async move {
            match self.read_node(&id.node()).await {
                Ok(document) => Ok((id, Ok(document))),
                // One node that is closed to us must not hide the others.
                Err(
                    error @ ConfigError::ZooKeeper {
                        source: ZkError::NoAuth,
                        ..
                    },
                ) => Ok((id, Err(error.to_string()))),
                Err(error) => Err(error),
            }
        });
        let mut tree = RawTree::default();
        for (id, outcome) in try_join_all(reads).await? {
            match outcome {
                Ok(Some(document)) => drop(tree.documents.insert(id, document)),
                Ok(None) => {}
                Err(reason) => drop(tree.unreadable.insert(id, reason)),
            }
        }
        Ok(tree)
    }
}

fn is_over(client: &Client) -> bool {
    client.state().is_terminated()
}

async fn connect(quorum: &str, patience: Duration, is_old: bool) -> Result<Client, ConfigError> {
    let options = ConnectOptions {
        session_timeout: SESSION_TIMEOUT,
        patience,
        is_old,
    };
    let quorum_text = quorum.to_owned();
    alidade_zookeeper::connect(quorum, &options)
        .await
        .map_err(|error| match error {
            ConnectError::BadQuorum(reason) => ConfigError::BadQuorum {
                quorum: quorum_text,
                reason,
            },
            ConnectError::Security(error) => ConfigError::ZooKeeperSecurity(error),
            ConnectError::Unreachable(reason) => ConfigError::Unreachable {
                quorum: quorum_text,
                seconds: patience.as_secs(),
                reason,
            },
        })
}

impl Store for ZooKeeperStore {
    fn describe(&self) -> String {
        format!("ZooKeeper {}", self.quorum)
    }

    fn is_connected(&self) -> bool {
        // Whoever holds the lock is making a new session.
        let Ok(session) = self.session.try_lock() else {
            return false;
        };
        let state = session.as_ref().map(Client::state);
        matches!(
            state,
            Some(SessionState::SyncConnected | SessionState::ConnectedReadOnly)
        )
    }

    fn brokers(&self) -> BoxFuture<'_, Result<Vec<String>, ConfigError>> {
        Box::pin(async move { brokers_from_zookeeper(&self.client().await?).await })
    }

    fn read_tree(&self) -> BoxFuture<'_, Result<RawTree, ConfigError>> {
        Box::pin(self.read_all())
    }

    fn read<'a>(
        &'a self,
        id: &'a DocumentId,
    ) -> BoxFuture<'a, Result<Option<RawDocument>, ConfigError>> {
        Box::pin(async move { self.read_node(&id.node()).await })
    }

    fn write<'a>(
        &'a self,
        id: &'a DocumentId,
        bytes: &'a [u8],
    ) -> BoxFuture<'a, Result<(), ConfigError>> {
        Box::pin(self.write_node(id, bytes))
    }

    fn write_all<'a>(
        &'a self,
        documents: &'a BTreeMap<DocumentId, RawDocument>,
    ) -> BoxFuture<'a, Result<(), ConfigError>> {
        Box::pin(self.write_together(documents))
    }

    fn delete<'a>(&'a self, id: &'a DocumentId) -> BoxFuture<'a, Result<bool, ConfigError>> {
        Box::pin(async move {
            self.run("delete", &id.node(), |client, node| async move {
                match client.delete(&node, None).await {
                    Ok(()) => Ok(true),
                    Err(ZkError::NoNode) => Ok(false),
                    Err(error) => Err(error),
                }
            })
            .await
        })
    }

    fn watch(&self) -> BoxFuture<'_, Result<Box<dyn Changes>, ConfigError>> {
        Box::pin(self.begin_watch())
    }
}
