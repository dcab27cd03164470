//! A service that is killed leaves no model behind, and the next one brings the models back.

mod support;

use std::time::Duration;

use alidade_testkit::{ProcessBuilder, ZooKeeper, eventually, http};
use tokio::runtime::Runtime;

use support::*;

const ROLE: &str = "MAAS_SERVICE_TEST_LINE";

/// In the parent: the test. In the child, which is this very program started again: the service.
#[test]
fn a_killed_service_leaves_no_model_behind() {
    if let Ok(line) = std::env::var(ROLE) {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(alidade_maas_service::run(&args), 0);
        return;
    }
    let zookeeper = ZooKeeper::start().unwrap();
    let quorum = zookeeper.quorum();
    let runtime = Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let (root, work) = (home.path().join("models"), home.path().join("work"));
    let start = || {
        let line = format!(
            "-zq {quorum} --launcher local --payload-root {} --work-dir {} --advertise-host localhost -e A=b",
            root.display(),
            work.display()
        );
        let program = std::env::current_exe().unwrap();
        ProcessBuilder::new(program)
            .args([
                "--exact",
                "a_killed_service_leaves_no_model_behind",
                "--nocapture",
            ])
            .env(ROLE, line)
            .spawn()
            .unwrap()
    };
    let mut service = start();
    service
        .wait_for_line("Serving model requests from /maas/queue", LONG)
        .unwrap();
    let (code, out) = deploy(&format!(
        "-zq {quorum} -lmp {} -hmp m -mo ADD -m 5 -n dga -v 1 -ni 2 --payload-root {}",
        mock_dga().display(),
        root.display()
    ));
    assert_eq!(code, 0, "{out}");
    let registry = connect(&runtime, &quorum);
    let before = wait_for_instances(&runtime, &*registry, 2);
    assert_eq!(processes_below(&work).len(), 2);

    service.kill();
    wait_for_no_processes(&work);

    let mut service = start();
    service
        .wait_for_line("Serving model requests", LONG)
        .unwrap();
    let after = eventually(Duration::from_secs(60), || {
        let found = instances(&runtime, &*registry);
        let is_new = found.iter().all(|instance| !before.contains(instance));
        if is_new && found.len() == 2 {
            Ok(found)
        } else {
            Err(format!("{found:?}"))
        }
    });
    assert!(
        after
            .iter()
            .all(|instance| http::get(&instance.payload.endpoint.url).is_ok())
    );

    service.terminate();
    wait_for_no_processes(&work);
    wait_for_instances(&runtime, &*registry, 0);
}
