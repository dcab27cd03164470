use std::fmt;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prost::Message;

use super::connection::{Connection, Failure};
use super::frame::{self, ClientId};
use super::handshake;
use super::login::Login;
use crate::address::ServerAddress;
use crate::conf::Protection;
use crate::proto::common::RequestHeaderProto;
use crate::{HadoopConf, HadoopError, RemoteKind};

/// Between two attempts; doubled each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// All of Hadoop's protocols that matter here have it.
const PROTOCOL_VERSION: u64 = 1;

/// Limits and wishes of a client.
#[derive(Debug, Clone)]
pub struct RpcOptions {
    /// For connecting and logging in, together.
    pub connect_timeout: Duration,
    /// From sending a call to its answer.
    pub call_timeout: Duration,
    /// How long to go on when no server can be reached, none is the active one, or a connection is lost, until the
    /// last error is given. Nothing is given up in the middle: the time-outs above come on top.
    pub patience: Duration,
    /// The longest message taken from a server. What is decoded from it can take many times its length in memory.
    pub max_message_bytes: usize,
    /// The protections that may be agreed on with a server, the preferred one first.
    pub protection: Vec<Protection>,
}

impl Default for RpcOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(30),
            patience: Duration::from_secs(10),
            max_message_bytes: 16 << 20,
            protection: vec![Protection::Authentication],
        }
    }
}

impl RpcOptions {
    /// The defaults, with `hadoop.rpc.protection`.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`].
    pub fn from_conf(conf: &HadoopConf) -> Result<RpcOptions, HadoopError> {
        Ok(RpcOptions {
            protection: conf.rpc_protection()?,
            ..RpcOptions::default()
        })
    }
}

/// Whether a call may be sent again when it is not known whether the server has carried it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It does the same, or nothing, the second time.
    Safe,
    /// Its caller has to find out.
    Unsafe,
}

/// A client of one protocol, at one server or at several of which one is active. Connects when it is first needed, and
/// again when the connection is lost; calls of all clones share the connection and do not wait for each other.
#[derive(Clone)]
pub struct RpcClient {
    inner: Arc<Inner>,
}

struct Inner {
    protocol: String,
    servers: Vec<ServerAddress>,
    options: RpcOptions,
    client_id: ClientId,
    next_call: AtomicI32,
    login: Mutex<Login>,
    current: tokio::sync::Mutex<Current>,
}

/// Where calls go. Held while connecting, so that this is done once for all callers.
#[derive(Default)]
struct Current {
    server: usize,
    connection: Option<Arc<Connection>>,
    /// The last attempt to connect, when it failed: for those who have waited for it.
    refused: Option<Refused>,
}

struct Refused {
    at: Instant,
    server: usize,
    error: HadoopError,
}

/// What to do after a failure.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    GiveUp,
    SameServer,
    OtherServer,
}

impl RpcClient {
    /// `protocol` is the name of the Java interface. Nothing is connected yet.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] without a server, or when the system has no random numbers.
    pub fn new(
        protocol: &str,
        servers: Vec<ServerAddress>,
        login: Login,
        options: RpcOptions,
    ) -> Result<RpcClient, HadoopError> {
        if servers.is_empty() {
            return Err(HadoopError::Invalid(format!(
                "no server is given for {protocol}"
            )));
        }
        let mut client_id = ClientId::default();
        getrandom::fill(&mut client_id)
            .map_err(|error| HadoopError::Invalid(format!("no random numbers: {error}")))?;
        let inner = Inner {
            protocol: protocol.to_owned(),
            servers,
            options,
            client_id,
            next_call: AtomicI32::new(0),
            login: Mutex::new(login),
            current: tokio::sync::Mutex::default(),
        };
        Ok(RpcClient {
            inner: Arc::new(inner),
        })
    }

    /// Calls a method.
    ///
    /// # Errors
    /// The last one, when the patience is over; at once where trying again does not help.
    pub async fn call<Q: Message, A: Message + Default>(
        &self,
        method: &'static str,
        request: &Q,
        repeat: Repeat,
    ) -> Result<A, HadoopError> {
        let header = RequestHeaderProto {
            method_name: method.to_owned(),
            declaring_class_protocol_name: self.inner.protocol.clone(),
            client_protocol_version: PROTOCOL_VERSION,
        };
        let payload = [
            header.encode_length_delimited_to_vec(),
            request.encode_length_delimited_to_vec(),
        ];
        // The same in all attempts: servers that care know by it that it is the same call.
        let call_id = self.inner.next_call.fetch_add(1, Ordering::Relaxed) & i32::MAX;
        let give_up_at = Instant::now() + self.inner.options.patience;
        let mut pause = FIRST_PAUSE;
        let mut retry_count = 0_i32;
        let mut servers_tried = 1;
        loop {
            let frame = frame::request(call_id, &self.inner.client_id, retry_count, &payload);
            let (server, failure) = match self.attempt(call_id, method, frame).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let next = what_next(&failure, repeat, self.inner.servers.len());
            let is_time_over = Instant::now() + pause > give_up_at;
            if next == Next::GiveUp || is_time_over {
                return Err(failure.error);
            }
            tracing::debug!(method, error = %failure.error, ?next, "call failed, trying again");
            let is_other_fresh =
                next == Next::OtherServer && servers_tried < self.inner.servers.len();
            if next == Next::OtherServer {
                self.leave(server).await;
                servers_tried += 1;
            }
            if !is_other_fresh {
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(LONGEST_PAUSE);
            }
            retry_count = retry_count.saturating_add(1);
        }
    }

