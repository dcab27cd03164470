//! Models that misbehave, with the registry in memory.

mod support;

use std::sync::Arc;
use std::time::Duration;

use alidade_maas_core::{MemoryRegistry, ModelRequest, Registry};
use alidade_maas_service::ServiceConfig;
use alidade_testkit::{eventually, http};
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use support::*;

struct Bench {
    runtime: Runtime,
    registry: Arc<MemoryRegistry>,
    home: TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench {
            runtime: Runtime::new().unwrap(),
            registry: Arc::new(MemoryRegistry::new()),
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn serve(&self, config: ServiceConfig) -> Service {
        Service::start(
            &self.runtime,
            config,
            self.home.path(),
            self.registry.clone(),
        )
    }

    fn add(&self, name: &str, payload: &std::path::Path, instances: i32) {
        let path = payload.to_str().unwrap();
        let request = ModelRequest::add(name, "1", instances, 5, path);
        self.runtime
            .block_on(self.registry.enqueue(&request))
            .unwrap();
    }

    fn remove(&self, name: &str, instances: i32) {
        let request = ModelRequest::remove(name, "1", instances);
        self.runtime
            .block_on(self.registry.enqueue(&request))
            .unwrap();
    }

    /// Waits until the first instance's status passes the test.
    #[track_caller]
    fn wait_for_status(&self, test: impl Fn(&Json) -> bool) -> Json {
        eventually(LONG, || {
            let status: Json = serde_json::from_slice(&self.registry.status()).unwrap_or_default();
            let instance = status["instances"][0].clone();
            if test(&instance) {
                Ok(instance)
            } else {
                Err(status.to_string())
            }
        })
    }

    fn work(&self) -> std::path::PathBuf {
        self.home.path().join("work")
    }
}

#[test]
fn a_model_that_keeps_failing_is_given_up_and_says_why() {
    let bench = Bench::new();
    let broken = payload("#!/bin/sh\necho 'no flask here' >&2\nexit 3\n");
    let config = ServiceConfig {
        max_failures: 3,
        first_restart_pause: Duration::from_millis(20),
        ..quick_config()
    };
    let mut service = bench.serve(config);
    bench.add("dga", broken.path(), 1);
    let status = bench.wait_for_status(|instance| instance["state"] == "given_up");
    assert_eq!(status["failures"], 3);
    let reason = status["last_failure"].as_str().unwrap();
    assert!(
        reason.contains("exit status: 3") && reason.contains("no flask here"),
        "{reason}"
    );
    bench.remove("dga", 1);
    bench.wait_for_status(Json::is_null);
    service.stop(&bench.runtime).unwrap();
}

#[test]
fn a_model_that_never_answers_is_ended_after_its_time() {
    let bench = Bench::new();
    let silent =
        payload("#!/bin/sh\necho '{\"url\":\"http://0.0.0.0:1\"}' > endpoint.dat\nsleep 1000\n");
    let config = ServiceConfig {
        start_limit: Duration::from_millis(700),
        max_failures: 1,
        ..quick_config()
    };
    let mut service = bench.serve(config);
    bench.add("dga", silent.path(), 1);
    let status = bench.wait_for_status(|instance| instance["state"] == "given_up");
    let reason = status["last_failure"].as_str().unwrap();
    assert!(reason.contains("did not answer within"), "{reason}");
    assert!(instances(&bench.runtime, &*bench.registry).is_empty());
    wait_for_no_processes(&bench.work());
    service.stop(&bench.runtime).unwrap();
}

/// A model in the shell's language, without a first line that says so: a server in the background, half an endpoint file
/// first, a function of its own, chatter that would fill a pipe, and no ear for the request to end.
const AWKWARD: &str = r#"
trap '' TERM
python3 -c '
import http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_address[1], file=open("port", "w"), flush=True)
server.serve_forever()
' 2>/dev/null &
while [ ! -s port ]; do sleep 0.05; done
printf '{"url":"http://127.0.0.1' > endpoint.dat
sleep 0.3
printf '{"url":"http://user:secret@127.0.0.1:%s/sub#x","functions":{"score":"/v2/score"}}' "$(cat port)" > endpoint.dat
yes 'a line of chatter' | head -c 1000000
echo "$SETTING" > setting
while :; do sleep 1; done
"#;

#[test]
fn an_awkward_model_is_run_and_ended_all_the_same() {
    let bench = Bench::new();
    let awkward = payload(AWKWARD);
    let mut service = bench.serve(quick_config());
    bench.add("awkward", awkward.path(), 1);
    let instance = wait_for_instances(&bench.runtime, &*bench.registry, 1).remove(0);
    let endpoint = &instance.payload.endpoint;
    assert!(
        endpoint.url.starts_with("http://localhost:") && endpoint.url.ends_with("/sub"),
        "{endpoint:?}"
    );
    assert_eq!(endpoint.functions.len(), 1);
    assert_eq!(endpoint.functions["score"], "/v2/score");
    assert!(processes_below(&bench.work()).len() >= 2);
    bench.remove("awkward", 1);
    wait_for_instances(&bench.runtime, &*bench.registry, 0);
    wait_for_no_processes(&bench.work());
    service.stop(&bench.runtime).unwrap();
}

