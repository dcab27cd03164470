//! Stores and live configurations against a real ZooKeeper.

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_config::load_configs::default_compiler;
use alidade_config::{
    ConfigError, DocumentId, Live, LiveOptions, RawDocument, Store, ZooKeeperStore,
    brokers_from_zookeeper,
};
use alidade_testkit::ZooKeeper;
use common::{BATCH_5, BATCH_7, BROKEN_RULE, RULE, SQUID, batch_size, follow, wait_for};
use zookeeper_client::{Acls, Client, CreateMode};

fn parser(sensor: &str) -> DocumentId {
    DocumentId::Parser(sensor.to_owned())
}

fn enrichment(sensor: &str) -> DocumentId {
    DocumentId::Enrichment(sensor.to_owned())
}

fn indexing(sensor: &str) -> DocumentId {
    DocumentId::Indexing(sensor.to_owned())
}

async fn put(store: &ZooKeeperStore, id: DocumentId, text: &str) {
    store.write(&id, text.as_bytes()).await.unwrap();
}

async fn squid_tree(store: &ZooKeeperStore) {
    put(store, DocumentId::Global, "{}").await;
    put(store, parser("squid"), SQUID).await;
    put(store, enrichment("squid"), RULE).await;
    put(store, indexing("squid"), BATCH_5).await;
}

#[tokio::test]
async fn documents_stand_at_upstreams_nodes() {
    let server = ZooKeeper::start().unwrap();
    let store = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    assert!(store.read_tree().await.unwrap().documents.is_empty());
    squid_tree(&store).await;
    put(&store, DocumentId::Profiler, "{}").await;
    let bytes = "// kept as written\n{ \"é\": 1 }\n\n";
    put(&store, DocumentId::Global, bytes).await;

    let client = Client::connect(&server.quorum()).await.unwrap();
    let (global, stat) = client.get_data("/metron/topology/global").await.unwrap();
    assert_eq!(global, bytes.as_bytes());
    for node in [
        "profiler",
        "parsers/squid",
        "enrichments/squid",
        "indexing/squid",
    ] {
        client
            .get_data(&format!("/metron/topology/{node}"))
            .await
            .unwrap();
    }
    let (parent, _) = client.get_data("/metron/topology/parsers").await.unwrap();
    assert!(parent.is_empty());
    let (acls, _) = client
        .get_acl("/metron/topology/parsers/squid")
        .await
        .unwrap();
    assert_eq!(acls.as_slice(), &*Acls::anyone_all());

    let tree = store.read_tree().await.unwrap();
    assert_eq!(tree.documents.len(), 5);
    assert_eq!(tree.documents[&DocumentId::Global].version, stat.mzxid);
    assert!(store.delete(&DocumentId::Profiler).await.unwrap());
    assert!(!store.delete(&DocumentId::Profiler).await.unwrap());
    assert_eq!(store.read(&DocumentId::Profiler).await.unwrap(), None);
}

#[tokio::test]
async fn an_empty_node_is_no_document() {
    let server = ZooKeeper::start().unwrap();
    let store = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    put(&store, parser("squid"), "").await;
    assert_eq!(store.read(&parser("squid")).await.unwrap(), None);
    assert!(store.read_tree().await.unwrap().documents.is_empty());
}

