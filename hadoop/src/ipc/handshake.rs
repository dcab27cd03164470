//! From an address to a connection that takes calls.

use prost::Message;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::RpcOptions;
use super::frame::{self, CALL_CONTEXT, ClientId};
use super::login::Login;
use super::sasl::{self, SecurityLayer};
use crate::HadoopError;
use crate::address::ServerAddress;
use crate::proto::common::{IpcConnectionContextProto, UserInformationProto};

/// A connection that is logged in.
pub(super) struct Opened {
    pub(super) stream: TcpStream,
    pub(super) layer: Option<Box<dyn SecurityLayer>>,
    /// Tells the server which protocol it is about. To be sent first, protected like all that follows.
    pub(super) context: Vec<u8>,
}

pub(super) async fn open(
    server: &ServerAddress,
    protocol: &str,
    client_id: &ClientId,
    login: &Login,
    options: &RpcOptions,
) -> Result<Opened, HadoopError> {
    let opening = async {
        let mut stream = connect(server).await?;
        let layer = log_in(&mut stream, server, login, options).await?;
        Ok(Opened {
            stream,
            layer,
            context: context(protocol, client_id, login),
        })
    };
    match timeout(options.connect_timeout, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(HadoopError::TimedOut {
            server: server.to_string(),
            what: "connecting and logging in".to_owned(),
            after: options.connect_timeout,
        }),
    }
}

async fn connect(server: &ServerAddress) -> Result<TcpStream, HadoopError> {
    let unreachable = |error: std::io::Error| HadoopError::Unreachable {
        server: server.to_string(),
        reason: error.to_string(),
    };
    let stream = TcpStream::connect((server.host.as_str(), server.port))
        .await
        .map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}

async fn log_in(
    stream: &mut TcpStream,
    server: &ServerAddress,
    login: &Login,
    options: &RpcOptions,
) -> Result<Option<Box<dyn SecurityLayer>>, HadoopError> {
    let is_sasl = !matches!(login, Login::Simple { .. });
    stream
        .write_all(&frame::preamble(is_sasl))
        .await
        .map_err(|error| HadoopError::ConnectionLost {
            server: server.to_string(),
            reason: error.to_string(),
        })?;
    if !is_sasl {
        return Ok(None);
    }
    sasl::negotiate(stream, server, login, &options.protection).await
}

fn context(protocol: &str, client_id: &ClientId, login: &Login) -> Vec<u8> {
    let user_info = match login {
        Login::Simple { user } => UserInformationProto {
            effective_user: Some(user.clone()),
            real_user: None,
        },
        // The server knows it from the proof; it must be there, and empty.
        Login::Token(_) | Login::Kerberos(_) => UserInformationProto::default(),
    };
    let context = IpcConnectionContextProto {
        user_info: Some(user_info),
        protocol: Some(protocol.to_owned()),
    };
    let payload = [context.encode_length_delimited_to_vec()];
    frame::request(CALL_CONTEXT, client_id, -1, &payload)
}
