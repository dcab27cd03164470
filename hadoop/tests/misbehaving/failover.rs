use std::time::{Duration, Instant};

use alidade_hadoop::proto::common::rpc_response_header_proto::RpcStatusProto;
use alidade_hadoop::{
    HadoopError, Login, RemoteKind, Repeat, RpcClient, RpcOptions, ServerAddress,
};
use alidade_testkit::free_port;

use crate::fake::{Fake, ask, client_with, options};

fn alice() -> Login {
    Login::Simple {
        user: "alice".into(),
    }
}

async fn standby() -> Fake {
    Fake::start(async |mut peer, _| {
        peer.greet().await?;
        while let Some(call) = peer.call().await {
            let class = "ipc.StandbyException";
            peer.refuse(call.id, RpcStatusProto::Error, class).await?;
        }
        None
    })
    .await
}

async fn active() -> Fake {
    Fake::start(async |mut peer, _| {
        peer.greet().await?;
        while let Some(call) = peer.call().await {
            peer.answer(call.id, 5).await?;
        }
        None
    })
    .await
}

#[tokio::test]
async fn the_active_server_is_found_and_kept() {
    let (standby, active) = (standby().await, active().await);
    let client = client_with(&[&standby, &active], alice(), options());
    for _ in 0..3 {
        assert_eq!(ask(&client, Repeat::Unsafe).await.unwrap(), 5);
    }
    assert_eq!((standby.connections(), active.connections()), (1, 1));
}

#[tokio::test]
async fn a_server_that_is_down_is_passed_over() {
    let active = active().await;
    let down = ServerAddress::new("127.0.0.1", free_port().unwrap());
    let unknown = ServerAddress::new("no-such-host.invalid", 8032);
    let servers = vec![down, unknown, active.address.clone()];
    let client = RpcClient::new("a.Protocol", servers, alice(), options()).unwrap();
    assert_eq!(ask(&client, Repeat::Unsafe).await.unwrap(), 5);
}

#[tokio::test]
async fn a_server_that_hangs_is_passed_over() {
    let hung = Fake::start(async |mut peer, _| peer.stall().await).await;
    let active = active().await;
    let patient = RpcOptions {
        patience: Duration::from_secs(3),
        ..options()
    };
    let client = client_with(&[&hung, &active], alice(), patient.clone());
    assert_eq!(ask(&client, Repeat::Safe).await.unwrap(), 5);
    // It may have carried it out.
    let client = client_with(&[&hung, &active], alice(), patient);
    let error = ask(&client, Repeat::Unsafe).await.unwrap_err();
    assert!(matches!(error, HadoopError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn without_an_active_server_the_last_reason_is_told() {
    let (one, other) = (standby().await, standby().await);
    let client = client_with(&[&one, &other], alice(), options());
    let started = Instant::now();
    let error = ask(&client, Repeat::Safe).await.unwrap_err();
    assert_eq!(error.remote_kind(), Some(RemoteKind::Standby));
    assert!(started.elapsed() < Duration::from_secs(3));
    // Both were asked, several times, but not as often as possible.
    let asked = (one.connections(), other.connections());
    assert!(
        (1..10).contains(&asked.0) && (1..10).contains(&asked.1),
        "{asked:?}"
    );

    let down = ServerAddress::new("127.0.0.1", free_port().unwrap());
    let text = down.to_string();
    let client = RpcClient::new("a.Protocol", vec![down], alice(), options()).unwrap();
    let error = ask(&client, Repeat::Safe).await.unwrap_err().to_string();
    assert!(
        error.contains(&text) && error.contains("not reachable"),
        "{error}"
    );
    assert!(RpcClient::new("a.Protocol", Vec::new(), alice(), options()).is_err());
}

#[tokio::test]
async fn a_server_that_asks_for_another_try_gets_it() {
    let fake = Fake::start(async |mut peer, _| {
        peer.greet().await?;
        let call = peer.call().await?;
        let class = "ipc.RetriableException";
        peer.refuse(call.id, RpcStatusProto::Error, class).await?;
        let call = peer.call().await?;
        peer.answer(call.id, 10 + call.retry_count).await?;
        peer.stall().await
    })
    .await;
    let client = client_with(&[&fake], alice(), options());
    assert_eq!(ask(&client, Repeat::Unsafe).await.unwrap(), 11);
    assert_eq!(fake.connections(), 1);
}
