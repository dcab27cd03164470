//! Whatever happens to a test, its servers, ports and files are gone afterwards.

use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use alidade_testkit::{
    Elasticsearch, ElasticsearchVersion, Hdfs, Lifetime, ProcessBuilder, ProcessRecord, RunDir,
    Server, ZooKeeper, cache_dir, eventually,
};

const SOON: Duration = Duration::from_secs(30);

/// Makes the helper test below wait to be killed.
const HELPER: &str = "ALIDADE_TESTKIT_WAIT_TO_BE_KILLED";

fn is_open(address: &str) -> bool {
    TcpStream::connect(address).is_ok()
}

#[test]
fn a_dropped_server_leaves_nothing() {
    let zookeeper = ZooKeeper::start().unwrap();
    let (quorum, run_dir) = (zookeeper.quorum(), zookeeper.run_dir().to_path_buf());
    let process = zookeeper.processes().remove(0);
    assert!(process.is_running() && is_open(&quorum) && run_dir.is_dir());

    drop(zookeeper);
    assert!(!process.is_running() && !is_open(&quorum) && !run_dir.exists());
}

#[test]
fn a_panicking_test_leaves_only_the_logs() {
    let mut seen: Option<(ProcessRecord, String, PathBuf)> = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let zookeeper = ZooKeeper::start().unwrap();
        let process = zookeeper.processes().remove(0);
        seen = Some((
            process,
            zookeeper.quorum(),
            zookeeper.run_dir().to_path_buf(),
        ));
        panic!("the test fails");
    }));
    assert!(outcome.is_err());
    let (process, quorum, run_dir) = seen.unwrap();
    assert!(!process.is_running() && !is_open(&quorum) && !run_dir.exists());

    let prefix = format!("zookeeper-{}-", std::process::id());
    let folder = std::fs::read_dir(cache_dir().join("failed"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(&prefix)
        })
        .unwrap();
    let log = std::fs::read_to_string(folder.join("zookeeper.log")).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    assert!(log.contains("QuorumPeerMain"), "{log}");
}

#[test]
fn servers_outlive_the_thread_that_started_them() {
    let zookeeper = std::thread::spawn(|| ZooKeeper::start().unwrap())
        .join()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(zookeeper.ask("ruok").unwrap(), "imok");
}

/// Two servers, one of them of another user when run as root: changing the user makes the kernel
/// forget that the process is to end with its parent.
#[test]
fn helper_two_servers_of_a_test_that_may_be_killed() {
    let zookeeper = ZooKeeper::start().unwrap();
    let elasticsearch = Elasticsearch::start(ElasticsearchVersion::V7).unwrap();
    for server in [&zookeeper as &dyn Server, &elasticsearch] {
        let process = server.processes().remove(0);
        assert!(process.is_running());
        println!("\nserver {} {}", process.pid, process.start_time);
        println!("\nfiles {}", server.run_dir().display());
    }
    println!("\nstarted");
    while std::env::var_os(HELPER).is_some() {
        std::thread::sleep(SOON);
    }
}

#[test]
fn servers_of_a_killed_test_are_killed() {
    let mut test = ProcessBuilder::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "helper_two_servers_of_a_test_that_may_be_killed",
            "--nocapture",
        ])
        .env(HELPER, "1")
        .spawn()
        .unwrap();
    test.wait_for_line("started", Duration::from_secs(300))
        .unwrap();
    let servers: Vec<ProcessRecord> = test
        .log()
        .lines()
        .filter_map(|line| line.strip_prefix("server "))
        .filter_map(|line| line.split_once(' '))
        .map(|(pid, start_time)| ProcessRecord {
            name: "server".to_owned(),
            pid: pid.parse().unwrap(),
            start_time: start_time.parse().unwrap(),
        })
        .collect();
    assert_eq!(servers.len(), 2);
    assert!(servers.iter().all(ProcessRecord::is_running));

    let log = test.log();
    let run_dirs: Vec<&str> = log
        .lines()
        .filter_map(|line| line.strip_prefix("files "))
        .collect();
    assert_eq!(run_dirs.len(), 2);
    assert!(run_dirs.iter().all(|run_dir| Path::new(run_dir).is_dir()));

    test.kill();
    eventually(SOON, || {
        match servers.iter().find(|server| server.is_running()) {
            None => Ok(()),
            Some(server) => Err(format!("{server:?} still runs")),
        }
    });

    // Nobody was left to remove the files: the next process does.
    let next = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_dropped_server_leaves_nothing"])
        .status()
        .unwrap();
    assert!(next.success());
    assert!(run_dirs.iter().all(|run_dir| !Path::new(run_dir).exists()));
}

#[test]
fn a_detached_server_stays_until_it_is_ended_by_its_pid() {
    let place = RunDir::new("detached").unwrap();
    let lifetime = Lifetime::Detachable {
        root: place.path().to_path_buf(),
    };
    let zookeeper = ZooKeeper::start_with(&lifetime).unwrap();
    assert!(zookeeper.run_dir().starts_with(place.path()));
    let (quorum, run_dir) = (zookeeper.quorum(), zookeeper.run_dir().to_path_buf());
    let process = zookeeper.processes().remove(0);
    zookeeper.detach();
    drop(zookeeper);
    assert!(process.is_running() && is_open(&quorum) && run_dir.is_dir());

    let somebody_else = ProcessRecord {
        start_time: process.start_time + 1,
        ..process.clone()
    };
    somebody_else.kill();
    assert!(process.is_running());
    process.terminate();
    eventually(SOON, || {
        if process.is_running() {
            Err("still running")
        } else {
            Ok(())
        }
    });
}

#[test]
fn a_detachable_server_that_is_not_detached_ends_with_its_value() {
    let place = RunDir::new("detachable").unwrap();
    let lifetime = Lifetime::Detachable {
        root: place.path().to_path_buf(),
    };
    let hdfs = Hdfs::start_with(&lifetime).unwrap();
    let processes = hdfs.processes();
    let run_dir = hdfs.run_dir().to_path_buf();
    assert_eq!(processes.len(), 2);
    drop(hdfs);
    assert!(processes.iter().all(|process| !process.is_running()));
    assert!(!run_dir.exists());
}

#[test]
fn a_missing_jdk_is_named_with_the_remedy() {
    let test = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_dropped_server_leaves_nothing", "--nocapture"])
        .env("PATH", "/nowhere")
        .env_remove("JAVA_HOME")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&test.stderr);
    assert!(!test.status.success());
    assert!(
        words.contains("`java` was not found; install JDK 17"),
        "{words}"
    );
}