    /// Logs in differently from the next connection on, which is made for the next call.
    pub async fn set_login(&self, login: Login) {
        *self
            .inner
            .login
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = login;
        self.inner.current.lock().await.connection = None;
    }

    /// One attempt at the current server, which is named in a failure.
    async fn attempt<A: Message + Default>(
        &self,
        call_id: i32,
        method: &'static str,
        frame: Vec<u8>,
    ) -> Result<A, (usize, Failure)> {
        let (server, connection) = self.connection().await?;
        let answer = connection
            .call(call_id, method, frame, self.inner.options.call_timeout)
            .await
            .map_err(|failure| (server, failure))?;
        frame::message(answer).map_err(|reason| {
            let error = HadoopError::Protocol {
                server: self.inner.servers[server].to_string(),
                reason: format!("the answer to {method} cannot be read: {reason}"),
            };
            let failure = Failure {
                error,
                is_sent: true,
            };
            (server, failure)
        })
    }

    async fn connection(&self) -> Result<(usize, Arc<Connection>), (usize, Failure)> {
        let asked_at = Instant::now();
        let mut current = self.inner.current.lock().await;
        let place = current.server;
        if let Some(connection) = current.connection.as_ref().filter(|it| it.is_usable()) {
            return Ok((place, connection.clone()));
        }
        current.connection = None;
        // Else many callers would try one after the other, each for the whole time.
        if let Some(refused) = &current.refused
            && refused.at >= asked_at
        {
            return Err((refused.server, Failure::unsent(refused.error.clone())));
        }
        match self.connect(place).await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                current.connection = Some(connection.clone());
                Ok((place, connection))
            }
            Err(error) => {
                current.refused = Some(Refused {
                    at: Instant::now(),
                    server: place,
                    error: error.clone(),
                });
                Err((place, Failure::unsent(error)))
            }
        }
    }

    async fn connect(&self, place: usize) -> Result<Connection, HadoopError> {
        let server = &self.inner.servers[place];
        let login = self
            .inner
            .login
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (protocol, options) = (&self.inner.protocol, &self.inner.options);
        let opened =
            handshake::open(server, protocol, &self.inner.client_id, &login, options).await?;
        Ok(Connection::start(server.to_string(), opened, options))
    }

    /// Goes on to the next server, unless another caller has done so.
    async fn leave(&self, server: usize) {
        let mut current = self.inner.current.lock().await;
        if current.server == server {
            current.server = (server + 1) % self.inner.servers.len();
            current.connection = None;
        }
    }
}

fn what_next(failure: &Failure, repeat: Repeat, servers: usize) -> Next {
    let may_repeat = repeat == Repeat::Safe || !failure.is_sent;
    match &failure.error {
        HadoopError::Unreachable { .. } => Next::OtherServer,
        // A connection that was idle may have been closed: the server is still the best guess.
        HadoopError::ConnectionLost { .. } if may_repeat => Next::SameServer,
        // With a single server there is nothing to hope for that the time-out has not waited for.
        HadoopError::TimedOut { .. } if may_repeat && servers > 1 => Next::OtherServer,
        HadoopError::Remote(remote) => match remote.kind() {
            // Neither has been carried out.
            RemoteKind::Standby => Next::OtherServer,
            RemoteKind::Retriable => Next::SameServer,
            _ => Next::GiveUp,
        },
        _ => Next::GiveUp,
    }
}

impl fmt::Debug for RpcClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RpcClient")
            .field("protocol", &self.inner.protocol)
            .field("servers", &self.inner.servers)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RemoteError;

    #[test]
    fn what_happens_after_a_failure() {
        let server = || "rm:8032".to_owned();
        let lost = HadoopError::ConnectionLost {
            server: server(),
            reason: String::new(),
        };
        let unreachable = HadoopError::Unreachable {
            server: server(),
            reason: String::new(),
        };
        let timed_out = HadoopError::TimedOut {
            server: server(),
            what: String::new(),
            after: Duration::ZERO,
        };
        let remote = |class: &str| {
            let class = Some(format!("org.apache.hadoop.{class}"));
            HadoopError::from(RemoteError::new("rm:8032", "m", class, None))
        };
        let next = |error: &HadoopError, is_sent, repeat, servers| {
            let failure = Failure {
                error: error.clone(),
                is_sent,
            };
            what_next(&failure, repeat, servers)
        };
        use Next::{GiveUp, OtherServer, SameServer};
        use Repeat::{Safe, Unsafe};
        assert_eq!(next(&unreachable, false, Unsafe, 1), OtherServer);
        assert_eq!(next(&lost, true, Safe, 2), SameServer);
        assert_eq!(next(&lost, false, Unsafe, 2), SameServer);
        assert_eq!(next(&lost, true, Unsafe, 2), GiveUp);
        assert_eq!(next(&timed_out, true, Safe, 1), GiveUp);
        assert_eq!(next(&timed_out, true, Safe, 2), OtherServer);
        assert_eq!(next(&timed_out, true, Unsafe, 2), GiveUp);
        let standby = remote("ipc.StandbyException");
        assert_eq!(next(&standby, true, Unsafe, 2), OtherServer);
        let retriable = remote("ipc.RetriableException");
        assert_eq!(next(&retriable, true, Unsafe, 2), SameServer);
        let denied = remote("security.AccessControlException");
        assert_eq!(next(&denied, true, Safe, 2), GiveUp);
    }
}
