//! How the tree in ZooKeeper is followed.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::sleep;
use tracing::{info, warn};
use zookeeper_client::{
    AddWatchMode, Client, Error as ZkError, EventType, PersistentWatcher, SessionState,
};

use super::{Changes, RETRY_PAUSE, ZooKeeperStore};
use crate::{ConfigError, TOPOLOGY_ROOT};

/// How often the tree is looked at where the server is too old (before 3.6) to watch a whole tree.
const POLL_PAUSE: Duration = Duration::from_secs(1);

impl ZooKeeperStore {
    pub(super) async fn begin_watch(&self) -> Result<Box<dyn Changes>, ConfigError> {
        let watch = self
            .run("watch", TOPOLOGY_ROOT, |client, node| async move {
                let watcher = client
                    .watch(&node, AddWatchMode::PersistentRecursive)
                    .await?;
                Ok((client, watcher))
            })
            .await;
        match watch {
            Ok((client, watcher)) => Ok(Box::new(Watching {
                client,
                watcher: Some(watcher),
                is_to_be_set_again: false,
            })),
            Err(ConfigError::ZooKeeper {
                source: ZkError::Unimplemented,
                ..
            }) => {
                info!(
                    "this ZooKeeper cannot watch a tree, so the configuration is read each second"
                );
                Ok(Box::new(Polling))
            }
            Err(error) => Err(error),
        }
    }
}

struct Watching {
    client: Client,
    /// Gone once the session is over, after which it must not be asked again.
    watcher: Option<PersistentWatcher>,
    /// The connection has been away. The server forgets watches with the connection, and the client library does not set
    /// persistent ones again.
    is_to_be_set_again: bool,
}

impl Watching {
    async fn wait(&mut self) -> Result<(), ConfigError> {
        loop {
            if self.is_to_be_set_again {
                // What happened while the connection was away is not reported, so it must be looked for.
                return self.set_again().await;
            }
            let Some(watcher) = &mut self.watcher else {
                return Err(ConfigError::WatchLost("the session is over".to_owned()));
            };
            let event = watcher.changed().await;
            if event.event_type != EventType::Session {
                return Ok(());
            }
            match event.session_state {
                SessionState::Disconnected => {
                    warn!("the connection to ZooKeeper is lost; the last configuration serves on");
                }
                SessionState::SyncConnected | SessionState::ConnectedReadOnly => {
                    info!("the connection to ZooKeeper is back");
                    self.is_to_be_set_again = true;
                }
                state => {
                    self.watcher = None;
                    return Err(ConfigError::WatchLost(state.to_string()));
                }
            }
        }
    }
}

impl Watching {
    /// May be dropped half-way: it is begun anew then.
    async fn set_again(&mut self) -> Result<(), ConfigError> {
        loop {
            let mode = AddWatchMode::PersistentRecursive;
            match self.client.watch(TOPOLOGY_ROOT, mode).await {
                Ok(watcher) => {
                    // The former one goes after this one is set; the other way round would take both from the server.
                    self.watcher = Some(watcher);
                    self.is_to_be_set_again = false;
                    return Ok(());
                }
                Err(ZkError::ConnectionLoss) => sleep(RETRY_PAUSE).await,
                Err(error) => {
                    self.watcher = None;
                    self.is_to_be_set_again = false;
                    return Err(ConfigError::WatchLost(error.to_string()));
                }
            }
        }
    }
}

impl Changes for Watching {
    fn next(&mut self) -> BoxFuture<'_, Result<(), ConfigError>> {
        Box::pin(self.wait())
    }
}

struct Polling;

impl Changes for Polling {
    fn next(&mut self) -> BoxFuture<'_, Result<(), ConfigError>> {
        Box::pin(async {
            sleep(POLL_PAUSE).await;
            Ok(())
        })
    }
}
