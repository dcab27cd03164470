//! The walk-through's commands against a real ZooKeeper, with the mock model of the examples.

mod support;

use std::time::{Duration, Instant};

use alidade_maas_core::{Endpoint, Registry, ServiceInstance, ServiceType};
use alidade_testkit::{ZooKeeper, eventually, http};
use tokio::runtime::Runtime;

use support::*;

/// The bytes of a node, and whether it goes with its session.
fn read_node(runtime: &Runtime, quorum: &str, path: &str) -> Option<(String, bool)> {
    runtime.block_on(async {
        let client = zookeeper_client::Client::connect(quorum).await.unwrap();
        let (data, stat) = client.get_data(path).await.ok()?;
        Some((String::from_utf8(data).unwrap(), stat.ephemeral_owner != 0))
    })
}

fn kill(process: i32) {
    let done = std::process::Command::new("kill")
        .args(["-KILL", &process.to_string()])
        .status();
    assert!(done.unwrap().success());
}

#[test]
fn a_model_is_deployed_listed_called_restarted_and_removed() {
    let zookeeper = ZooKeeper::start().unwrap();
    let quorum = zookeeper.quorum();
    let runtime = Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let registry = connect(&runtime, &quorum);
    let mut service = Service::start(&runtime, quick_config(), home.path(), registry.clone());

    // Word for word, but for the place of the payload root.
    let root = home.path().join("models");
    let (code, out) = deploy(&format!(
        "-zq {quorum} -lmp {} -hmp /user/metron/models -mo ADD -m 512 -n dga -v 1.0 -ni 1 --payload-root {}",
        mock_dga().display(),
        root.display()
    ));
    assert_eq!(code, 0, "{out}");
    let first = wait_for_instances(&runtime, &*registry, 1).remove(0);

    // The node, byte for byte but for the port and the time.
    let url = first.payload.endpoint.url.clone();
    let port = url.rsplit_once(':').unwrap().1;
    let (node, is_ephemeral) = read_node(&runtime, &quorum, "/maas/service/dga/2").unwrap();
    let time = first.registration_time_utc;
    assert_eq!(
        node,
        format!(
            r#"{{"name":"dga","id":"2","address":"localhost","port":{port},"sslPort":null,"payload":{{"@class":"org.apache.metron.maas.config.ModelEndpoint","endpoint":{{"url":"http://localhost:{port}","functions":{{"apply":"apply"}}}},"name":"dga","version":"1.0","containerId":"2"}},"registrationTimeUTC":{time},"serviceType":"DYNAMIC","uriSpec":null}}"#
        )
    );
    assert!(is_ephemeral);

    let list = deploy(&format!("-zq {quorum} -mo LIST"));
    let expected = format!("Model dga @ 1.0\ndga:1.0 @ {url} serving:\n\tapply=apply\n");
    assert_eq!(list, (0, expected));
    let none = deploy(&format!("-zq {quorum} -mo list -n dga -v 2.0"));
    assert_eq!(none, (0, String::new()));

    let answer = http::get(&format!("{url}/apply?host=caseystella.com")).unwrap();
    assert_eq!(answer.json()["is_malicious"], "malicious");

    // The model dies: its endpoint goes at once, and another comes.
    let work = home.path().join("work");
    let killed = Instant::now();
    for process in processes_below(&work) {
        kill(process);
    }
    eventually(Duration::from_secs(2), || {
        let found = instances(&runtime, &*registry);
        if found.contains(&first) {
            Err("the dead endpoint is still offered")
        } else {
            Ok(())
        }
    });
    println!("de-registered after {:?}", killed.elapsed());
    let second = wait_for_instances(&runtime, &*registry, 1).remove(0);
    assert_eq!(second.id, "3");
    let url = second.payload.endpoint.url;
    assert!(
        http::get(&format!("{url}/apply?host=yahoo.com"))
            .unwrap()
            .text()
            .contains("legit")
    );

    let (code, _) = deploy(&format!("-zq {quorum} -mo REMOVE -n dga -v 1.0 -ni 1"));
    assert_eq!(code, 0);
    wait_for_instances(&runtime, &*registry, 0);
    wait_for_no_processes(&work);
    assert!(http::get(&url).is_err());
    service.stop(&runtime).unwrap();
    let runs = std::fs::read_dir(&work).unwrap().flatten();
    let left: Vec<_> = runs.filter(|entry| entry.file_name() != "logs").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn bad_requests_are_put_aside_and_hold_nobody_up() {
    let zookeeper = ZooKeeper::start().unwrap();
    let quorum = zookeeper.quorum();
    let runtime = Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let registry = connect(&runtime, &quorum);
    let items: [&[u8]; 5] = [
        b"not json",
        b"null",
        br#"{"name":"a/b","version":"1","numInstances":1,"memory":5,"action":"ADD","path":"/x"}"#,
        br#"{"name":"dga","version":"1","numInstances":1,"memory":5,"action":"ADD","path":"hdfs://n/x"}"#,
        br#"{"name":"dga","version":"1","numInstances":1,"memory":5,"action":"LIST","path":null}"#,
    ];
    runtime.block_on(async {
        let client = zookeeper_client::Client::connect(&quorum).await.unwrap();
        let open = zookeeper_client::Acls::anyone_all();
        let directory = zookeeper_client::CreateMode::Persistent.with_acls(open);
        client.mkdir("/maas/queue", &directory).await.unwrap();
        client
            .create("/maas/queue/foreign", b"", &directory)
            .await
            .unwrap();
        let sequential = zookeeper_client::CreateMode::PersistentSequential.with_acls(open);
        for item in items {
            client
                .create("/maas/queue/qn-", item, &sequential)
                .await
                .unwrap();
        }
    });
    let mut service = Service::start(&runtime, quick_config(), home.path(), registry.clone());
    // One that never becomes ready, before one that does.
    let never = payload("#!/bin/sh\nsleep 1000\n");
    let root = home.path().join("models");
    for (name, local) in [("never", never.path().to_owned()), ("dga", mock_dga())] {
        let (code, out) = deploy(&format!(
            "-zq {quorum} -lmp {} -hmp {name} -mo ADD -m 5 -n {name} -v 1 -ni 2 --payload-root {}",
            local.display(),
            root.display()
        ));
        assert_eq!(code, 0, "{out}");
    }
    wait_for_instances(&runtime, &*registry, 2);
    let parked = runtime.block_on(async {
        let client = zookeeper_client::Client::connect(&quorum).await.unwrap();
        let left = client.list_children("/maas/queue").await.unwrap();
        assert_eq!(left, ["foreign"]);
        client
            .list_children("/maas/state/service/unparsable")
            .await
            .unwrap()
            .len()
    });
    assert_eq!(parked, 4, "all but the null");
    let status = eventually(LONG, || {
        let (status, _) =
            read_node(&runtime, &quorum, "/maas/state/service/status").ok_or("no status")?;
        if status.matches(r#""state":"ready""#).count() == 2 {
            Ok(status)
        } else {
            Err("not ready")
        }
    });
    assert!(
        status.contains(r#""state":"starting""#) && status.contains("hdfs:"),
        "{status}"
    );
    service.stop(&runtime).unwrap();
    wait_for_no_processes(&home.path().join("work"));
    assert!(instances(&runtime, &*registry).is_empty());
}

#[test]
fn a_lost_session_is_replaced_and_models_registered_again() {
    let zookeeper = ZooKeeper::start().unwrap();
    let quorum = zookeeper.quorum();
    let runtime = Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let registry = connect(&runtime, &quorum);
    let mut service = Service::start(&runtime, quick_config(), home.path(), registry.clone());
    let (code, out) = deploy(&format!(
        "-zq {quorum} -lmp {} -hmp m -mo ADD -m 5 -n dga -v 1 -ni 1 --payload-root {}",
        mock_dga().display(),
        home.path().join("models").display()
    ));
    assert_eq!(code, 0, "{out}");
    let before = wait_for_instances(&runtime, &*registry, 1).remove(0);
    let session = *registry.sessions().borrow();
    zookeeper.stop();
    // Longer than both sides keep a session of 4 s.
    std::thread::sleep(Duration::from_secs(8));
    assert!(
        http::get(&before.payload.endpoint.url).is_ok(),
        "the model runs on"
    );
    zookeeper.start_again().unwrap();

    eventually(LONG, || {
        let path = format!("/maas/service/dga/{}", before.id);
        let now = *registry.sessions().borrow();
        match read_node(&runtime, &quorum, &path) {
            Some((_, true)) if now > session => Ok(()),
            other => Err(format!("session {now}, node {other:?}")),
        }
    });
    // It stays when the server ends the session of before.
    std::thread::sleep(Duration::from_secs(6));
    wait_for_instances(&runtime, &*registry, 1);

    // The queue works on.
    let (code, _) = deploy(&format!("-zq {quorum} -mo REMOVE -n dga -v 1 -ni 1"));
    assert_eq!(code, 0);
    wait_for_instances(&runtime, &*registry, 0);
    service.stop(&runtime).unwrap();
}

#[test]
fn only_the_registration_that_was_made_is_withdrawn() {
    let zookeeper = ZooKeeper::start().unwrap();
    let runtime = Runtime::new().unwrap();
    let quorum = zookeeper.quorum();
    let (late, present) = (connect(&runtime, &quorum), connect(&runtime, &quorum));
    let at =
        |url: &str| ServiceInstance::new("dga", "1", 2, Endpoint::at(url), ServiceType::Static, 0);
    let (former, new) = (at("http://h:1"), at("http://h:2"));
    runtime.block_on(async {
        late.withdraw(&former).await.unwrap();
        late.register(&former).await.unwrap();
        present.register(&new).await.unwrap();
        late.withdraw(&former).await.unwrap();
    });
    assert_eq!(
        instances(&runtime, &*present),
        std::slice::from_ref(&new),
        "the id was taken by another"
    );
    runtime.block_on(late.withdraw(&new)).unwrap();
    assert!(instances(&runtime, &*present).is_empty());
}
