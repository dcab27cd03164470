//! Servers that demand tickets. What clients do with them is tested where the clients are.

use std::time::Instant;

use alidade_testkit::{Kdc, YarnSetup, http};

#[test]
fn tickets_and_servers() {
    let began = Instant::now();
    let kdc = Kdc::start().unwrap();
    println!("kdc {:?}", began.elapsed());
    let ticket = kdc.with_ticket("metron").unwrap();
    assert!(ticket.cache().is_file());
    assert!(!kdc.with_keytab("metron").cache().exists());

    let hdfs = kdc.hdfs().unwrap();
    println!("hdfs {:?}", began.elapsed());
    assert!(hdfs.uri().starts_with("hdfs://localhost:"));
    hdfs.write("/user/metron/a", "metron", b"text").unwrap();
    assert_eq!(hdfs.read("/user/metron/a", "metron").unwrap(), b"text");
    hdfs.write("/user/b", "metron", b"text").unwrap_err();

    let yarn = kdc.yarn(&hdfs, &YarnSetup::default()).unwrap();
    println!("yarn {:?}", began.elapsed());
    let info = http::get(&format!("{}/ws/v1/cluster/info", yarn.url())).unwrap();
    assert_eq!(info.json()["clusterInfo"]["state"], "STARTED");
    let zk = kdc.zookeeper().unwrap();
    println!("zk {:?}", began.elapsed());
    let kafka = kdc.kafka().unwrap();
    println!("kafka {:?}", began.elapsed());
    println!("{} {}", zk.quorum(), kafka.bootstrap());
}
