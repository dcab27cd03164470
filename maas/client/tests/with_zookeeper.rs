//! Following a real ZooKeeper through everything that can happen to it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alidade_event::Value;
use alidade_maas_client::Models;
use alidade_maas_core::{
    Endpoint, Registry, Routing, ServiceInstance, ServiceType, ZooKeeperOptions, ZooKeeperRegistry,
};
use alidade_testkit::{ZooKeeper, eventually};
use tokio::runtime::Runtime;

const LONG: Duration = Duration::from_secs(30);

fn options(quorum: &str) -> ZooKeeperOptions {
    let mut options = ZooKeeperOptions::new(quorum);
    options.session_timeout = Duration::from_secs(4);
    options.connect_timeout = Duration::from_secs(5);
    options
}

fn connect(runtime: &Runtime, quorum: &str) -> Arc<ZooKeeperRegistry> {
    let connecting = ZooKeeperRegistry::connect(options(quorum));
    Arc::new(runtime.block_on(connecting).unwrap())
}

fn instance(id: u64, version: &str) -> ServiceInstance {
    let endpoint = Endpoint::at(&format!("http://node1:{id}"));
    ServiceInstance::new("dga", version, id, endpoint, ServiceType::Dynamic, 0)
}

#[track_caller]
fn wait_for_versions(models: &Models, expected: &[&str]) {
    eventually(LONG, || {
        let endpoints = models.endpoints();
        let found = endpoints.versions("dga");
        if found == expected {
            return Ok(());
        }
        Err(format!("{found:?}"))
    });
}

#[test]
fn changes_are_followed_through_outages_and_foreign_nodes() {
    let zookeeper = ZooKeeper::start().unwrap();
    let quorum = zookeeper.quorum();
    let runtime = Runtime::new().unwrap();
    let service = connect(&runtime, &quorum);
    // The client is there before anything is.
    let models = Models::watch(connect(&runtime, &quorum), runtime.handle());
    assert!(runtime.block_on(models.ready(LONG)));
    wait_for_versions(&models, &[]);

    runtime
        .block_on(service.register(&instance(2, "1.0")))
        .unwrap();
    wait_for_versions(&models, &["1.0"]);
    // A foreign child and a broken node freeze upstream's reader; ours passes them over.
    runtime.block_on(async {
        let client = zookeeper_client::Client::connect(&quorum).await.unwrap();
        let open = zookeeper_client::Acls::anyone_all();
        let persistent = zookeeper_client::CreateMode::Persistent.with_acls(open);
        for path in [
            "/maas/service/foreign",
            "/maas/service/foreign/x",
            "/maas/service/dga/9",
        ] {
            client.create(path, b"{", &persistent).await.unwrap();
        }
    });
    runtime
        .block_on(service.register(&instance(3, "2.0")))
        .unwrap();
    wait_for_versions(&models, &["1.0", "2.0"]);
    runtime.block_on(service.unregister("dga", "2")).unwrap();
    wait_for_versions(&models, &["2.0"]);

    // Away for longer than any session lives: what was known last is served.
    zookeeper.stop();
    std::thread::sleep(Duration::from_secs(8));
    wait_for_versions(&models, &["2.0"]);
    assert!(!models.get_endpoint("dga", None).is_null());
    zookeeper.start_again().unwrap();
    // The registering session is gone for good, and its node with it.
    wait_for_versions(&models, &[]);
    runtime
        .block_on(service.register(&instance(4, "3.0")))
        .unwrap();
    wait_for_versions(&models, &["3.0"]);

    // A registering process that goes takes its endpoints along.
    drop(service);
    wait_for_versions(&models, &[]);
}

