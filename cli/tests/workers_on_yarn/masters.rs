//! The application master is killed, and the application from outside: workers go on, and nothing is left.

use std::time::Duration;

use alidade_hadoop::{HadoopConf, ResourceManager};
use alidade_testkit::eventually;

use crate::bench::{Bench, PARSER};
use crate::one_at_a_time;
use crate::support::{PATIENCE, line};

const LINES: usize = 2_000;

#[test]
fn workers_outlive_their_master() {
    let _turn = one_at_a_time();
    let bench = Bench::start();
    let application = bench.start_parser_ok(2);
    let workers = bench.workers(&application);
    let client = bench.client();
    client.produce("squid", (0..LINES / 2).map(line)).unwrap();

    let first = bench.master(&application).unwrap();
    bench.yarn.kill_container(&first);
    client
        .produce("squid", (LINES / 2..LINES).map(line))
        .unwrap();
    eventually(PATIENCE, || match bench.master(&application) {
        Some(second) if second.id != first.id => Ok(()),
        other => Err(format!("the master is {other:?}")),
    });
    eventually(PATIENCE, || {
        let second = bench.master(&application).ok_or("no master")?;
        let log = bench.yarn.container_log(&second.id, "stderr");
        let is_taken_over = log.matches("a container of an earlier attempt").count() == 2;
        if is_taken_over { Ok(()) } else { Err(log) }
    });
    bench.wait_for_workers(2);
    assert_eq!(
        bench.workers(&application),
        workers,
        "they were not touched"
    );
    bench.wait_for_no_lag();
    assert_eq!(bench.outcome().repeated(LINES), 0);

    // The second master still has both in hand: one that is killed is replaced, and all can be ended.
    bench.yarn.kill_container(&workers[1]);
    eventually(PATIENCE, || {
        let now = bench.workers(&application);
        let is_replaced = now.len() == 2 && now[0] == workers[0] && now[1] != workers[1];
        if is_replaced {
            Ok(())
        } else {
            Err(format!("{now:?}"))
        }
    });
    bench.wait_for_workers(2);
    bench.stop_parser(&application);

    files_of_killed_applications_are_cleared_away(&bench);
}

fn files_of_killed_applications_are_cleared_away(bench: &Bench) {
    let application = bench.start_parser_ok(1);
    kill(bench, &application);
    eventually(PATIENCE, || {
        let state = bench.yarn.application(&application).unwrap()["state"].clone();
        if state == "KILLED" {
            Ok(())
        } else {
            Err(state)
        }
    });
    let finished = bench.installation.run(PARSER, &["stop", "-s", "squid"]);
    assert_eq!(finished.code, Some(1), "{}", finished.output);
    let next = bench.start_parser_ok(1);
    bench.stop_parser(&next);
}

/// What `yarn application -kill` does.
fn kill(bench: &Bench, application: &str) {
    let conf = HadoopConf::read(&bench.yarn.conf_dir()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let resource_manager = ResourceManager::connect(&conf).unwrap();
        let id = application.parse().unwrap();
        let patience = Duration::from_secs(60);
        let killed = resource_manager.kill_application(id, "killed by a test", patience);
        killed.await.unwrap();
    });
}
