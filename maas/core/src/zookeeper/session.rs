//! One session after another: opened, published, watched until it ends, replaced.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use alidade_zookeeper::ConnectOptions;
use tokio::sync::watch;
use tokio::time::timeout;
use zookeeper_client as zk;

use super::{ZooKeeperOptions, watch_tree};
use crate::{MaasConfig, MaasError};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// A live session and the configuration that was read when it began.
pub(super) struct Session {
    pub(super) client: zk::Client,
    pub(super) config: MaasConfig,
    quorum: String,
    /// No single operation takes longer: beyond this the session is lost anyway.
    longest_operation: Duration,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("quorum", &self.quorum)
            .field("id", &self.client.session_id())
            .finish()
    }
}

impl Session {
    /// Runs one operation, bounded in time.
    pub(super) async fn run<T>(
        &self,
        operation: impl Future<Output = Result<T, zk::Error>>,
    ) -> Result<T, zk::Error> {
        timeout(self.longest_operation, operation)
            .await
            .unwrap_or(Err(zk::Error::Timeout))
    }

    pub(super) fn error(
        &self,
        operation: &'static str,
        path: &str,
        source: zk::Error,
    ) -> MaasError {
        if !is_unavailable(&source) {
            return MaasError::ZooKeeper {
                operation,
                path: path.to_owned(),
                source,
            };
        }
        MaasError::Unavailable {
            quorum: self.quorum.clone(),
            reason: format!("it went away while asked to {operation} {path} ({source})"),
        }
    }
}

/// Whether an error means that the server is away, not that it said no. What was asked for may have been done all the same.
pub(super) fn is_unavailable(error: &zk::Error) -> bool {
    matches!(
        error,
        zk::Error::Timeout
            | zk::Error::NoHosts
            | zk::Error::ConnectionLoss
            | zk::Error::SessionExpired
            | zk::Error::SessionMoved
            | zk::Error::ClientClosed
    )
}

/// What the registry and its keeper share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: ZooKeeperOptions,
    session: watch::Sender<Option<Arc<Session>>>,
    pub(super) session_number: watch::Sender<u64>,
    pub(super) changes: watch::Sender<u64>,
    /// Endpoints are watched only when someone listens.
    pub(super) watch_wanted: watch::Sender<bool>,
    last_failure: watch::Sender<String>,
}

impl Shared {
    pub(super) fn new(options: ZooKeeperOptions) -> Self {
        Self {
            options,
            session: watch::channel(None).0,
            session_number: watch::channel(0).0,
            changes: watch::channel(0).0,
            watch_wanted: watch::channel(false).0,
            last_failure: watch::channel("no answer yet".to_owned()).0,
        }
    }

    pub(super) fn publish(&self, session: Session) {
        self.session.send_replace(Some(Arc::new(session)));
        self.session_number.send_modify(|number| *number += 1);
        self.note_change();
    }

    pub(super) fn note_change(&self) {
        self.changes.send_modify(|number| *number += 1);
    }

    /// The current session; waits for one up to the connect time-out.
    pub(super) async fn session(&self) -> Result<Arc<Session>, MaasError> {
        let mut sessions = self.session.subscribe();
        let waiting = sessions.wait_for(Option::is_some);
        if let Ok(Ok(found)) = timeout(self.options.connect_timeout, waiting).await
            && let Some(session) = found.clone()
        {
            return Ok(session);
        }
        Err(MaasError::Unavailable {
            quorum: self.options.quorum.clone(),
            reason: self.last_failure.borrow().clone(),
        })
    }

    /// The current session, for as long as it takes.
    pub(super) async fn session_eventually(&self) -> Arc<Session> {
        loop {
            if let Ok(session) = self.session().await {
                return session;
            }
        }
    }
}

/// Connects and reads the configuration node. `former` stands in for a configuration that has become unreadable.
pub(super) async fn open(
    options: &ZooKeeperOptions,
    former: Option<&MaasConfig>,
) -> Result<Session, MaasError> {
    let unavailable = |reason: String| MaasError::Unavailable {
        quorum: options.quorum.clone(),
        reason,
    };
    let connect_options = ConnectOptions {
        session_timeout: options.session_timeout,
        patience: options.connect_timeout,
        is_old: false,
    };
    let client = alidade_zookeeper::connect(&options.quorum, &connect_options)
        .await
        .map_err(|error| unavailable(error.to_string()))?;
    let mut session = Session {
        client,
        config: MaasConfig::default(),
        quorum: options.quorum.clone(),
        longest_operation: options.session_timeout * 2,
    };
    let read = session
        .run(session.client.get_data(&options.config_path))
        .await;
    session.config = match read {
        Ok((data, _)) if data.is_empty() => MaasConfig::default(),
        Ok((data, _)) => match (MaasConfig::read(&data), former) {
            (Ok(config), _) => config,
            (Err(error), Some(former)) => {
                tracing::error!(path = options.config_path, %error, "configuration node cannot be read, the former one stays in use");
                former.clone()
            }
            (Err(error), None) => return Err(error),
        },
        Err(zk::Error::NoNode) => MaasConfig::default(),
        Err(error) => return Err(session.error("read", &options.config_path, error)),
    };
    Ok(session)
}

/// Keeps a session alive for ever.
pub(super) async fn keep(shared: Arc<Shared>) {
    let mut former_config: Option<MaasConfig> = None;
    let mut pause = FIRST_PAUSE;
    loop {
        let current = shared.session.borrow().clone();
        let session = match current {
            Some(session) => session,
            None => match open(&shared.options, former_config.as_ref()).await {
                Ok(session) => {
                    shared.publish(session);
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, retry_in = ?pause, "no ZooKeeper session");
                    shared.last_failure.send_replace(error.to_string());
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    continue;
                }
            },
        };
        pause = FIRST_PAUSE;
        former_config = Some(session.config.clone());
        tokio::select! {
            state = end_of(&session.client) => {
                tracing::warn!(%state, "ZooKeeper session ended, opening a new one");
                shared.last_failure.send_replace(format!("the session ended ({state})"));
            }
            () = watch_tree::report_changes(&session, &shared) => {}
        }
        shared.session.send_replace(None);
    }
}

async fn end_of(client: &zk::Client) -> zk::SessionState {
    let mut states = client.state_watcher();
    let mut state = states.state();
    while !state.is_terminated() {
        state = states.changed().await;
    }
    state
}
