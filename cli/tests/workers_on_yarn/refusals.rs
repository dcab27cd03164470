//! What cannot run is told, before anything is submitted where that is known, and leaves nothing behind.

use alidade_testkit::{ProcessBuilder, eventually};

use crate::bench::{Bench, PARSER};
use crate::one_at_a_time;
use crate::support::{BINARY, PATIENCE};

#[test]
fn what_cannot_run_is_told_and_leaves_nothing() {
    let _turn = one_at_a_time();
    let bench = Bench::start();
    let zookeeper = bench.zookeeper.quorum();
    let parser = |more: &[&str]| {
        let arguments = [&["-z", &zookeeper, "-k", "h:1", "--yarn"], more].concat();
        bench
            .installation
            .run("start_parser_topology.sh", &arguments)
    };
    for (more, code, part) in [
        (
            &["-s", "nobody"][..],
            1,
            "Cannot find the parser configuration in zookeeper for nobody",
        ),
        (
            &["-s", "squid", "--config-dir", "/tmp"],
            255,
            "read the configuration from ZooKeeper",
        ),
        (&["-s", "squid", "--http", "0.0.0.0:9108"], 255, "port 0"),
        (&["-s", "squid", "-nw", "none"], 255, "--num_workers none"),
        (
            &["-s", "squid", "--yarn-queue", "nowhere"],
            1,
            "choose one with --yarn-queue",
        ),
        (
            &["-s", "squid", "--yarn-memory", "1000000"],
            255,
            "more than the cluster gives",
        ),
    ] {
        let finished = parser(more);
        assert_eq!(finished.code, Some(code), "{more:?}: {}", finished.output);
        assert!(
            finished.output.contains(part),
            "{more:?}: {}",
            finished.output
        );
    }
    assert_eq!(bench.yarn.applications().unwrap(), [""; 0]);

    // It shows in the container only that the address is no one's.
    let more = [
        "-nw",
        "2",
        "--http",
        "203.0.113.7:0",
        "--yarn-timeout",
        "25",
    ];
    let finished = bench.start_parser(&more);
    let output = finished.output;
    println!("{output}");
    assert_eq!(finished.code, Some(1), "{output}");
    for part in [
        "no worker ran within 25 s",
        "failures in a row",
        "cannot listen there",
    ] {
        assert!(output.contains(part), "{output}");
    }
    let application = bench.yarn.applications().unwrap().remove(0);
    let described = bench.yarn.application(&application).unwrap();
    assert_eq!(described["state"], "KILLED", "{described}");
    bench.assert_no_files();

    // As with upstream, there is one of a name.
    let application = bench.start_parser_ok(1);
    let again = bench.start_parser(&[]);
    assert_eq!(again.code, Some(255), "{}", again.output);
    let part = format!("squid runs already, as {application}");
    assert!(again.output.contains(&part), "{}", again.output);
    bench.stop_parser(&application);
    what_cannot_be_asked_to_end_is_killed(&bench);
}

fn what_cannot_be_asked_to_end_is_killed(bench: &Bench) {
    let application = bench.start_parser_ok(1);
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let directory = format!("/user/{user}/.alidade/{application}");
    assert!(bench.hdfs.delete(&directory, &user).unwrap());
    let output = bench.installation.run_ok(PARSER, &["stop", "-s", "squid"]);
    let killed = format!("was killed ({application})");
    assert!(
        output.contains("cannot be asked to end") && output.contains(&killed),
        "{output}"
    );
    eventually(PATIENCE, || match bench.yarn.processes_of(&application) {
        none if none.is_empty() => Ok(()),
        some => Err(format!("still running: {some:#?}")),
    });
    bench.assert_no_files();
}

#[test]
fn without_a_cluster_nothing_is_asked() {
    let mut process = ProcessBuilder::new(BINARY)
        .args([
            "start_parser_topology",
            "-s",
            "squid",
            "-z",
            "nobody:1",
            "--yarn",
        ])
        .env("HADOOP_CONF_DIR", "")
        .env("YARN_CONF_DIR", "")
        .spawn()
        .unwrap();
    assert_eq!(process.wait(PATIENCE).unwrap().code(), Some(255));
    assert!(
        process.log().contains("Set HADOOP_CONF_DIR"),
        "{}",
        process.log()
    );
}
