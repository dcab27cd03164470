//! The exchange of SASL messages at the beginning of a connection.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::digest::DigestMd5;
use super::gssapi::Kerberos;
use super::{Mechanism, SecurityLayer};
use crate::address::ServerAddress;
use crate::conf::Protection;
use crate::ipc::frame::{self, FrameError, Response};
use crate::ipc::login::{Login, expected_name, is_expected};
use crate::proto::common::RpcSaslProto;
use crate::proto::common::rpc_response_header_proto::RpcStatusProto;
use crate::proto::common::rpc_sasl_proto::{SaslAuth, SaslState};
use crate::{HadoopError, RemoteError};

/// No message of a login comes near.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// Tokens take one, Kerberos three.
const MAX_ROUNDS: usize = 10;

/// Logs in. Gives the protection of all that follows, if one was agreed on.
pub(in crate::ipc) async fn negotiate(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    server: &ServerAddress,
    login: &Login,
    wanted: &[Protection],
) -> Result<Option<Box<dyn SecurityLayer>>, HadoopError> {
    let mut talk = Talk { stream, server };
    let opening = talk.ask(SaslState::Negotiate, None, Vec::new()).await?;
    match opening.state() {
        SaslState::Negotiate => {}
        SaslState::Success => {
            return Err(
                talk.refused("it asks for no proof, though we have one: it has no security")
            );
        }
        other => return Err(talk.out_of_order(other)),
    }
    let (mut mechanism, mut offer) = choose(&talk, login, wanted, opening.auths).await?;
    let challenge = offer.challenge.take();
    let (returned, first) = step(mechanism, challenge)
        .await
        .map_err(|reason| talk.refused(&reason))?;
    mechanism = returned;
    let mut answer = talk
        .ask(SaslState::Initiate, Some(first), vec![offer])
        .await?;
    for _ in 0..MAX_ROUNDS {
        match answer.state() {
            SaslState::Challenge => {
                // An empty challenge is one: the mechanism has had its first step.
                let challenge = Some(answer.token.unwrap_or_default());
                let (returned, token) = step(mechanism, challenge)
                    .await
                    .map_err(|reason| talk.refused(&reason))?;
                mechanism = returned;
                answer = talk
                    .ask(SaslState::Response, Some(token), Vec::new())
                    .await?;
            }
            SaslState::Success => {
                return mechanism
                    .finish(answer.token.as_deref())
                    .map_err(|reason| talk.refused(&reason));
            }
            other => return Err(talk.out_of_order(other)),
        }
    }
    Err(talk.refused("it does not come to an end"))
}

/// The mechanism for our login, among those that the server offers.
async fn choose<S>(
    talk: &Talk<'_, S>,
    login: &Login,
    wanted: &[Protection],
    offers: Vec<SaslAuth>,
) -> Result<(Box<dyn Mechanism>, SaslAuth), HadoopError> {
    let name = match login {
        Login::Simple { .. } => "SIMPLE",
        Login::Token(_) => "TOKEN",
        Login::Kerberos(_) => "KERBEROS",
    };
    let methods: Vec<String> = offers.iter().map(|offer| offer.method.clone()).collect();
    let Some(offer) = offers.into_iter().find(|offer| offer.method == name) else {
        return Err(talk.refused(&format!("it takes {methods:?}, and we have {name}")));
    };
    let protocol = offer.protocol.clone().unwrap_or_default();
    let host = offer.server_id.clone().unwrap_or_default();
    let wanted = wanted.to_vec();
    let mechanism: Result<Box<dyn Mechanism>, String> = match login.clone() {
        Login::Simple { .. } => Err("a login by name alone goes without SASL".to_owned()),
        Login::Token(token) => DigestMd5::new(&token, &protocol, &host, &wanted)
            .map(|digest| -> Box<dyn Mechanism> { Box::new(digest) }),
        Login::Kerberos(kerberos) => {
            let expected = expected_name(&kerberos.server_principal, talk.server)
                .map_err(|reason| talk.refused(&reason))?;
            if !is_expected(&format!("{protocol}/{host}"), &expected) {
                return Err(talk.refused(&format!(
                    "it says that it is {protocol}/{host}, where {expected} is expected; check the configured \
                     principal and name the server by the host of its principal"
                )));
            }
            blocking(move || {
                let kerberos = Kerberos::new(&kerberos, &protocol, &host, &wanted)?;
                Ok(Box::new(kerberos) as Box<dyn Mechanism>)
            })
            .await
            .map_err(HadoopError::Kerberos)
            .map(Ok)?
        }
    };
    Ok((mechanism.map_err(|reason| talk.refused(&reason))?, offer))
}

/// One step off the threads of the runtime.
async fn step(
    mut mechanism: Box<dyn Mechanism>,
    challenge: Option<Vec<u8>>,
) -> Result<(Box<dyn Mechanism>, Vec<u8>), String> {
    blocking(move || {
        let answer = mechanism.step(challenge.as_deref())?;
        Ok((mechanism, answer))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(format!("it was interrupted: {error}")),
    }
}

struct Talk<'a, S> {
    stream: &'a mut S,
    server: &'a ServerAddress,
}

impl<S> Talk<'_, S> {
    fn refused(&self, reason: &str) -> HadoopError {
        HadoopError::Login {
            server: self.server.to_string(),
            reason: reason.to_owned(),
        }
    }

    fn out_of_order(&self, state: SaslState) -> HadoopError {
        HadoopError::Protocol {
            server: self.server.to_string(),
            reason: format!("{state:?} out of order while logging in"),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    async fn ask(
        &mut self,
        state: SaslState,
        token: Option<Vec<u8>>,
        auths: Vec<SaslAuth>,
    ) -> Result<RpcSaslProto, HadoopError> {
        let server = self.server.to_string();
        let question = frame::sasl_request(&RpcSaslProto {
            version: None,
            state: state.into(),
            token,
            auths,
        });
        let lost = |reason: String| HadoopError::ConnectionLost {
            server: server.clone(),
            reason: format!("while logging in: {reason}"),
        };
        let malformed = |reason: String| HadoopError::Protocol {
            server: server.clone(),
            reason,
        };
        self.stream
            .write_all(&question)
            .await
            .map_err(|error| lost(error.to_string()))?;
        let answer =
            frame::read(self.stream, MAX_MESSAGE_BYTES)
                .await
                .map_err(|error| match error {
                    FrameError::Lost(reason) => lost(reason),
                    FrameError::Malformed(reason) => malformed(reason),
                })?;
        let answer = Response::read(answer).map_err(malformed)?;
        if answer.header.status() != RpcStatusProto::Success {
            let header = answer.header;
            let class = header.exception_class_name;
            return Err(RemoteError::new(&server, "the login", class, header.error_msg).into());
        }
        answer.sasl().map_err(malformed)
    }
}
