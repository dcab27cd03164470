//! What a service is refused for, with words that say what to do.

use crate::bench::Bench;
use crate::one_at_a_time;

/// Each is missed before anything is submitted.
#[test]
fn what_is_missing_is_named_with_the_remedy() {
    let _turn = one_at_a_time();
    let mut bench = Bench::start(1024);

    let none = bench.commands().service(&["status"]);
    assert!(none.contains("no model service serves"), "{none}");
    let none = bench.commands().service(&["stop"]);
    assert!(none.contains("no model service serves"), "{none}");

    bench.assert_refused(&["-q", "nowhere"], 1, &["nowhere", "default", "-q"]);
    bench.assert_refused(&["-mm", "-1"], 255, &["-mm"]);
    bench.assert_refused(&["--launcher", "mesos"], 2, &["mesos", "yarn"]);
    bench.set("HADOOP_USER_NAME", "homeless");
    bench.assert_refused(&[], 1, &["/user/homeless", "-mkdir", "-chown"]);
    bench.set("HADOOP_USER_NAME", crate::bench::USER);
    bench.set("HADOOP_CONF_DIR", "/nowhere");
    bench.assert_refused(&["--launcher", "yarn"], 1, &["/nowhere"]);
    let conf = bench.hadoop.yarn.conf_dir().display().to_string();
    bench.set("HADOOP_CONF_DIR", &conf);
    assert_eq!(
        bench.hadoop.yarn.applications().unwrap(),
        Vec::<String>::new()
    );

    // No node has that much, so that the master never runs.
    bench.hadoop.yarn.kill_node(1);
    bench.hadoop.yarn.pause_node(0);
    bench.assert_refused(&["-t", "4000"], 2, &["4000 ms", "killed"]);
    let killed = bench.hadoop.application();
    let described = bench.hadoop.yarn.application(&killed).unwrap();
    assert_eq!(described["state"], "KILLED", "{described}");
    bench.hadoop.yarn.resume_node(0);

    let application = bench.start_service(&[]);
    bench.assert_refused(&[], 1, &[&application, "stop", "-zr"]);
    assert_eq!(bench.hadoop.application(), application);
    bench.stop_service(&application);
}

impl Bench {
    fn set(&mut self, name: &'static str, value: &str) {
        let environment = &mut self.installation.environment;
        environment.retain(|(known, _)| *known != name);
        environment.push((name, value.to_owned()));
    }

    #[track_caller]
    fn assert_refused(&self, arguments: &[&str], code: i32, words: &[&str]) {
        let quorum = self.zookeeper.quorum();
        let arguments = [arguments, &["-zq", &quorum]].concat();
        let refused = self.installation.run("maas_service.sh", &arguments);
        assert_eq!(refused.code, Some(code), "{}", refused.output);
        for word in words {
            assert!(
                refused.output.contains(word),
                "`{word}` is not in {}",
                refused.output
            );
        }
        self.note(&format!("refused: {arguments:?}"));
    }
}
