//! Every other server, started for real and used.

use alidade_testkit::{Elasticsearch, ElasticsearchVersion, Hdfs, Server, Solr, ZooKeeper, http};
use serde_json::json;

fn index_and_get(version: ElasticsearchVersion, number: &str, kind: &str) {
    let elasticsearch = Elasticsearch::start(version).unwrap();
    let url = elasticsearch.url();
    assert_eq!(http::get(&url).unwrap().json()["version"]["number"], number);

    let document = json!({ "full_hostname": "cnn.com", "threat:triage:score": 100.0 });
    let place = format!("{url}/squid_index/{kind}/guid1");
    let body = document.to_string();
    let indexed = http::request("PUT", &place, Some("application/json"), body.as_bytes()).unwrap();
    assert_eq!(indexed.status, 201, "{}", indexed.text());

    elasticsearch.kill();
    elasticsearch.start_again().unwrap();
    // The shard may be opened a moment after the node.
    let health = format!("{url}/_cluster/health/squid_index?wait_for_status=yellow");
    assert_eq!(http::get(&health).unwrap().status, 200);
    assert_eq!(http::get(&place).unwrap().json()["_source"], document);
}

#[test]
fn elasticsearch_6_keeps_documents_over_a_crash() {
    index_and_get(ElasticsearchVersion::V6, "6.8.23", "squid_doc");
}

#[test]
fn elasticsearch_7_keeps_documents_over_a_crash() {
    index_and_get(ElasticsearchVersion::V7, "7.17.9", "_doc");
}

#[test]
fn hdfs_keeps_files_over_a_crash() {
    let hdfs = Hdfs::start().unwrap();
    for name in ["core-site.xml", "hdfs-site.xml"] {
        assert!(hdfs.conf_dir().join(name).is_file());
    }
    let user = user();
    assert!(hdfs.list("/apps/metron", &user).unwrap().is_empty());
    hdfs.make_dir("/apps/metron/indexing", &user).unwrap();
    hdfs.write(
        "/apps/metron/indexing/squid.json",
        &user,
        b"{\"code\":301}\n",
    )
    .unwrap();
    assert_eq!(
        hdfs.list("/apps/metron/indexing", &user).unwrap(),
        ["squid.json"]
    );
    assert!(hdfs.write("/refused", "somebody", b"").is_err());

    hdfs.kill_namenode();
    hdfs.kill_datanode();
    assert!(hdfs.processes().is_empty());
    hdfs.start_again().unwrap();
    assert_eq!(hdfs.processes().len(), 2);
    let content = hdfs
        .read("/apps/metron/indexing/squid.json", &user)
        .unwrap();
    assert_eq!(content, b"{\"code\":301}\n");
}

#[test]
fn solr_finds_what_was_added() {
    let zookeeper = ZooKeeper::start().unwrap();
    let solr = Solr::start(&zookeeper).unwrap();
    solr.create_collection("squid").unwrap();
    let events = json!([
        { "guid": "1", "source.type": "squid", "timestamp": 1_571_163_632_536_i64,
          "full_hostname": "cnn.com", "is_alert": "true", "threat.triage.score": 100.0,
          "original_string": "GET http://cnn.com/" },
        { "guid": "2", "source.type": "squid", "full_hostname": "yahoo.com" },
        { "guid": "2", "source.type": "squid", "full_hostname": "yahoo.com", "code": 301 },
    ]);
    let body = events.to_string();
    let url = format!("{}/squid/update?commit=true", solr.url());
    let added = http::request("POST", &url, Some("application/json"), body.as_bytes()).unwrap();
    assert_eq!(
        added.json()["responseHeader"]["status"],
        0,
        "{}",
        added.text()
    );

    let all = http::get(&format!("{}/squid/select?q=*:*", solr.url()))
        .unwrap()
        .json();
    assert_eq!(all["response"]["numFound"], 2);
    let query = "q=threat.triage.score:%5B50%20TO%20*%5D&fq=is_alert:true";
    let found = http::get(&format!("{}/squid/select?{query}", solr.url()))
        .unwrap()
        .json();
    assert_eq!(found["response"]["numFound"], 1);
    assert_eq!(found["response"]["docs"][0]["full_hostname"], "cnn.com");

    let again = solr.create_collection("squid").unwrap_err().to_string();
    assert!(
        again.contains("solr cannot create collection squid"),
        "{again}"
    );
}

/// Hadoop takes the name of the operating system's user.
fn user() -> String {
    let output = std::process::Command::new("id")
        .arg("-un")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
