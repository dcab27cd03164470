//! Models on a YARN that demands tickets, with HDFS and ZooKeeper that do so, too.

use std::path::Path;
use std::time::Duration;

use alidade_testkit::{
    Hdfs, Kdc, ProcessBuilder, Realm, RunDir, Yarn, YarnSetup, ZooKeeper, eventually, http,
};

const PATIENCE: Duration = Duration::from_secs(120);
const SASL: (&str, &str) = ("ALIDADE_ZOOKEEPER_SASL", "gssapi");

struct Servers {
    yarn: Yarn,
    _hdfs: Hdfs,
    /// Lets everybody in, as upstream needs it.
    open: ZooKeeper,
    secured: ZooKeeper,
    home: RunDir,
}

/// Somebody at a command line.
struct User<'a> {
    servers: &'a Servers,
    realm: Realm,
    quorum: String,
    variables: &'static [(&'static str, &'static str)],
}

impl User<'_> {
    fn run(&self, command: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let mut process = ProcessBuilder::new(env!("CARGO_BIN_EXE_alidade"))
            .arg(command)
            .args(arguments)
            .args(["-zq", &self.quorum])
            .env("HOME", self.servers.home.path())
            .env("HADOOP_CONF_DIR", self.servers.yarn.conf_dir())
            .env("ALIDADE_LOG", "error")
            .current_dir(self.servers.home.path());
        for (name, value) in self.realm.environment() {
            process = process.env(name, value);
        }
        for (name, value) in self.variables {
            process = process.env(name, value);
        }
        let mut process = process.spawn().unwrap();
        let status = process.wait(PATIENCE).unwrap();
        (status.code(), process.log())
    }

    #[track_caller]
    fn run_ok(&self, command: &str, arguments: &[&str]) -> String {
        let (code, output) = self.run(command, arguments);
        let logs = || self.servers.yarn.all_container_logs();
        assert_eq!(
            code,
            Some(0),
            "{command} {arguments:?}: {output}\n{}",
            logs()
        );
        output
    }

    #[track_caller]
    fn is_refused(&self, words: &str) {
        let (code, output) = self.run("maas_service", &[]);
        assert_eq!(code, Some(1), "{output}");
        assert!(output.contains(words), "{output}");
    }

    /// Starts the service, deploys the model, asks it, and ends the service.
    fn walks_through(&self, service_options: &[&str]) {
        self.run_ok("maas_service", service_options);
        let yarn = &self.servers.yarn;
        let application = yarn.applications().unwrap().pop().unwrap();
        let described = yarn.application(&application).unwrap();
        assert_eq!(described["user"], "metron", "{described}");

        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/squid/mock_dga");
        let add = "-hmp /user/metron/models -mo ADD -m 512 -n dga -v 1.0 -ni 1 -lmp";
        let mut arguments: Vec<&str> = add.split(' ').collect();
        arguments.push(model.to_str().unwrap());
        self.run_ok("maas_deploy", &arguments);
        let url = eventually(PATIENCE, || {
            let listing = self.run_ok("maas_deploy", &["-mo", "LIST"]);
            let url = listing
                .split(|letter: char| letter.is_whitespace() || letter == '"')
                .find(|word| word.starts_with("http://"));
            url.map(str::to_owned)
                .ok_or_else(|| format!("{listing}\n{}", yarn.all_container_logs()))
        });
        // The address of the whole machine, which a test's network may not reach.
        let port = url.trim_end_matches('/').rsplit_once(':').unwrap().1;
        let port = port.split('/').next().unwrap();
        let answer = http::get(&format!("http://127.0.0.1:{port}/apply?host=cnn.com")).unwrap();
        assert_eq!(answer.json()["is_malicious"], "malicious");

        self.run_ok("maas_service", &["stop"]);
        eventually(PATIENCE, || {
            let described = yarn.application(&application).unwrap();
            match described["finalStatus"] == "SUCCEEDED" {
                true => Ok(()),
                false => Err(described.to_string()),
            }
        });
    }
}

#[test]
fn models_run_where_tickets_are_demanded() {
    let kdc = Kdc::start().unwrap();
    let hdfs = kdc.hdfs().unwrap();
    let servers = Servers {
        yarn: kdc.yarn(&hdfs, &YarnSetup::default()).unwrap(),
        _hdfs: hdfs,
        open: ZooKeeper::start().unwrap(),
        secured: kdc.zookeeper().unwrap(),
        home: RunDir::new("home").unwrap(),
    };
    let user = |realm: Realm, zookeeper: &ZooKeeper, variables| User {
        servers: &servers,
        realm,
        quorum: zookeeper.quorum(),
        variables,
    };
    let ticket = |name| kdc.with_ticket(name).unwrap();

    user(kdc.without_ticket(), &servers.open, &[]).is_refused("kinit");
    user(ticket("metron"), &servers.secured, &[]).is_refused(SASL.0);
    user(ticket("metron"), &servers.secured, &[SASL]).is_refused("--keytab");
    user(ticket("stranger"), &servers.open, &[]).is_refused("/user/stranger");

    user(ticket("metron"), &servers.open, &[]).walks_through(&[]);
    let keytab = kdc.keytab("metron");
    let by_keytab = ["--keytab", keytab.to_str().unwrap()];
    user(kdc.with_keytab("metron"), &servers.secured, &[SASL]).walks_through(&by_keytab);
}
