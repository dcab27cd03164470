//! Payloads that are missing, broken or changed later, on a service with a configuration node of its own.

use alidade_testkit::{eventually, http};
use serde_json::Value as Json;

use crate::bench::{Bench, LONG, USER};
use crate::commands::Addition;
use crate::golden;
use crate::one_at_a_time;
use crate::teller;

const CONFIG_PATH: &str = "/other/config";

fn instance_of<'o>(overview: &'o Json, name: &str) -> Option<&'o Json> {
    let all = overview["instances"].as_array()?;
    all.iter().find(|instance| instance["name"] == name)
}

#[test]
fn broken_payloads_are_given_up_and_others_run() {
    let _turn = one_at_a_time();
    let bench = Bench::start_with(2048, Some((CONFIG_PATH, golden::CONFIG)));
    let (hadoop, commands) = (&bench.hadoop, bench.commands());

    // Asked for before anybody serves: the items wait in the queue.
    let dga = bench.installation.user_home().join("mock_dga");
    let dga = dga.display().to_string();
    let models = format!("/user/{USER}/models");
    commands.deploy(&[
        "-lmp", &dga, "-hmp", &models, "-mo", "ADD", "-m", "512", "-n", "dga", "-v", "1.0", "-ni",
        "1",
    ]);
    bench.assert_node("/other/queue/qn-0000000000", golden::QUEUE_ADD, false);
    for name in ["removed", "scriptless"] {
        let payload = teller::write_payload(&bench.installation, name, "1");
        commands.add(&Addition {
            name,
            version: "1",
            memory: 64,
            instances: 1,
            path: &format!("/user/{USER}/{name}"),
            local: Some(&payload.display().to_string()),
        });
    }
    let failing = bench.installation.user_home().join("failing");
    std::fs::create_dir_all(&failing).unwrap();
    let script = "#!/bin/sh\necho 'no flask here' >&2\nexit 3\n";
    std::fs::write(failing.join("rest.sh"), script).unwrap();
    commands.add(&Addition {
        name: "failing",
        version: "1",
        memory: 64,
        instances: 1,
        path: "failing",
        local: Some(&failing.display().to_string()),
    });
    hadoop
        .hdfs
        .delete(&format!("/user/{USER}/removed"), USER)
        .unwrap();
    hadoop
        .hdfs
        .delete(&format!("/user/{USER}/scriptless/rest.sh"), USER)
        .unwrap();

    let application = bench.start_service(&[]);
    let url = eventually(LONG, || {
        let found = bench.registered()?;
        match found.as_slice() {
            [instance] if instance.name == "dga" => Ok(instance.payload.endpoint.url.clone()),
            _ => Err(format!("{found:?}")),
        }
    });
    bench.note("the model in between runs");
    the_instance_is_golden(&bench, golden::INSTANCE_DYNAMIC, true);
    the_state_is_golden(&bench);
    for (name, words) in [
        ("removed", format!("/user/{USER}/removed")),
        ("scriptless", ".sh".to_owned()),
        ("failing", "no flask here".to_owned()),
    ] {
        eventually(LONG, || {
            let overview = commands.overview();
            let failure =
                instance_of(&overview, name).and_then(|instance| instance["last_failure"].as_str());
            match failure {
                Some(failure) if failure.contains(&words) => Ok(()),
                _ => Err(format!("{name} lacks `{words}`: {overview}")),
            }
        });
        let status = commands.service(&["status"]);
        assert!(status.contains(&words), "`{words}` is not in {status}");
    }
    bench.note("the failures are told");

    // What was deployed stays as it was, whatever becomes of the files.
    let broken = format!("{models}/dga.py");
    hadoop.hdfs.write(&broken, USER, b"broken").unwrap();
    let container = &hadoop
        .model_containers(&application)
        .into_iter()
        .find(|container| {
            let processes = hadoop.yarn.processes_in(&container.id);
            processes.iter().any(|it| it.command.contains("dga.py"))
        })
        .expect("the model's container");
    hadoop.yarn.kill_container(container);
    let again = eventually(LONG, || {
        let found = bench.registered()?;
        match found.as_slice() {
            [instance] if instance.payload.endpoint.url != url => {
                Ok(instance.payload.endpoint.url.clone())
            }
            _ => Err(format!("{found:?}")),
        }
    });
    let answer = http::get(&format!("{again}/apply?host=yahoo.com")).unwrap();
    assert_eq!(answer.json()["is_malicious"], "legit");
    bench.note("the restarted model is the one that was deployed");

    for name in ["removed", "scriptless", "failing"] {
        commands.remove(name, "1", 1);
    }
    eventually(LONG, || {
        let overview = commands.overview();
        match overview["instances"].as_array().map_or(0, Vec::len) {
            1 => Ok(()),
            _ => Err(overview.to_string()),
        }
    });
    bench.stop_service(&application);

    // What was wanted comes back with the next service, from the same files; here registered as upstream does.
    let application = bench.start_service(&["--persistent"]);
    eventually(LONG, || match bench.registered()?.as_slice() {
        [_] => Ok(()),
        other => Err(format!("{other:?}")),
    });
    the_instance_is_golden(&bench, golden::INSTANCE_STATIC, false);
    bench.note("the next service has brought the model back");
    bench.stop_service(&application);

    // Nobody serves: the last item is still there to be seen.
    commands.remove("dga", "1.0", 1);
    let left = bench.children("/other/queue");
    assert_eq!(left.len(), 1, "{left:?}");
    let item = format!("/other/queue/{}", left[0]);
    bench.assert_node(&item, golden::QUEUE_REMOVE, false);
    bench.installation.assert_nothing_runs();
}

/// The instance in upstream's form.
#[track_caller]
fn the_instance_is_golden(bench: &Bench, golden: &str, is_ephemeral: bool) {
    let instance = bench.registered().unwrap().remove(0);
    let url = &instance.payload.endpoint.url;
    let (host, port) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once(':'))
        .unwrap_or_else(|| panic!("{url}"));
    let id = format!("\"{}\"", instance.id);
    let time = instance.registration_time_utc.to_string();
    let expected = golden::with(
        golden,
        &[
            ("\"2\"", &id),
            ("node1", host),
            ("36161", port),
            ("1700000000000", &time),
        ],
    );
    let path = format!("/other/service/dga/{}", instance.id);
    bench.assert_node(&path, &expected, is_ephemeral);
    assert_eq!(bench.children("/other/service"), ["dga"]);
}

/// Our own nodes, beside upstream's.
#[track_caller]
fn the_state_is_golden(bench: &Bench) {
    let (desired, _) = bench.node("/other/state/service/desired").unwrap();
    let stored: Json = serde_json::from_str(&desired).unwrap();
    let first = &stored["models"][0];
    let deployment = first["deployment"].as_str().unwrap_or_default();
    assert!(deployment.starts_with("dga-1.0-qn-0000000000-"), "{stored}");
    let expected = golden::with(golden::DESIRED, &[("@DEPLOYMENT@", deployment)]);
    let expected = expected.trim_end_matches("]}");
    assert!(desired.starts_with(expected), "{desired} is not {expected}");

    let expected = golden::with(golden::CONTAINER, &[("@DEPLOYMENT@", deployment)]);
    let root = "/other/state/service/containers";
    let containers = bench.children(root);
    let nodes: Vec<String> = containers
        .iter()
        .filter_map(|id| bench.node(&format!("{root}/{id}")))
        .map(|(text, _)| text)
        .collect();
    assert!(nodes.contains(&expected), "{expected} is not in {nodes:?}");
}
