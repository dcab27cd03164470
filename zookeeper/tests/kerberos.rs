//! Sessions with a server that demands tickets.

use std::time::Duration;

use alidade_testkit::Kdc;
use alidade_zookeeper::{ConnectError, ConnectOptions, connect};
use zookeeper_client::{Acls, Client, CreateMode};

/// Says to a run of this test that it is one of the processes below, and where the server is.
const QUORUM: &str = "TEST_QUORUM";
/// What such a process is to expect.
const EXPECTED: &str = "TEST_EXPECTED";

const SASL: (&str, &str) = ("ALIDADE_ZOOKEEPER_SASL", "gssapi");

#[test]
fn sessions_with_tickets_and_without() {
    if let Ok(quorum) = std::env::var(QUORUM) {
        return as_client(&quorum);
    }
    let kdc = Kdc::start().unwrap();
    let zookeeper = kdc.zookeeper().unwrap();
    let quorum = zookeeper.quorum();
    let port = quorum.rsplit_once(':').unwrap().1;
    let by_number = format!("127.0.0.1:{port}");
    let test = "sessions_with_tickets_and_without";
    let ticket = kdc.with_ticket("metron").unwrap();

    let principal = |value| ("ALIDADE_ZOOKEEPER_PRINCIPAL", value);
    for (realm, quorum, expected, more) in [
        (&ticket, &quorum, "a session", &[SASL][..]),
        (&kdc.with_keytab("metron"), &quorum, "a session", &[SASL]),
        (
            &ticket,
            &by_number,
            "a session",
            &[SASL, principal("zookeeper/localhost")],
        ),
        (&kdc.without_ticket(), &quorum, "run kinit", &[SASL]),
        (&ticket, &by_number, "zookeeper/127.0.0.1", &[SASL]),
        (
            &ticket,
            &quorum,
            "zk/localhost",
            &[SASL, principal("zk/_HOST")],
        ),
        (&ticket, &quorum, "ALIDADE_ZOOKEEPER_SASL=gssapi", &[]),
    ] {
        let mut variables = vec![(QUORUM, quorum.as_str()), (EXPECTED, expected)];
        variables.extend(more);
        realm.run_test(test, &variables);
    }
}

fn as_client(quorum: &str) {
    let expected = std::env::var(EXPECTED).unwrap();
    let options = ConnectOptions {
        session_timeout: Duration::from_secs(10),
        patience: Duration::from_secs(5),
        is_old: false,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match runtime.block_on(connect(quorum, &options)) {
        Ok(client) if expected == "a session" => runtime.block_on(known_by_name(&client)),
        Ok(_) => panic!("got in without a good ticket"),
        Err(ConnectError::Unreachable(words)) if expected != "a session" => {
            assert!(words.contains(&expected), "{words}");
            println!("{words}");
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// The server takes what only the creator may read for this user's.
async fn known_by_name(client: &Client) {
    let mode = CreateMode::EphemeralSequential.with_acls(Acls::creator_all());
    let (_, number) = client.create("/mine-", b"text", &mode).await.unwrap();
    let path = format!("/mine-{number}");
    let (data, _) = client.get_data(&path).await.unwrap();
    assert_eq!(data, b"text");
    let (acls, _) = client.get_acl(&path).await.unwrap();
    let owners: Vec<&str> = acls.iter().map(|acl| acl.id()).collect();
    assert_eq!(owners, ["metron"]);
}
