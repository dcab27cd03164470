//! What a resource manager asks of an application master: order, and new tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use alidade_hadoop::proto::common::rpc_response_header_proto::RpcStatusProto;
use alidade_hadoop::proto::common::rpc_sasl_proto::{SaslAuth, SaslState};
use alidade_hadoop::proto::common::{RpcSaslProto, TokenProto};
use alidade_hadoop::proto::yarn::{
    AllocateRequestProto, AllocateResponseProto, ContainerProto,
    RegisterApplicationMasterResponseProto,
};
use alidade_hadoop::{
    AllocateRequest, ApplicationMaster, Credentials, HadoopConf, HadoopError, RemoteKind, Token,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use prost::Message;

use crate::fake::{Fake, Peer, options};

pub const PASSWORD: &[u8] = b"secret";

fn token(identifier: &str) -> Token {
    Token {
        identifier: identifier.into(),
        password: PASSWORD.to_vec(),
        kind: "YARN_AM_RM_TOKEN".into(),
        service: String::new(),
    }
}

fn hex_md5(parts: &[&[u8]]) -> String {
    let digest = Md5::digest(parts.concat());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The server's side of a login by token. Gives the token's identifier.
pub async fn log_in(peer: &mut Peer) -> Option<String> {
    peer.greet().await?;
    peer.sasl_message().await?;
    let message = |state: SaslState, token, auths| RpcSaslProto {
        version: None,
        state: state.into(),
        token,
        auths,
    };
    let offer = SaslAuth {
        method: "TOKEN".into(),
        mechanism: "DIGEST-MD5".into(),
        protocol: Some(String::new()),
        server_id: Some("default".into()),
        challenge: Some(
            b"realm=\"default\",nonce=\"abc\",qop=\"auth\",charset=utf-8,algorithm=md5-sess"
                .to_vec(),
        ),
    };
    peer.send_sasl(&message(SaslState::Negotiate, None, vec![offer]))
        .await?;
    let initiate = peer.sasl_message().await?;
    let answer = String::from_utf8(initiate.token.unwrap()).unwrap();
    let directives: HashMap<&str, &str> = answer
        .split(',')
        .map(|directive| directive.split_once('=').unwrap())
        .map(|(name, value)| (name, value.trim_matches('"')))
        .collect();
    let (user, nonce) = (directives["username"], directives["cnonce"]);
    let password = STANDARD.encode(PASSWORD);
    let secret = Md5::digest(format!("{user}:default:{password}"));
    let key = hex_md5(&[&secret, format!(":abc:{nonce}").as_bytes()]);
    let proof = |verb: &str| {
        let what = hex_md5(&[verb.as_bytes(), b":/default"]);
        hex_md5(&[format!("{key}:abc:00000001:{nonce}:auth:{what}").as_bytes()])
    };
    assert_eq!(directives["response"], proof("AUTHENTICATE"));
    let last = format!("rspauth={}", proof(""));
    peer.send_sasl(&message(SaslState::Success, Some(last.into()), Vec::new()))
        .await?;
    peer.context().await?;
    Some(String::from_utf8(STANDARD.decode(user).unwrap()).unwrap())
}

pub fn master(fake: &Fake) -> ApplicationMaster {
    let address = fake.address.to_string();
    let key = "yarn.resourcemanager.scheduler.address";
    let conf = HadoopConf::from_properties([(key, address.as_str())]);
    let mut credentials = Credentials::default();
    credentials.insert("", token("old"));
    ApplicationMaster::connect_with(&conf, &credentials, options()).unwrap()
}

/// What a fake has seen.
type Seen = Arc<Mutex<Vec<String>>>;

#[tokio::test]
async fn heartbeats_are_numbered_and_new_tokens_are_used() {
    let seen = Seen::default();
    let notes = seen.clone();
    let fake = Fake::start(move |mut peer, connection| {
        let notes = notes.clone();
        async move {
            let identifier = log_in(&mut peer).await?;
            let note = |text: String| notes.lock().unwrap().push(text);
            note(format!("login {identifier}"));
            while let Some(call) = peer.call().await {
                if call.method == "registerApplicationMaster" {
                    note("register".into());
                    let answer = RegisterApplicationMasterResponseProto::default();
                    peer.send_answer(call.id, &answer).await?;
                    continue;
                }
                let request = call.request.as_slice();
                let request = AllocateRequestProto::decode_length_delimited(request).unwrap();
                let number = request.response_id();
                note(format!("heartbeat {number}"));
                match (connection, number) {
                    // Carried out, but the answer is lost.
                    (0, 2) => return None,
                    (1, 3) => {
                        let class = "yarn.exceptions.ApplicationMasterNotRegisteredException";
                        peer.refuse(call.id, RpcStatusProto::Error, class).await?;
                    }
                    _ => {
                        let answer = AllocateResponseProto {
                            response_id: Some(number + 1),
                            am_rm_token: (connection == 1 && number == 0)
                                .then(|| TokenProto::from(token("new"))),
                            ..AllocateResponseProto::default()
                        };
                        peer.send_answer(call.id, &answer).await?;
                    }
                }
            }
            None
        }
    })
    .await;
    let mut master = master(&fake);
    master.register("host", 0, "").await.unwrap();
    for _ in 0..3 {
        master.allocate(&AllocateRequest::default()).await.unwrap();
    }
    let error = master.allocate(&AllocateRequest::default()).await;
    assert_eq!(
        error.unwrap_err().remote_kind(),
        Some(RemoteKind::NotRegistered)
    );
    master.register("host", 0, "").await.unwrap();
    master.allocate(&AllocateRequest::default()).await.unwrap();
    master.allocate(&AllocateRequest::default()).await.unwrap();
    let expected = [
        "login old",
        "register",
        "heartbeat 0",
        "heartbeat 1",
        "heartbeat 2",
        // The connection was lost: the same heartbeat again.
        "login old",
        "heartbeat 2",
        "heartbeat 3",
        "register",
        "heartbeat 0",
        // It came with a token.
        "login new",
        "heartbeat 1",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn containers_without_what_they_need_are_refused() {
    let fake = Fake::start(async |mut peer, _| {
        log_in(&mut peer).await?;
        let call = peer.call().await?;
        let answer = AllocateResponseProto {
            response_id: Some(1),
            allocated_containers: vec![ContainerProto::default()],
            ..AllocateResponseProto::default()
        };
        peer.send_answer(call.id, &answer).await?;
        peer.stall().await
    })
    .await;
    let error = master(&fake).allocate(&AllocateRequest::default()).await;
    let error = error.unwrap_err();
    assert!(matches!(error, HadoopError::Answer { .. }), "{error:?}");
    assert!(error.to_string().contains("has no id"), "{error}");
}

#[tokio::test]
async fn without_a_token_nothing_is_begun() {
    let conf = HadoopConf::from_properties([]);
    let error = ApplicationMaster::connect(&conf, &Credentials::default()).unwrap_err();
    assert!(error.to_string().contains("YARN_AM_RM_TOKEN"), "{error}");
}
