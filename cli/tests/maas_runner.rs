//! `alidade maas runner` in what it takes for a container: the variables, the links into the cache and the signals of a node
//! manager, with a real ZooKeeper.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alidade_maas_service::RunnerSettings;
use alidade_testkit::{Process, ProcessBuilder, ZooKeeper, eventually, http};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const LONG: Duration = Duration::from_secs(60);
const TOKENS: &str = "HADOOP_TOKEN_FILE_LOCATION";

/// A server that answers everything, in a process of its own below the script's.
const SERVER: &str = r#"
python3 -c '
import http.server, os
class Model(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Model)
print("{\"url\":\"http://0.0.0.0:%d\"}" % server.server_address[1], file=open("e", "w"), flush=True)
os.rename("e", "endpoint.dat")
server.serve_forever()
'
"#;

/// The container's number, of the third life of the resource manager.
const ID: u64 = (3 << 40) + 5;

struct Container {
    home: TempDir,
    zookeeper: ZooKeeper,
    runtime: Runtime,
}

impl Container {
    /// The model's script is a link into the node's cache.
    fn new(script: &str) -> Container {
        let home = tempfile::tempdir().unwrap();
        for folder in ["work", "logs", "cache"] {
            std::fs::create_dir(home.path().join(folder)).unwrap();
        }
        let container = Container {
            home,
            zookeeper: ZooKeeper::start().unwrap(),
            runtime: Runtime::new().unwrap(),
        };
        let cached = container.path("cache/script");
        std::fs::write(&cached, script).unwrap();
        std::fs::set_permissions(&cached, std::fs::Permissions::from_mode(0o500)).unwrap();
        symlink(cached, container.path("work/rest.sh")).unwrap();
        std::fs::write(container.path("work/tokens"), "secret").unwrap();
        container
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn settings(&self) -> RunnerSettings {
        RunnerSettings {
            zookeeper: self.zookeeper.quorum(),
            config_path: "/metron/maas/config".to_owned(),
            name: "dga".to_owned(),
            version: "1.0".to_owned(),
            persistent: false,
            start_limit_s: 60,
            drain_ms: 100,
            grace_ms: 2000,
            environment: vec![("SETTING".to_owned(), "a b".to_owned())],
            script: "rest.sh".to_owned(),
            log_bytes: 10 << 20,
        }
    }

    fn run(&self, settings: &RunnerSettings) -> Process {
        let logs = format!("{},/nowhere/else", self.path("logs").display());
        ProcessBuilder::new(env!("CARGO_BIN_EXE_alidade"))
            .args(["maas", "runner"])
            .current_dir(self.path("work"))
            .env(RunnerSettings::VARIABLE, settings.encode())
            .env("CONTAINER_ID", "container_e03_1410901177871_0001_01_000005")
            .env("NM_HOST", "localhost")
            .env("LOG_DIRS", logs)
            .env(TOKENS, self.path("work/tokens"))
            .spawn()
            .unwrap()
    }

    /// The node of the registration, and whether it goes with its session.
    fn node(&self) -> Option<(String, bool)> {
        let quorum = self.zookeeper.quorum();
        self.runtime.block_on(async {
            let client = zookeeper_client::Client::connect(&quorum).await.unwrap();
            let path = format!("/maas/service/dga/{ID}");
            let (data, stat) = client.get_data(&path).await.ok()?;
            Some((String::from_utf8(data).unwrap(), stat.ephemeral_owner != 0))
        })
    }

    #[track_caller]
    fn wait_for_node(&self, runner: &Process) -> (String, bool) {
        eventually(LONG, || {
            self.node()
                .ok_or_else(|| format!("not registered: {}", runner.log()))
        })
    }

    #[track_caller]
    fn wait_for_no_processes(&self) {
        eventually(LONG, || match processes_below(self.home.path()) {
            none if none.is_empty() => Ok(()),
            some => Err(format!("still running: {some:?}")),
        });
    }
}

/// Ids of the live processes whose working directory is below a directory.
fn processes_below(directory: &Path) -> Vec<i32> {
    let directory = directory.canonicalize().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let process = entry.file_name().to_str()?.parse().ok()?;
            let place = std::fs::read_link(entry.path().join("cwd")).ok()?;
            place.starts_with(&directory).then_some(process)
        })
        .collect()
}

/// Text between two others.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split_once(before).unwrap().1;
    rest.split_once(after).unwrap().0
}

