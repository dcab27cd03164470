//! Sessions with ZooKeeper, by Kerberos where the environment asks for it.
//!
//! Everything of this project that talks to ZooKeeper connects here: configurations, the registry of models, and look-ups
//! of brokers and of Solr's nodes.

#[cfg(feature = "kerberos")]
mod diagnosis;
mod error;
mod security;

use std::time::Duration;

use tokio::time::timeout;
use zookeeper_client::{Client, Connector, Error as ZkError};

pub use error::{ConnectError, SecurityError};
pub use security::{Gssapi, PRINCIPAL_VARIABLE, SASL_VARIABLE, Security};

/// What a session is to be like.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// How long the servers keep a session of which they hear nothing.
    pub session_timeout: Duration,
    /// How long to wait for a session.
    pub patience: Duration,
    /// The way of ZooKeeper 3.4, for servers that do not know how nodes are created since 3.5.
    pub is_old: bool,
}

/// Begins a session with `host:port,host:port/chroot`, with the security that the environment asks for
/// ([`Security::from_environment`]).
///
/// # Errors
/// [`ConnectError`]
pub async fn connect(quorum: &str, options: &ConnectOptions) -> Result<Client, ConnectError> {
    let security = Security::from_environment()?;
    let mut connector =
        secured(Client::connector(), &security)?.with_session_timeout(options.session_timeout);
    if options.is_old {
        connector = connector.with_server_version(3, 4, 14);
    }
    let reason = match timeout(options.patience, connector.connect(quorum)).await {
        Ok(Ok(client)) => return Ok(client),
        Ok(Err(ZkError::BadArguments(reason))) => {
            return Err(ConnectError::BadQuorum((*reason).to_owned()));
        }
        Ok(Err(ZkError::AuthFailed)) if security == Security::None => {
            return Err(ConnectError::Unreachable(format!(
                "the server demands a log-in; if it is one by Kerberos, set {SASL_VARIABLE}=gssapi"
            )));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no server answered in time".to_owned(),
    };
    Err(ConnectError::Unreachable(match security {
        Security::None => reason,
        Security::Gssapi(gssapi) => with_diagnosis(reason, quorum, gssapi).await,
    }))
}

/// The client tells of a log-in that fails at our side as of a server that does not answer.
#[cfg(feature = "kerberos")]
async fn with_diagnosis(reason: String, quorum: &str, gssapi: Gssapi) -> String {
    match diagnosis::of(quorum, gssapi).await {
        Some(problem) => format!("{reason}; the log-in by Kerberos fails: {problem}"),
        None => reason,
    }
}

#[cfg(not(feature = "kerberos"))]
async fn with_diagnosis(reason: String, _quorum: &str, _gssapi: Gssapi) -> String {
    reason
}

#[cfg(feature = "kerberos")]
fn secured(connector: Connector, security: &Security) -> Result<Connector, SecurityError> {
    let Security::Gssapi(gssapi) = security else {
        return Ok(connector);
    };
    let mut options = zookeeper_client::SaslOptions::gssapi().with_username(gssapi.service.clone());
    if let Some(host) = &gssapi.host {
        options = options.with_hostname(host.clone());
    }
    Ok(connector.with_sasl(options))
}

#[cfg(not(feature = "kerberos"))]
fn secured(connector: Connector, security: &Security) -> Result<Connector, SecurityError> {
    match security {
        Security::None => Ok(connector),
        Security::Gssapi(_) => Err(SecurityError::NotBuilt),
    }
}

#[cfg(all(test, not(feature = "kerberos")))]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_kerberos_says_how_to_get_one_with_it() {
        let gssapi = Gssapi {
            service: "zookeeper".to_owned(),
            host: None,
        };
        let asked = secured(Client::connector(), &Security::Gssapi(gssapi));
        let words = asked.err().unwrap().to_string();
        assert!(words.contains("--features kerberos"), "{words}");
        assert!(secured(Client::connector(), &Security::None).is_ok());
    }
}
