//! Every other server, started for real and used.

use std::time::Duration;

use alidade_testkit::{
    Elasticsearch, ElasticsearchVersion, Hdfs, Lifetime, Server, Solr, Yarn, YarnContainer,
    YarnSetup, ZooKeeper, eventually, http,
};
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

    hdfs.write("/apps/metron/other/part", &user, b"1").unwrap();
    assert!(hdfs.delete("/apps/metron/other", &user).unwrap());
    assert!(!hdfs.delete("/apps/metron/other", &user).unwrap());
    assert_eq!(hdfs.list("/apps/metron", &user).unwrap(), ["indexing"]);

    assert!(hdfs.write("/user/metron/mine", "metron", b"").is_err());
    hdfs.make_home("metron").unwrap();
    hdfs.write("/user/metron/mine", "metron", b"").unwrap();

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

/// Submits an application of one container that runs a shell command.
fn submit(yarn: &Yarn, command: &str) -> String {
    let apps = format!("{}/ws/v1/cluster/apps", yarn.url());
    let new = http::request("POST", &format!("{apps}/new-application"), None, &[]).unwrap();
    let id = new.json()["application-id"].as_str().unwrap().to_owned();
    let application = json!({
        "application-id": id,
        "application-name": "sleeper",
        "application-type": "YARN",
        "am-container-spec": { "commands": { "command": command } },
        "resource": { "memory": 64, "vCores": 1 },
        "max-app-attempts": 1,
    });
    let body = application.to_string();
    let submitted =
        http::request("POST", &apps, Some("application/json"), body.as_bytes()).unwrap();
    assert_eq!(submitted.status, 202, "{}", submitted.text());
    id
}

fn running_container(yarn: &Yarn, application: &str) -> YarnContainer {
    eventually(Duration::from_secs(120), || {
        match yarn.containers(application).pop() {
            // The pid is written before the command's output.
            Some(container) if yarn.container_log(&container.id, "out") == "here\n" => {
                Ok(container)
            }
            other => Err(format!("{other:?} {:?}", yarn.application(application))),
        }
    })
}

#[test]
fn yarn_runs_containers_that_go_with_the_cluster() {
    let hdfs = Hdfs::start().unwrap();
    let setup = YarnSetup {
        nodes: 2,
        node_memory_mb: 1024,
        recovers: true,
    };
    let yarn = Yarn::start_as(&hdfs.conf_dir(), &setup, &Lifetime::Scoped).unwrap();
    assert_eq!((yarn.node_count(), yarn.processes().len()), (2, 3));

    let command = "echo here >$LOG_DIRS/out; exec sleep 1000";
    let killed = submit(&yarn, command);
    let victim = running_container(&yarn, &killed);
    assert_eq!(yarn.applications().unwrap(), [killed.as_str()]);
    assert!(
        yarn.processes_of(&killed)
            .iter()
            .any(|process| process.pid == victim.pid && process.command == "sleep 1000"),
        "{victim:?} {:?}",
        yarn.processes_of(&killed)
    );
    yarn.kill_container(&victim);
    eventually(Duration::from_secs(60), || {
        let described = yarn.application(&killed).unwrap();
        if described["state"] == "FAILED" && yarn.containers(&killed).is_empty() {
            return Ok(());
        }
        Err(described.to_string())
    });
    assert_eq!(yarn.processes_of(&killed), []);
    // Its log is still there.
    assert_eq!(yarn.container_log(&victim.id, "out"), "here\n");
    assert!(yarn.all_container_logs().contains("here\n"));

    let lost = submit(&yarn, command);
    let container = running_container(&yarn, &lost);
    yarn.lose_node(container.node);
    assert_eq!(yarn.containers(&lost), []);
    assert_eq!(yarn.processes().len(), 2);
    yarn.start_node_again(container.node).unwrap();
    assert_eq!(yarn.processes().len(), 3);

    let left = submit(&yarn, command);
    let container = running_container(&yarn, &left);
    yarn.kill_resource_manager();
    yarn.start_again().unwrap();
    assert_eq!(yarn.containers(&left), [container]);
    assert_eq!(yarn.application(&left).unwrap()["state"], "ACCEPTED");
    let containers = yarn.container_processes();
    assert!(!containers.is_empty());
    drop(yarn);
    let left: Vec<u32> = containers
        .into_iter()
        .filter(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
