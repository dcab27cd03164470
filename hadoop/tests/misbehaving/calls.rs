use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use alidade_hadoop::proto::common::rpc_response_header_proto::RpcStatusProto;
use alidade_hadoop::{HadoopError, RemoteKind, Repeat, RpcOptions};
use proptest::prelude::*;

use crate::fake::{Fake, ask, client, client_with, good_answer, options};

/// No call may take longer, whatever happens.
const AT_MOST: Duration = Duration::from_secs(5);

/// The error of a call to a server that sends these bytes after the call.
async fn error_after(bytes: Vec<u8>, stays: bool) -> HadoopError {
    let bytes = Arc::new(bytes);
    let fake = Fake::start(move |mut peer, _| {
        let bytes = bytes.clone();
        async move {
            peer.greet().await?;
            peer.call().await?;
            peer.send(&bytes).await?;
            if stays { peer.stall().await } else { None }
        }
    })
    .await;
    let started = Instant::now();
    let error = ask(&client(&fake), Repeat::Safe).await.unwrap_err();
    assert!(started.elapsed() < AT_MOST, "{:?}", started.elapsed());
    error
}

#[tokio::test]
async fn nonsense_is_told() {
    let nonsense = error_after(b"\x00\x00\x00\x03abc".to_vec(), true).await;
    assert!(
        matches!(&nonsense, HadoopError::Protocol { reason, .. } if reason.contains("header")),
        "{nonsense}"
    );
    let web = error_after(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), false).await;
    assert!(
        matches!(&web, HadoopError::Protocol { reason, .. } if reason.contains("web port")),
        "{web}"
    );
    let huge = error_after(vec![0x7f, 0xff, 0xff, 0xff, 0], true).await;
    assert!(
        matches!(&huge, HadoopError::Protocol { reason, .. } if reason.contains("2147483647")),
        "{huge}"
    );
    let mut trailing = good_answer(0, 7);
    trailing.push(0);
    trailing.splice(0..0, u32::try_from(trailing.len()).unwrap().to_be_bytes());
    let trailing = error_after(trailing, true).await;
    assert!(
        matches!(&trailing, HadoopError::Protocol { reason, .. } if reason.contains("1 bytes follow")),
        "{trailing}"
    );
}

#[tokio::test]
async fn hanging_up_in_the_middle_is_told() {
    for bytes in [
        &b""[..],
        b"\x00\x00",
        b"\x00\x00\x00\x64",
        b"\x00\x00\x00\x64abc",
    ] {
        let error = error_after(bytes.to_vec(), false).await;
        assert!(
            matches!(&error, HadoopError::ConnectionLost { .. }),
            "{bytes:?}: {error}"
        );
    }
}

#[tokio::test]
async fn stalling_in_the_middle_is_told() {
    for bytes in [&b""[..], b"\x00\x00", b"\x00\x00\x00\x64abc"] {
        let error = error_after(bytes.to_vec(), true).await;
        assert!(
            matches!(&error, HadoopError::TimedOut { what, .. } if what == "getNewApplication"),
            "{bytes:?}: {error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_reads_nothing_does_not_hold_a_call() {
    let fake = Fake::start(async |peer, _| {
        tokio::time::sleep(AT_MOST).await;
        drop(peer);
        None
    })
    .await;
    let client = client(&fake);
    let request = alidade_hadoop::proto::yarn::GetQueueInfoRequestProto {
        // More than any buffer on the way takes.
        queue_name: Some("q".repeat(32 << 20)),
        ..Default::default()
    };
    let started = Instant::now();
    let answer = client
        .call::<_, alidade_hadoop::proto::yarn::GetQueueInfoResponseProto>(
            "getQueueInfo",
            &request,
            Repeat::Safe,
        )
        .await;
    let error = answer.unwrap_err();
    assert!(matches!(error, HadoopError::TimedOut { .. }), "{error}");
    assert!(started.elapsed() < AT_MOST);
}

#[tokio::test]
async fn answers_come_in_any_order() {
    let fake = Fake::start(async |mut peer, _| {
        peer.greet().await?;
        let mut calls = Vec::new();
        for _ in 0..3 {
            calls.push(peer.call().await?);
        }
        // Nobody has asked for this one.
        peer.answer(77, 0).await?;
        for call in calls.iter().rev() {
            peer.answer(call.id, call.id + 100).await?;
        }
        peer.stall().await
    })
    .await;
    let client = client(&fake);
    let calls = [0, 1, 2].map(|_| {
        let client = client.clone();
        tokio::spawn(async move { ask(&client, Repeat::Safe).await })
    });
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap().unwrap());
    }
    answers.sort_unstable();
    assert_eq!(answers, [100, 101, 102]);
    assert_eq!(fake.connections(), 1);
}

