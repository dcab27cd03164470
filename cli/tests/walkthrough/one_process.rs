//! `alidade run`: every stage in one process, with files in place of an index.

use alidade_testkit::{eventually, free_port, http};

use crate::access_log::{check_event, expected_events};
use crate::hdfs::events_in_folder;
use crate::one_at_a_time;
use crate::steps::{START_WITHIN, Walkthrough};

#[test]
fn one_process_runs_all_stages_and_writes_files() {
    let _turn = one_at_a_time();
    let walkthrough = Walkthrough::install();
    walkthrough.note("the servers are up");
    let service = walkthrough.start_maas();
    let model = walkthrough.deploy_model();
    walkthrough.configure_squid();
    walkthrough.kafka.create_topic("squid", 1).unwrap();

    let root = walkthrough.installation.path("indexed");
    let fs_uri = format!("file://{}", root.display());
    let pages = format!("127.0.0.1:{}", free_port().unwrap());
    let arguments = ["--stores", "hdfs", "--fs-uri", &fs_uri, "--http", &pages];
    let stage = walkthrough.start_all_in_one(&arguments);

    walkthrough.send_log();
    let guids = walkthrough.check_enrichments(0);
    let events = eventually(START_WITHIN, || events_in_folder(&root.join("squid")));
    for ((event, expected), guid) in events.into_iter().zip(expected_events()).zip(&guids) {
        assert_eq!(&check_event(event, &expected), guid);
    }
    walkthrough.note("the file is complete");

    let health = http::get(&format!("http://{pages}/health")).unwrap();
    assert_eq!((health.status, health.text().as_str()), (200, "ok\n"));
    let config = http::get(&format!("http://{pages}/config")).unwrap().json();
    assert_eq!(config["refused"], serde_json::json!([]));
    assert_eq!(config["connected"], true);
    let metrics = http::get(&format!("http://{pages}/metrics")).unwrap();
    assert!(
        metrics.text().contains("stage=\"parser\""),
        "{}",
        metrics.text()
    );

    walkthrough.stop(vec![stage]);
    for (group, topic) in [("squid_parser", "squid"), ("enrichments", "enrichments")] {
        assert_eq!(
            walkthrough.kafka.client().lag(group, topic).unwrap(),
            0,
            "{group}"
        );
    }
    walkthrough.stop_maas(service, &model);
    walkthrough.installation.assert_nothing_runs();
}
