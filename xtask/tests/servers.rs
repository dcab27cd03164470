//! `cargo xtask servers` with a real ZooKeeper and a real Kafka.

use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use alidade_testkit::{ProcessRecord, RunDir, cache_dir};

/// A cache with the downloads of the real one and a state of its own; its servers end with it.
struct Cache(RunDir);

impl Cache {
    fn new() -> Self {
        let cache = RunDir::new("xtask").unwrap();
        if let Ok(entries) = std::fs::read_dir(cache_dir()) {
            for entry in entries
                .flatten()
                .filter(|entry| entry.path().join("complete").is_file())
            {
                symlink(entry.path(), cache.join(entry.file_name())).unwrap();
            }
        }
        Self(cache)
    }

    fn servers(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .arg("servers")
            .args(arguments)
            .env("ALIDADE_SERVERS_CACHE", self.0.path());
        command.output().unwrap()
    }

    fn printed(&self, arguments: &[&str]) -> String {
        let output = self.servers(arguments);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The processes that the state file names.
    fn processes(&self) -> Vec<ProcessRecord> {
        let state = std::fs::read(self.0.join("state.json")).unwrap();
        let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
        let servers = state["servers"].as_array().unwrap();
        let processes = servers
            .iter()
            .flat_map(|server| server["processes"].as_array().unwrap());
        let records = processes.map(|process| ProcessRecord {
            name: process["name"].as_str().unwrap().to_owned(),
            pid: u32::try_from(process["pid"].as_u64().unwrap()).unwrap(),
            start_time: process["start_time"].as_u64().unwrap(),
        });
        records.collect()
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.servers(&["down"]);
    }
}

#[test]
fn servers_stay_up_until_told_to_go() {
    let cache = Cache::new();
    assert!(cache.printed(&["status"]).starts_with("no servers are up"));
    let refused = cache.servers(&["address", "kafka"]);
    assert!(!refused.status.success());
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("kafka is not up; start it with `cargo xtask servers up kafka`"));

    let table = cache.printed(&["up", "zookeeper", "kafka"]);
    assert_eq!(table, cache.printed(&["status"]));
    let quorum = cache.printed(&["address", "zookeeper"]);
    assert!(table.contains(&quorum), "{table}");
    assert!(TcpStream::connect(&quorum).is_ok());
    assert!(TcpStream::connect(cache.printed(&["address", "kafka"])).is_ok());
    let first = cache.processes();
    assert_eq!(first.len(), 2);
    assert!(first.iter().all(ProcessRecord::is_running));

    // What is up is left alone, what has ended is started anew.
    let zookeeper = first
        .iter()
        .find(|process| process.name == "zookeeper")
        .unwrap();
    zookeeper.kill();
    while zookeeper.is_running() {
        std::thread::yield_now();
    }
    assert!(cache.printed(&["status"]).contains("ENDED"));
    cache.printed(&["up", "zookeeper", "kafka"]);
    let second = cache.processes();
    assert_eq!(
        second
            .iter()
            .filter(|process| first.contains(process))
            .count(),
        1
    );
    assert!(second.iter().all(ProcessRecord::is_running));
    assert_eq!(second.len(), 2);

    cache.printed(&["down"]);
    assert!(!second.iter().any(ProcessRecord::is_running));
    assert!(cache.printed(&["status"]).starts_with("no servers are up"));
    cache.printed(&["down"]);
}

#[test]
fn a_state_file_with_another_process_under_an_old_pid_harms_nobody() {
    let cache = Cache::new();
    let mut bystander = Command::new("sleep").arg("1000").spawn().unwrap();
    let state = serde_json::json!({ "servers": [{
        "kind": "kafka",
        "addresses": [["bootstrap servers", "127.0.0.1:1"]],
        "processes": [{ "name": "kafka", "pid": bystander.id(), "start_time": 1 }],
        "run_dir": cache.0.join("gone"),
    }] });
    cache.0.write("state.json", state.to_string()).unwrap();
    assert!(cache.printed(&["status"]).contains("ENDED"));
    cache.printed(&["down"]);
    assert_eq!(bystander.try_wait().unwrap(), None);
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}