#[test]
fn a_model_is_registered_like_upstreams_and_ended_in_order() {
    let container = Container::new(&format!(
        "#!/bin/sh\nenv > environment\nyes chatter | head -c 1000000\necho complaint >&2\n{SERVER}"
    ));
    let stale = container.path("cache/stale");
    std::fs::write(&stale, r#"{"url":"http://127.0.0.1:1"}"#).unwrap();
    symlink(&stale, container.path("work/endpoint.dat")).unwrap();
    let mut runner = container.run(&container.settings());

    let (node, is_ephemeral) = container.wait_for_node(&runner);
    let port = between(&node, r#""port":"#, ",");
    let time = between(&node, r#""registrationTimeUTC":"#, ",");
    assert_eq!(
        node,
        format!(
            r#"{{"name":"dga","id":"3298534883333","address":"localhost","port":{port},"sslPort":null,"payload":{{"@class":"org.apache.metron.maas.config.ModelEndpoint","endpoint":{{"url":"http://localhost:{port}","functions":{{"apply":"apply"}}}},"name":"dga","version":"1.0","containerId":"3298534883333"}},"registrationTimeUTC":{time},"serviceType":"DYNAMIC","uriSpec":null}}"#
        )
    );
    assert!(is_ephemeral);
    assert!(http::get(&format!("http://127.0.0.1:{port}")).is_ok());
    assert!(stale.exists(), "only the link was removed");

    let environment = container.read("work/environment");
    assert!(environment.contains("\nSETTING=a b\n"), "{environment}");
    assert!(environment.contains("CONTAINER_ID=container_e03_"));
    for variable in [RunnerSettings::VARIABLE, TOKENS] {
        assert!(!environment.contains(variable), "{variable}");
    }
    assert!(!container.path("work/tokens").exists());
    eventually(LONG, || {
        let drained = container.read("logs/model.stdout.log").len();
        let complaint = container.read("logs/model.stderr.log");
        match (drained, complaint.contains("complaint")) {
            (1_000_000, true) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    assert!(!runner.log().contains("chatter"));

    runner.terminate();
    assert_eq!(
        runner.wait(LONG).unwrap().code(),
        Some(0),
        "{}",
        runner.log()
    );
    assert_eq!(container.node(), None);
    container.wait_for_no_processes();
}

#[test]
fn a_killed_runner_leaves_no_process_behind() {
    let container = Container::new(&format!("#!/bin/sh\ntrap '' TERM\n{SERVER}"));
    let mut runner = container.run(&container.settings());
    container.wait_for_node(&runner);
    assert!(processes_below(container.home.path()).len() >= 3);
    // As a node manager does: the whole group of the container.
    let group = format!("-{}", runner.pid());
    let killed = std::process::Command::new("kill")
        .args(["-KILL", "--", &group])
        .status();
    assert!(killed.unwrap().success());
    container.wait_for_no_processes();
    assert_eq!(runner.wait(LONG).unwrap().code(), None);
    eventually(LONG, || match container.node() {
        None => Ok(()),
        Some(node) => Err(format!("{node:?}")),
    });
}

#[test]
fn a_crashed_model_is_out_of_the_registry_at_once_and_the_last_line_says_why() {
    let container = Container::new(&format!(
        "(\n{SERVER}\n) &\nwhile [ ! -e crash ]; do sleep 0.05; done\necho 'first word' >&2\necho 'no more memory' >&2\nexit 3\n"
    ));
    // Without a first line that names the program, and not to be executed: the shell must do.
    let script = container.path("cache/script");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o400)).unwrap();
    let settings = RunnerSettings {
        persistent: true,
        ..container.settings()
    };
    let mut runner = container.run(&settings);
    let (node, is_ephemeral) = container.wait_for_node(&runner);
    assert!(node.contains(r#""serviceType":"STATIC""#) && !is_ephemeral);

    std::fs::write(container.path("work/crash"), "").unwrap();
    let crashed = Instant::now();
    eventually(Duration::from_secs(5), || match container.node() {
        None => Ok(()),
        Some(node) => Err(format!("{node:?}")),
    });
    println!("de-registered after {:?}", crashed.elapsed());
    assert_eq!(runner.wait(LONG).unwrap().code(), Some(1));
    assert_eq!(
        runner.log().lines().last(),
        Some(
            "alidade runner: the model ended (exit status: 3; its last words: first word no more memory)"
        )
    );
    container.wait_for_no_processes();
}

#[test]
fn a_zookeeper_that_is_away_ends_no_model() {
    let container = Container::new(&format!("#!/bin/sh\n{SERVER}"));
    container.zookeeper.stop();
    let mut runner = container.run(&container.settings());
    eventually(LONG, || {
        match std::fs::read(container.path("work/endpoint.dat")) {
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    });
    let model = processes_below(container.home.path());
    container.zookeeper.start_again().unwrap();
    let before = container.wait_for_node(&runner);
    container.zookeeper.stop();
    // Longer than both sides keep the session.
    std::thread::sleep(Duration::from_secs(15));
    assert_eq!(processes_below(container.home.path()), model);
    container.zookeeper.start_again().unwrap();
    // The server may keep the node of the session before for a while.
    std::thread::sleep(Duration::from_secs(15));
    assert_eq!(container.wait_for_node(&runner), before);
    assert_eq!(processes_below(container.home.path()), model);
    runner.terminate();
    assert_eq!(runner.wait(LONG).unwrap().code(), Some(0));
    assert_eq!(container.node(), None);
}

#[test]
fn a_model_that_never_answers_is_ended_after_its_time() {
    let container = Container::new("#!/bin/sh\nsleep 1000\n");
    let settings = RunnerSettings {
        start_limit_s: 1,
        ..container.settings()
    };
    let mut runner = container.run(&settings);
    assert_eq!(runner.wait(LONG).unwrap().code(), Some(1));
    assert_eq!(
        runner.log().lines().last(),
        Some("alidade runner: it did not answer within 1 s of its launch")
    );
    container.wait_for_no_processes();
}

#[test]
fn a_runner_outside_of_a_container_says_that_it_is_none_for_people() {
    let mut runner = ProcessBuilder::new(env!("CARGO_BIN_EXE_alidade"))
        .args(["maas", "runner"])
        .spawn()
        .unwrap();
    assert_eq!(runner.wait(LONG).unwrap().code(), Some(1));
    assert!(
        runner.log().contains("not for use by hand"),
        "{}",
        runner.log()
    );
}
