//! `maas_service.sh` and `maas_deploy.sh`, run to their ends.

use serde_json::Value as Json;

use crate::bench::LONG;
use crate::installation::Installation;

/// The commands of one installation for one ZooKeeper.
pub struct Commands<'a> {
    pub installation: &'a Installation,
    pub quorum: String,
    /// `-zr`, where it is not the default.
    pub config_path: Option<&'static str>,
}

impl Commands<'_> {
    /// `maas_service.sh -zq ...`: submits the application, and comes back when it serves. Its master logs what it does.
    #[track_caller]
    pub fn start_service(&self, more: &[&str]) {
        let arguments = self.with_zookeeper(more);
        let mut client = self.installation.start("maas_service.sh", &arguments);
        let status = client.wait(LONG).unwrap();
        let output = client.log();
        assert_eq!(status.code(), Some(0), "{output}");
        assert!(output.contains("YARN containers"), "{output}");
    }

    /// `maas_service.sh`, that has to succeed.
    #[track_caller]
    pub fn service(&self, arguments: &[&str]) -> String {
        let arguments = self.with_zookeeper(arguments);
        self.installation.run_ok("maas_service.sh", &arguments)
    }

    /// `maas_deploy.sh -mo ADD`. Without a local path the payload is what lies in HDFS.
    #[track_caller]
    pub fn add(&self, model: &Addition<'_>) {
        let (memory, instances) = (model.memory.to_string(), model.instances.to_string());
        let mut arguments = vec!["-mo", "ADD", "-hmp", model.path, "-m", &memory];
        arguments.extend(["-n", model.name, "-v", model.version, "-ni", &instances]);
        arguments.extend(model.local.iter().flat_map(|local| ["-lmp", local]));
        self.deploy(&arguments);
    }

    /// `maas_deploy.sh -mo REMOVE`
    #[track_caller]
    pub fn remove(&self, name: &str, version: &str, instances: usize) {
        let instances = instances.to_string();
        self.deploy(&[
            "-mo", "REMOVE", "-n", name, "-v", version, "-ni", &instances,
        ]);
    }

    /// `maas_deploy.sh`, that has to succeed.
    #[track_caller]
    pub fn deploy(&self, arguments: &[&str]) -> String {
        let arguments = self.with_zookeeper(arguments);
        self.installation.run_ok("maas_deploy.sh", &arguments)
    }

    /// `maas_deploy.sh -mo LIST --json`
    #[track_caller]
    pub fn overview(&self) -> Json {
        let text = self.deploy(&["-mo", "LIST", "--json"]);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn with_zookeeper<'t>(&'t self, arguments: &[&'t str]) -> Vec<&'t str> {
        let mut all = arguments.to_vec();
        all.extend(["-zq", &self.quorum]);
        all.extend(self.config_path.iter().flat_map(|path| ["-zr", path]));
        all
    }
}

/// What `-mo ADD` is told.
#[derive(Debug, Clone, Copy)]
pub struct Addition<'a> {
    pub name: &'a str,
    pub version: &'a str,
    /// Megabytes.
    pub memory: u32,
    pub instances: usize,
    /// In HDFS.
    pub path: &'a str,
    /// What is uploaded there before.
    pub local: Option<&'a str>,
}