#[tokio::test]
async fn a_root_in_the_address_is_honoured() {
    let server = ZooKeeper::start().unwrap();
    let rooted = format!("{}/site/a", server.quorum());
    let store = ZooKeeperStore::connect(&rooted).await.unwrap();
    let refused = store.write(&DocumentId::Global, b"{}").await.unwrap_err();
    assert!(matches!(refused, ConfigError::NoChroot { .. }), "{refused}");

    let client = Client::connect(&server.quorum()).await.unwrap();
    let open = CreateMode::Persistent.with_acls(Acls::anyone_all());
    client.mkdir("/site/a", &open).await.unwrap();
    store.write(&DocumentId::Global, b"{}").await.unwrap();
    client
        .get_data("/site/a/metron/topology/global")
        .await
        .unwrap();
    assert_eq!(store.read_tree().await.unwrap().documents.len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_in_time() {
    let port = alidade_testkit::free_port().unwrap();
    let begun = Instant::now();
    let patience = Duration::from_secs(2);
    let refused = ZooKeeperStore::connect_within(&format!("127.0.0.1:{port}"), patience).await;
    let message = refused.err().unwrap().to_string();
    assert!(
        message.contains(&format!(
            "cannot reach ZooKeeper at 127.0.0.1:{port} within 2 s"
        )),
        "{message}"
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
    for bad in ["", "host:port", "host:0", "a:1/b/"] {
        let refused = ZooKeeperStore::connect_within(bad, patience).await.err();
        assert!(
            matches!(refused, Some(ConfigError::BadQuorum { .. })),
            "{bad:?}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn documents_written_one_after_the_other_are_applied_together() {
    let server = ZooKeeper::start().unwrap();
    let store = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    squid_tree(&store).await;
    // Longer pauses than usual, so that a slow machine does not tear the writes apart.
    let options = LiveOptions {
        quiet: Duration::from_secs(2),
        longest_wait: Duration::from_secs(60),
        ..LiveOptions::new(default_compiler())
    };
    let follower = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    let live = Live::start(Arc::new(follower), options).await.unwrap();
    let first = live.current();
    assert_eq!(first.parsers.len(), 1, "{:?}", first.refusals);
    let mut changed = live.changed();

    put(&store, indexing("squid"), BATCH_7).await;
    for sensor in ["a", "b", "c", "d"] {
        put(&store, indexing(sensor), BATCH_7).await;
        put(&store, enrichment(sensor), "{}").await;
    }
    let minute = Duration::from_secs(60);
    tokio::time::timeout(minute, changed.changed())
        .await
        .unwrap()
        .unwrap();
    let after = live.current();
    assert_eq!(after.version, first.version + 1);
    assert_eq!(batch_size(&after, "squid"), Some(7));
    assert_eq!(
        (after.indexing.len(), after.enrichments.len()),
        (5, 5),
        "all in one step"
    );
    assert!(Arc::ptr_eq(
        &first.parsers["squid"],
        &after.parsers["squid"]
    ));
    assert!(after.revision() > first.revision());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_snapshot_mixes_what_was_written_in_one_go() {
    let server = ZooKeeper::start().unwrap();
    let store = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    let sensors = ["a", "b", "c", "d", "e", "f"];
    let write = async |batch_size: i64| {
        let text = format!("{{\"elasticsearch\": {{\"batchSize\": {batch_size}}}}}");
        let document = |sensor| {
            (
                indexing(sensor),
                RawDocument::new(text.clone().into_bytes(), 0),
            )
        };
        let documents = sensors.map(document).into_iter().collect();
        store.write_all(&documents).await.unwrap();
    };
    write(0).await;
    let options = LiveOptions {
        quiet: Duration::ZERO,
        longest_wait: Duration::ZERO,
        ..LiveOptions::new(default_compiler())
    };
    let follower = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    let live = Live::start(Arc::new(follower), options).await.unwrap();
    let looker = tokio::spawn({
        let live = live.clone();
        async move {
            loop {
                let snapshot = live.current();
                let sizes = sensors.map(|sensor| batch_size(&snapshot, sensor));
                assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
                if sizes[0] == Some(100) {
                    return snapshot.version;
                }
                tokio::task::yield_now().await;
            }
        }
    });
    for batch_size in 1..=100 {
        write(batch_size).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let versions = tokio::time::timeout(Duration::from_secs(60), looker)
        .await
        .unwrap()
        .unwrap();
    assert!(versions > 2, "several were seen: {versions}");
}

#[tokio::test]
async fn a_broken_document_is_refused_and_a_deleted_one_goes() {
    let server = ZooKeeper::start().unwrap();
    let store = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    squid_tree(&store).await;
    let live = follow(ZooKeeperStore::connect(&server.quorum()).await.unwrap()).await;
    let first = live.current();

    put(&store, enrichment("squid"), BROKEN_RULE).await;
    let after = wait_for(&live, "the refusal", |snapshot| {
        !snapshot.refusals.is_empty()
    })
    .await;
    assert!(Arc::ptr_eq(
        &first.enrichments["squid"],
        &after.enrichments["squid"]
    ));
    let refusal = &after.refusals[&enrichment("squid")];
    let stored = store.read(&enrichment("squid")).await.unwrap().unwrap();
    assert_eq!(refusal.version, stored.version);
    assert_eq!(
        refusal.kept_version,
        Some(first.applied[&enrichment("squid")])
    );

    store.delete(&parser("squid")).await.unwrap();
    store.delete(&enrichment("squid")).await.unwrap();
    let after = wait_for(&live, "the deletion", |snapshot| {
        snapshot.parsers.is_empty()
    })
    .await;
    assert!(after.enrichments.is_empty());
    assert!(after.refusals.is_empty(), "what is gone is not refused");
}

#[tokio::test]
async fn a_restart_of_the_server_loses_nothing() {
    let server = ZooKeeper::start().unwrap();
    let store = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    squid_tree(&store).await;
    let live = follow(ZooKeeperStore::connect(&server.quorum()).await.unwrap()).await;
    assert!(live.is_connected());

    server.kill();
    for _ in 0..200 {
        if !live.is_connected() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!live.is_connected());
    assert!(
        live.current().parser("squid").is_some(),
        "the last one serves on"
    );
    server.start_again().unwrap();

    // The store waits out the loss; the change is seen although the watch was set before the restart.
    put(&store, indexing("squid"), BATCH_7).await;
    wait_for(&live, "the change", |snapshot| {
        batch_size(snapshot, "squid") == Some(7)
    })
    .await;
    assert!(live.is_connected());

    // The server has forgotten the watch with the connection; it must have been set again.
    for round in 0..2 {
        if round > 0 {
            server.restart().unwrap();
            wait_for_connection(&live).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let batch = BATCH_7.replace('7', &format!("{}", 80 + round));
        put(&store, indexing("squid"), &batch).await;
        wait_for(
            &live,
            "a change after the connection was back",
            |snapshot| batch_size(snapshot, "squid") == Some(80 + round),
        )
        .await;
    }
}

async fn wait_for_connection(live: &Live) {
    for _ in 0..400 {
        if live.is_connected() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the connection is not back");
}

#[tokio::test]
async fn kafkas_registrations_are_read() {
    let server = ZooKeeper::start().unwrap();
    let client = Client::connect(&server.quorum()).await.unwrap();
    let none = brokers_from_zookeeper(&client).await.unwrap_err();
    assert!(matches!(none, ConfigError::NoBrokers), "{none}");
    let open = CreateMode::Persistent.with_acls(Acls::anyone_all());
    client.mkdir("/brokers/ids", &open).await.unwrap();
    for (id, text) in [
        (
            "1001",
            r#"{"host":"node1","port":6667,"version":4,"endpoints":["PLAINTEXT://node1:6667"]}"#,
        ),
        (
            "7",
            r#"{"host":null,"port":-1,"endpoints":["SASL_PLAINTEXT://node2:6667"]}"#,
        ),
    ] {
        client
            .create(&format!("/brokers/ids/{id}"), text.as_bytes(), &open)
            .await
            .unwrap();
    }
    let brokers = brokers_from_zookeeper(&client).await.unwrap();
    assert_eq!(brokers, ["node2:6667", "node1:6667"]);
}