#[test]
fn a_client_may_come_before_zookeeper() {
    let zookeeper = ZooKeeper::start().unwrap();
    let quorum = zookeeper.quorum();
    zookeeper.stop();
    let runtime = Runtime::new().unwrap();
    let error = runtime
        .block_on(ZooKeeperRegistry::connect(options(&quorum)))
        .unwrap_err();
    assert!(error.to_string().contains(&quorum), "{error}");
    let early =
        runtime.block_on(async { ZooKeeperRegistry::connect_in_background(options(&quorum)) });
    let models = Models::watch(Arc::new(early), runtime.handle());
    assert!(models.get_endpoint("dga", None).is_null());
    zookeeper.start_again().unwrap();
    assert!(runtime.block_on(models.ready(LONG)));
    let service = connect(&runtime, &quorum);
    runtime
        .block_on(service.register(&instance(2, "1.0")))
        .unwrap();
    wait_for_versions(&models, &["1.0"]);
}

fn weighed(routing: &str) -> Routing {
    Routing::read(routing.as_bytes()).unwrap()
}

/// Waits until look-ups without a version give these versions.
#[track_caller]
fn wait_for_chosen(models: &Models, expected: &[&str]) {
    eventually(LONG, || {
        let mut found = BTreeSet::new();
        for _ in 0..200 {
            let Value::Map(endpoint) = models.get_endpoint("dga", None) else {
                return Err("there is no endpoint".to_owned());
            };
            let version = endpoint.get_str("version").and_then(Value::as_str);
            found.insert(version.unwrap_or_default().to_owned());
        }
        if found.iter().eq(expected) {
            return Ok(());
        }
        Err(format!("{found:?}"))
    });
}

#[test]
fn weights_are_followed_and_the_last_good_ones_stay() {
    let zookeeper = ZooKeeper::start().unwrap();
    let quorum = zookeeper.quorum();
    let runtime = Runtime::new().unwrap();
    let service = connect(&runtime, &quorum);
    let models = Models::watch(connect(&runtime, &quorum), runtime.handle());
    for (id, version) in [(2, "1.0"), (3, "2.0"), (4, "3.0")] {
        let instance = instance(id, version);
        runtime.block_on(service.register(&instance)).unwrap();
    }
    wait_for_versions(&models, &["1.0", "2.0", "3.0"]);
    wait_for_chosen(&models, &["3.0"]);

    let half = weighed(r#"{"versions":{"3.0":{"weight":0},"1.0":{"weight":50}}}"#);
    let nothing = Routing::default();
    let setting = service.set_routing("dga", &nothing, &half);
    assert!(runtime.block_on(setting).unwrap());
    wait_for_chosen(&models, &["1.0", "2.0"]);

    // What another writes there and nobody can read changes nothing, not even after a change elsewhere.
    let path = "/maas/state/service/routing/dga";
    let client = runtime
        .block_on(zookeeper_client::Client::connect(&quorum))
        .unwrap();
    let write = |bytes: &'static [u8]| {
        runtime
            .block_on(client.set_data(path, bytes, None))
            .unwrap();
    };
    write(br#"{"versions":{"1.0":{"weight":60},"2.0":{"weight":60}}}"#);
    runtime.block_on(service.unregister("dga", "4")).unwrap();
    wait_for_versions(&models, &["1.0", "2.0"]);
    wait_for_chosen(&models, &["1.0", "2.0"]);
    write(br#"{"versions":{"1.0":{"weight":100}}}"#);
    wait_for_chosen(&models, &["1.0"]);

    // Set while the server was coming back.
    zookeeper.restart().unwrap();
    let all = weighed(r#"{"versions":{"1.0":{"weight":100}}}"#);
    eventually(LONG, || {
        let setting = service.set_routing("dga", &all, &nothing);
        match runtime.block_on(setting) {
            Ok(true) => Ok(()),
            // An answer that was lost on the way.
            Ok(false)
                if runtime
                    .block_on(service.routing("dga"))
                    .is_ok_and(|it| it.is_empty()) =>
            {
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    });
    wait_for_chosen(&models, &["2.0"]);
}
