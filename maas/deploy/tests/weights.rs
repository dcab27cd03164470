//! `maas_deploy -mo WEIGHT` against a real ZooKeeper.

use alidade_maas_core::{
    Endpoint, Registry, ServiceInstance, ServiceType, ZooKeeperOptions, ZooKeeperRegistry,
};
use alidade_testkit::ZooKeeper;

const NODE: &str = "/maas/state/service/routing/dga";

fn maas_deploy(quorum: &str, line: &str) -> (i32, String) {
    let line = format!("-zq {quorum} {line}");
    let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let mut out = Vec::new();
    let code = alidade_maas_deploy::run(&args, &mut out);
    (code, String::from_utf8(out).unwrap())
}

#[test]
fn weights_are_set_shown_and_taken_away() {
    let zookeeper = ZooKeeper::start().unwrap();
    let quorum = zookeeper.quorum();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (service, client) = runtime.block_on(async {
        let options = ZooKeeperOptions::new(&quorum);
        let service = ZooKeeperRegistry::connect(options).await.unwrap();
        for (version, id) in [("1.0", 2), ("1.1", 3)] {
            let endpoint = Endpoint::at(&format!("http://node1:{id}"));
            let instance =
                ServiceInstance::new("dga", version, id, endpoint, ServiceType::Dynamic, 0);
            service.register(&instance).await.unwrap();
        }
        let client = zookeeper_client::Client::connect(&quorum).await.unwrap();
        (service, client)
    });
    let node = || {
        let read = runtime.block_on(client.get_data(NODE));
        read.ok().map(|(data, _)| String::from_utf8(data).unwrap())
    };
    let weight = |line: &str| maas_deploy(&quorum, &format!("-mo WEIGHT -n dga {line}"));

    let table = |canary: &str| {
        format!(
            "\
VERSION  REGISTERED  WEIGHT  SHADOW
1.0      1           rest    -
1.1      1           {canary}
"
        )
    };
    assert_eq!(weight("-v 1.1 --weight 10"), (0, table("10      -")));
    assert_eq!(weight("-v 1.1 --shadow 2.5"), (0, table("10      2.5")));
    assert_eq!(weight(""), (0, table("10      2.5")));
    let stored = r#"{"versions":{"1.1":{"weight":10,"shadow":2.5}}}"#;
    assert_eq!(node().as_deref(), Some(stored));
    let (code, listing) = maas_deploy(&quorum, "-mo LIST --wide");
    assert_eq!(code, 0);
    let canary = listing.lines().find(|line| line.contains("http://node1:3"));
    let cells: Vec<&str> = canary.unwrap().split_whitespace().take(4).collect();
    assert_eq!(cells, ["dga", "1.1", "10", "2.5"]);

    // More than everything is refused, and nothing changes.
    assert_eq!(weight("-v 1.0 --weight 90.1"), (1, String::new()));
    assert_eq!(node().as_deref(), Some(stored));

    assert_eq!(weight("-v 1.1 --weight none --shadow none").0, 0);
    assert_eq!(node(), None);
    // What upstream's programs read has no trace of any of it.
    let children = runtime.block_on(client.list_children("/maas/service"));
    assert_eq!(children.unwrap(), ["dga"]);
    drop(service);
}