#[tokio::test]
async fn a_late_answer_is_nobody_elses() {
    let fake = Fake::start(async |mut peer, number| {
        peer.greet().await?;
        let call = peer.call().await?;
        if number == 0 {
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
        peer.answer(call.id, 50 + call.id).await?;
        peer.stall().await
    })
    .await;
    let client = client(&fake);
    let error = ask(&client, Repeat::Safe).await.unwrap_err();
    assert!(matches!(error, HadoopError::TimedOut { .. }), "{error}");
    // Over another connection, as the first may be half dead.
    assert_eq!(ask(&client, Repeat::Safe).await.unwrap(), 51);
    assert_eq!(fake.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_made_again() {
    let fake = Fake::start(async |mut peer, number| {
        peer.greet().await?;
        let call = peer.call().await?;
        peer.answer(call.id, i32::try_from(number).unwrap()).await
    })
    .await;
    let client = client(&fake);
    for expected in 0..3 {
        assert_eq!(ask(&client, Repeat::Unsafe).await.unwrap(), expected);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn lost_calls_are_repeated_when_they_may_be() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    let fake = Fake::start(move |mut peer, number| {
        let seen = seen.clone();
        async move {
            peer.greet().await?;
            let call = peer.call().await?;
            seen.lock()
                .unwrap()
                .push((call.id, call.retry_count, call.method));
            if number % 2 == 0 {
                return None;
            }
            peer.answer(call.id, 9).await?;
            peer.stall().await
        }
    })
    .await;
    assert_eq!(ask(&client(&fake), Repeat::Safe).await.unwrap(), 9);
    // As the same call, the second time.
    let method = || "getNewApplication".to_owned();
    assert_eq!(
        std::mem::take(&mut *calls.lock().unwrap()),
        [(0, 0, method()), (0, 1, method())]
    );

    let error = ask(&client(&fake), Repeat::Unsafe).await.unwrap_err();
    assert!(
        matches!(error, HadoopError::ConnectionLost { .. }),
        "{error}"
    );
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn exceptions_are_told() {
    let fake = Fake::start(async |mut peer, _| {
        peer.greet().await?;
        let call = peer.call().await?;
        let class = "yarn.exceptions.ApplicationNotFoundException";
        peer.refuse(call.id, RpcStatusProto::Error, class).await?;
        let call = peer.call().await?;
        peer.answer(call.id, 1).await?;
        let call = peer.call().await?;
        let class = "security.AccessControlException";
        peer.refuse(call.id, RpcStatusProto::Fatal, class).await?;
        peer.stall().await
    })
    .await;
    let client = client(&fake);
    let error = ask(&client, Repeat::Safe).await.unwrap_err();
    assert_eq!(error.remote_kind(), Some(RemoteKind::ApplicationNotFound));
    let text = error.to_string();
    assert!(
        text.contains("refused getNewApplication: said the fake (org"),
        "{text}"
    );
    // An exception is not the end of a connection, unless it is fatal.
    assert_eq!(ask(&client, Repeat::Safe).await.unwrap(), 1);
    let error = ask(&client, Repeat::Safe).await.unwrap_err();
    assert_eq!(error.remote_kind(), Some(RemoteKind::AccessControl));
    assert_eq!(fake.connections(), 1);
}

#[tokio::test]
async fn a_server_that_closes_every_connection_is_given_up() {
    let fake = Fake::start(async |_, _| None).await;
    let started = Instant::now();
    let error = ask(&client(&fake), Repeat::Safe).await.unwrap_err();
    assert!(
        matches!(error, HadoopError::ConnectionLost { .. }),
        "{error}"
    );
    assert!(started.elapsed() < AT_MOST);
    // With pauses, and not as fast as it can.
    assert!(
        (2..20).contains(&fake.connections()),
        "{}",
        fake.connections()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_frames_are_answers_or_errors(frames in proptest::collection::vec(any::<Vec<u8>>(), 1..4)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let fake = Fake::start(move |mut peer, _| {
                let frames = frames.clone();
                async move {
                    peer.greet().await?;
                    peer.call().await?;
                    for frame in &frames {
                        peer.send_frame(frame).await?;
                    }
                    None
                }
            })
            .await;
            let options = RpcOptions { patience: Duration::ZERO, ..options() };
            let login = alidade_hadoop::Login::Simple { user: "alice".into() };
            let client = client_with(&[&fake], login, options);
            let answered = tokio::time::timeout(AT_MOST, ask(&client, Repeat::Safe)).await;
            let answer = answered.expect("an end");
            assert!(!matches!(answer, Err(HadoopError::TimedOut { .. })), "{answer:?}");
        });
    }
}
