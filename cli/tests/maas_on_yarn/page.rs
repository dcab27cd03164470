//! The walk-through's part about models, word for word, on YARN.

use std::thread;

use alidade_testkit::{eventually, http};

use crate::bench::{Hadoop, LONG, USER};
use crate::commands::Commands;
use crate::one_at_a_time;
use crate::steps::{Walkthrough, model_url};

#[test]
fn the_walk_through_is_followed_word_for_word() {
    let _turn = one_at_a_time();
    let (hadoop, mut walkthrough) = thread::scope(|scope| {
        let hadoop = scope.spawn(|| Hadoop::start(2048));
        let walkthrough = Walkthrough::install();
        (hadoop.join().unwrap(), walkthrough)
    });
    walkthrough.installation.environment = hadoop.environment();
    let quorum = walkthrough.quorum();
    walkthrough.note("the servers are up");

    // $METRON_HOME/bin/maas_service.sh -zq node1:2181
    let commands = Commands {
        installation: &walkthrough.installation,
        quorum: quorum.clone(),
        config_path: None,
    };
    commands.start_service(&[]);
    let application = hadoop.application();
    walkthrough.note("the service runs");

    // $METRON_HOME/bin/maas_deploy.sh -zq node1:2181 -lmp $HOME/mock_dga -hmp /user/$USER/models -mo ADD -m 512 -n dga -v 1.0 -ni 1
    let payload = walkthrough.installation.user_home().join("mock_dga");
    let payload = payload.display().to_string();
    let models = format!("/user/{USER}/models");
    let add = [
        "-zq", &quorum, "-lmp", &payload, "-hmp", &models, "-mo", "ADD", "-m", "512", "-n", "dga",
        "-v", "1.0", "-ni", "1",
    ];
    walkthrough.installation.run_ok("maas_deploy.sh", &add);
    let mut uploaded = hadoop.hdfs.list(&models, USER).unwrap();
    uploaded.sort();
    assert_eq!(uploaded, ["dga.py", "rest.sh"]);

    // $METRON_HOME/bin/maas_deploy.sh -zq node1:2181 -mo LIST
    let list = ["-zq", &quorum, "-mo", "LIST"];
    let list = || walkthrough.installation.run_ok("maas_deploy.sh", &list);
    let url = eventually(LONG, || model_url(&list()));
    assert_eq!(
        list(),
        format!("Model dga @ 1.0\ndga:1.0 @ {url} serving:\n\tapply=apply\n")
    );
    // curl 'http://localhost:36161/apply?host=caseystella.com'
    let answer = http::get(&format!("{url}/apply?host=caseystella.com")).unwrap();
    assert_eq!(answer.text(), r#"{"is_malicious": "malicious"}"#);
    let answer = http::get(&format!("{url}/apply?host=yahoo.com")).unwrap();
    assert_eq!(answer.text(), r#"{"is_malicious": "legit"}"#);
    walkthrough.note("the model answers");
    let containers = hadoop.model_containers(&application);
    assert_eq!(containers.len(), 1, "{containers:?}");

    walkthrough.configure_squid();
    let parser = walkthrough.start_parser();
    walkthrough.send_log();
    walkthrough.check_enrichments(0);
    walkthrough.stop(vec![parser]);

    let status = commands.service(&["status"]);
    for part in [application.as_str(), "dga", "1.0", "ready", &url] {
        assert!(status.contains(part), "{part} is not in {status}");
    }

    commands.remove("dga", "1.0", 1);
    eventually(LONG, || {
        let left = (list(), hadoop.model_containers(&application));
        match &left {
            (listing, containers) if listing.is_empty() && containers.is_empty() => Ok(()),
            _ => Err(format!("{left:?}")),
        }
    });
    assert!(http::get(&url).is_err(), "the model still answers");
    walkthrough.note("the model is gone");

    commands.service(&["stop"]);
    hadoop.assert_ended(&application);
    walkthrough.note("the service has stopped");
    walkthrough.installation.assert_nothing_runs();
}
