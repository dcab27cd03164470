//! How the tree in ZooKeeper is followed.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::sleep;
use tracing::{info, warn};
use zookeeper_client::{
    AddWatchMode, Error as ZkError, EventType, PersistentWatcher, SessionState,
};

use super::{Changes, ZooKeeperStore};
use crate::{ConfigError, TOPOLOGY_ROOT};

/// How often the tree is looked at where the server is too old (before 3.6) to watch a whole tree.
const POLL_PAUSE: Duration = Duration::from_secs(1);

impl ZooKeeperStore {
    pub(super) async fn begin_watch(&self) -> Result<Box<dyn Changes>, ConfigError> {
        let watch = self
            .run("watch", TOPOLOGY_ROOT, |client, node| async move {
                client.watch(&node, AddWatchMode::PersistentRecursive).await
            })
            .await;
        match watch {
            Ok(watcher) => Ok(Box::new(Watching {
                watcher: Some(watcher),
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
    /// Gone once the session is over, after which it must not be asked again.
    watcher: Option<PersistentWatcher>,
}

impl Watching {
    async fn wait(&mut self) -> Result<(), ConfigError> {
        loop {
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
                // What happened while the connection was away is not reported, so it must be looked for.
                SessionState::SyncConnected | SessionState::ConnectedReadOnly => {
                    info!("the connection to ZooKeeper is back");
                    return Ok(());
                }
                state => {
                    self.watcher = None;
                    return Err(ConfigError::WatchLost(state.to_string()));
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
