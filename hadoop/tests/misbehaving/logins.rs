use std::time::{Duration, Instant};

use alidade_hadoop::proto::common::RpcSaslProto;
use alidade_hadoop::proto::common::rpc_response_header_proto::RpcStatusProto;
use alidade_hadoop::proto::common::rpc_sasl_proto::{SaslAuth, SaslState};
use alidade_hadoop::{HadoopError, KerberosLogin, Login, RemoteKind, Repeat, Token};

use crate::fake::{Fake, Peer, ask, client_with, options};

fn token() -> Login {
    Login::Token(Token {
        identifier: b"who".to_vec(),
        password: b"secret".to_vec(),
        kind: "NMToken".into(),
        service: String::new(),
    })
}

fn message(state: SaslState, token: Option<&[u8]>, auths: Vec<SaslAuth>) -> RpcSaslProto {
    RpcSaslProto {
        version: None,
        state: state.into(),
        token: token.map(<[u8]>::to_vec),
        auths,
    }
}

fn offer(method: &str, protocol: &str, server_id: &str, challenge: Option<&str>) -> SaslAuth {
    SaslAuth {
        method: method.into(),
        mechanism: String::new(),
        protocol: Some(protocol.into()),
        server_id: Some(server_id.into()),
        challenge: challenge.map(|text| text.as_bytes().to_vec()),
    }
}

fn digest_offer() -> SaslAuth {
    let challenge = r#"realm="default",nonce="abc",qop="auth",charset=utf-8,algorithm=md5-sess"#;
    offer("TOKEN", "", "default", Some(challenge))
}

/// The error of a client's login at a server that answers its messages with these, one after the other.
async fn error_of(login: Login, answers: Vec<RpcSaslProto>) -> HadoopError {
    let fake = Fake::start(move |mut peer: Peer, _| {
        let answers = answers.clone();
        async move {
            peer.greet().await?;
            for answer in &answers {
                peer.sasl_message().await?;
                peer.send_sasl(answer).await?;
            }
            peer.stall().await
        }
    })
    .await;
    let client = client_with(&[&fake], login, options());
    let started = Instant::now();
    let error = ask(&client, Repeat::Safe).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    error
}

#[tokio::test]
async fn a_server_that_does_not_prove_itself_is_refused() {
    let negotiate = || message(SaslState::Negotiate, None, vec![digest_offer()]);
    let cases = [
        (
            vec![message(SaslState::Success, None, Vec::new())],
            "asks for no proof",
        ),
        (
            vec![negotiate(), message(SaslState::Success, None, Vec::new())],
            "does not prove",
        ),
        (
            vec![
                negotiate(),
                message(
                    SaslState::Success,
                    Some(b"rspauth=00000000000000000000000000000000"),
                    Vec::new(),
                ),
            ],
            "does not prove",
        ),
        (
            vec![
                negotiate(),
                message(SaslState::Challenge, Some(b"x"), Vec::new()),
            ],
            "second challenge",
        ),
        (
            vec![message(
                SaslState::Negotiate,
                None,
                vec![
                    offer("SIMPLE", "", "", None),
                    offer("KERBEROS", "rm", "a", None),
                ],
            )],
            r#"it takes ["SIMPLE", "KERBEROS"], and we have TOKEN"#,
        ),
        (
            vec![message(
                SaslState::Negotiate,
                None,
                vec![offer("TOKEN", "", "default", Some("nonsense"))],
            )],
            "not of the form name=value",
        ),
        (
            vec![
                message(
                    SaslState::Negotiate,
                    None,
                    vec![offer("TOKEN", "", "default", None)],
                ),
                message(SaslState::Success, None, Vec::new()),
            ],
            "without having asked for the token",
        ),
    ];
    for (answers, reason) in cases {
        let error = error_of(token(), answers).await;
        assert!(matches!(error, HadoopError::Login { .. }), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_follow_the_order_is_refused() {
    for state in [SaslState::Wrap, SaslState::Initiate] {
        let error = error_of(token(), vec![message(state, None, Vec::new())]).await;
        assert!(matches!(error, HadoopError::Protocol { .. }), "{error}");
        let negotiate = message(SaslState::Negotiate, None, vec![digest_offer()]);
        let answers = vec![negotiate, message(state, None, Vec::new())];
        let error = error_of(token(), answers).await;
        assert!(matches!(error, HadoopError::Protocol { .. }), "{error}");
    }
    // Says nothing.
    let error = error_of(token(), Vec::new()).await;
    assert!(
        matches!(&error, HadoopError::TimedOut { what, .. } if what.contains("logging in")),
        "{error}"
    );
}

#[tokio::test]
async fn many_callers_do_not_wait_one_after_the_other() {
    let fake = Fake::start(async |mut peer, _| peer.stall().await).await;
    let client = client_with(&[&fake], token(), options());
    let started = Instant::now();
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { ask(&client, Repeat::Safe).await })
        })
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, HadoopError::TimedOut { .. }), "{error}");
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(fake.connections(), 1);
}

#[tokio::test]
async fn a_refused_login_is_told_and_not_repeated() {
    let fake = Fake::start(async |mut peer, _| {
        peer.greet().await?;
        peer.sasl_message().await?;
        let class = "security.token.SecretManager$InvalidToken";
        peer.refuse(-33, RpcStatusProto::Fatal, class).await?;
        peer.stall().await
    })
    .await;
    let client = client_with(&[&fake], token(), options());
    let error = ask(&client, Repeat::Safe).await.unwrap_err();
    assert_eq!(
        error.remote_kind(),
        Some(RemoteKind::InvalidToken),
        "{error}"
    );
    assert_eq!(fake.connections(), 1);
}

#[tokio::test]
async fn kerberos_goes_to_the_configured_server_only() {
    let login = |principal: &str| {
        Login::Kerberos(KerberosLogin {
            server_principal: principal.into(),
            ..KerberosLogin::default()
        })
    };
    let somebody = offer("KERBEROS", "rm", "elsewhere", None);
    let answers = vec![message(SaslState::Negotiate, None, vec![somebody])];
    let error = error_of(login("rm/_HOST@EXAMPLE.TEST"), answers.clone()).await;
    assert!(matches!(error, HadoopError::Login { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("it says that it is rm/elsewhere, where rm/127.0.0.1 is expected"),
        "{text}"
    );
    let error = error_of(login("rm"), answers).await.to_string();
    assert!(error.contains("service/host@REALM"), "{error}");
}