#[test]
fn a_model_that_stops_listening_is_restarted() {
    let bench = Bench::new();
    let closing = payload(
        "#!/bin/sh\nexec python3 -c '
import socket, time, os
server = socket.create_server((\"127.0.0.1\", 0))
open(\"e\", \"w\").write(\"{\\\"url\\\":\\\"ftp://127.0.0.1:%d\\\"}\" % server.getsockname()[1])
os.rename(\"e\", \"endpoint.dat\")
time.sleep(1.5)
server.close()
time.sleep(1000)
'\n",
    );
    let mut service = bench.serve(quick_config());
    bench.add("closing", closing.path(), 1);
    let first = wait_for_instances(&bench.runtime, &*bench.registry, 1).remove(0);
    let status = bench.wait_for_status(|instance| instance["failures"] == 1);
    assert!(
        status["last_failure"]
            .as_str()
            .unwrap()
            .contains("took no connection"),
        "{status}"
    );
    let second = eventually(LONG, || {
        let found = instances(&bench.runtime, &*bench.registry);
        found
            .into_iter()
            .find(|instance| instance.id != first.id)
            .ok_or("not restarted")
    });
    assert_eq!(second.id, "3");
    service.stop(&bench.runtime).unwrap();
}

#[test]
fn instances_are_removed_in_the_order_of_their_launch() {
    let bench = Bench::new();
    let mut service = bench.serve(quick_config());
    bench.add("dga", &mock_dga(), 2);
    let first = wait_for_instances(&bench.runtime, &*bench.registry, 2);
    bench.add("dga", &mock_dga(), 1);
    let all = wait_for_instances(&bench.runtime, &*bench.registry, 3);
    bench.remove("dga", 2);
    bench.remove("unknown", 1);
    let left = wait_for_instances(&bench.runtime, &*bench.registry, 1).remove(0);
    assert!(!first.contains(&left) && all.contains(&left), "{left:?}");
    assert!(
        http::get(&format!("{}/apply?host=a.com", left.payload.endpoint.url))
            .unwrap()
            .is_success()
    );
    bench.remove("dga", 5);
    wait_for_instances(&bench.runtime, &*bench.registry, 0);
    service.stop(&bench.runtime).unwrap();
}

#[test]
fn what_was_asked_for_comes_back_with_the_next_service() {
    let bench = Bench::new();
    let mut service = bench.serve(quick_config());
    bench.add("dga", &mock_dga(), 2);
    wait_for_instances(&bench.runtime, &*bench.registry, 2);
    service.stop(&bench.runtime).unwrap();
    assert!(instances(&bench.runtime, &*bench.registry).is_empty());
    wait_for_no_processes(&bench.work());
    let mut service = bench.serve(quick_config());
    wait_for_instances(&bench.runtime, &*bench.registry, 2);
    bench.registry.lose_session();
    wait_for_instances(&bench.runtime, &*bench.registry, 2);
    service.stop(&bench.runtime).unwrap();
}

#[test]
fn a_restarted_instance_runs_the_payload_of_its_request() {
    let bench = Bench::new();
    let model = tempfile::tempdir().unwrap();
    for file in ["rest.sh", "dga.py"] {
        std::fs::copy(mock_dga().join(file), model.path().join(file)).unwrap();
    }
    let mut service = bench.serve(quick_config());
    bench.add("dga", model.path(), 1);
    let first = wait_for_instances(&bench.runtime, &*bench.registry, 1).remove(0);
    std::fs::write(model.path().join("rest.sh"), "#!/bin/sh\nexit 1\n").unwrap();
    for process in processes_below(&bench.work()) {
        let done = std::process::Command::new("kill")
            .arg(process.to_string())
            .status();
        assert!(done.unwrap().success());
    }
    eventually(LONG, || {
        let found = instances(&bench.runtime, &*bench.registry);
        match found.first() {
            Some(instance) if instance.id != first.id => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    service.stop(&bench.runtime).unwrap();
}

#[test]
fn a_second_service_is_refused() {
    let bench = Bench::new();
    let config = |holder: &str| ServiceConfig {
        holder: holder.to_owned(),
        claim_patience: Duration::from_millis(100),
        ..quick_config()
    };
    let mut first = bench.serve(config("the first"));
    eventually(LONG, || {
        match bench.runtime.block_on(bench.registry.holder()) {
            Ok(Some(_)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    let mut second = bench.serve(config("the second"));
    let refused = second.wait(&bench.runtime).unwrap_err().to_string();
    assert!(refused.contains("the first"), "{refused}");
    first.stop(&bench.runtime).unwrap();
}
