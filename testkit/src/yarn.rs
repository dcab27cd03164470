//! YARN 3.3.6: one resource manager and one node manager.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::artifact::{Artifact, Form};
use crate::java::JavaCommand;
use crate::node::Node;
use crate::server::{Lifetime, ProcessRecord, Server, end_all_below, retry_port_clash};
use crate::signal;
use crate::{Hdfs, LaunchError, RunDir, free_port, hdfs, http, template};

pub(crate) const JARS: Artifact = Artifact {
    name: "yarn",
    pom: include_str!("../servers/yarn/pom.xml"),
    form: Form::Jars,
};
const YARN_SITE: &str = include_str!("../servers/yarn/yarn-site.xml.template");
pub(crate) const SCHEDULER: &str = include_str!("../servers/yarn/capacity-scheduler.xml.template");

const RESOURCE_MANAGER: &str = "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager";
const NODE_MANAGER: &str = "org.apache.hadoop.yarn.server.nodemanager.NodeManager";

/// Everything in the configuration that is a port.
const PORTS: [&str; 8] = [
    "rm_port",
    "rm_scheduler_port",
    "rm_tracker_port",
    "rm_admin_port",
    "rm_http_port",
    "nm_port",
    "nm_localizer_port",
    "nm_http_port",
];

/// A one-node YARN cluster over an HDFS cluster, which must outlive it.
#[derive(Debug)]
pub struct Yarn {
    node_manager: Node,
    resource_manager: Node,
    port: u16,
    http_port: u16,
    run_dir: Arc<RunDir>,
}

impl Yarn {
    /// Starts a cluster on free ports of 127.0.0.1; containers run as the test's user.
    pub fn start(hdfs: &Hdfs) -> Result<Self, LaunchError> {
        Self::start_with(&hdfs.conf_dir(), &Lifetime::Scoped)
    }

    /// As [`Self::start`], with a lifetime, and with HDFS given by its configuration directory.
    pub fn start_with(hdfs_conf_dir: &Path, lifetime: &Lifetime) -> Result<Self, LaunchError> {
        retry_port_clash(|| Self::try_start(hdfs_conf_dir, lifetime))
    }

    fn try_start(hdfs_conf_dir: &Path, lifetime: &Lifetime) -> Result<Self, LaunchError> {
        let jars = JARS.fetch()?;
        let run_dir = Arc::new(RunDir::with_lifetime("yarn", lifetime)?);
        let conf = run_dir.create_dir("conf")?;
        let data = run_dir.create_dir("data")?.display().to_string();
        let ports = PORTS
            .iter()
            .map(|_| free_port())
            .collect::<Result<Vec<u16>, LaunchError>>()?;
        let (port, http_port) = (ports[0], ports[4]);
        let texts: Vec<String> = ports.iter().map(u16::to_string).collect();
        let (conf_text, jars_text) = (conf.display().to_string(), jars.display().to_string());
        let mut values: Vec<(&str, &str)> = PORTS
            .iter()
            .zip(&texts)
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        values.extend([
            ("data", data.as_str()),
            ("conf", &conf_text),
            ("jars", &jars_text),
        ]);

        run_dir.write(
            "conf/yarn-site.xml",
            template::fill("yarn-site.xml", YARN_SITE, &values)?,
        )?;
        run_dir.write("conf/capacity-scheduler.xml", SCHEDULER)?;
        run_dir.write("conf/log4j.properties", hdfs::LOG4J)?;
        for name in ["core-site.xml", "hdfs-site.xml"] {
            let file = hdfs_conf_dir.join(name);
            std::fs::copy(&file, conf.join(name))
                .map_err(|source| LaunchError::io("copy", &file, source))?;
        }

        let java = |main: &str| -> Result<JavaCommand, LaunchError> {
            let command = JavaCommand::new(main, run_dir.path())?
                .class_path(&conf)
                .jars(&jars)
                .heap(64, 512)
                .lifetime(lifetime)
                .open_packages(hdfs::OPEN_PACKAGES)
                .property("java.net.preferIPv4Stack", "true")
                .environment("HADOOP_HOME", run_dir.path())
                .environment("HADOOP_CONF_DIR", &conf)
                .environment("JAVA_HOME", crate::java::java_home()?);
            Ok(command)
        };
        let is_up = move |_log: &str| nodes(http_port).map(|_| ());
        let resource_manager = Node::start(
            "resourcemanager",
            java(RESOURCE_MANAGER)?,
            &run_dir,
            lifetime,
            is_up,
        )?;
        let is_running = move |_log: &str| {
            let nodes = nodes(http_port)?;
            if nodes.iter().any(|node| node["state"] == "RUNNING") {
                return Ok(());
            }
            Err(format!("no node is running: {nodes:?}"))
        };
        // Its containers are in sessions of their own: it has to end them itself.
        let node_manager = java(NODE_MANAGER)?.ends_its_children();
        let node_manager =
            Node::start("nodemanager", node_manager, &run_dir, lifetime, is_running)?;
        Ok(Self {
            node_manager,
            resource_manager,
            port,
            http_port,
            run_dir,
        })
    }

    /// `127.0.0.1:<port>` of the resource manager's client protocol
    /// (`yarn.resourcemanager.address`).
    pub fn resource_manager(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `http://127.0.0.1:<port>` of the resource manager's web services.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http_port)
    }

    /// Directory with `core-site.xml`, `hdfs-site.xml` and `yarn-site.xml`, for `HADOOP_CONF_DIR`
    /// and `YARN_CONF_DIR`.
    pub fn conf_dir(&self) -> PathBuf {
        self.run_dir.join("conf")
    }

    /// Directory below which containers write `stdout`, `stderr` and other logs.
    pub fn container_logs(&self) -> PathBuf {
        self.run_dir.join("data/logs")
    }

    /// `kill -9` of the node manager. Its containers live on.
    pub fn kill_node_manager(&self) {
        self.node_manager.kill();
    }

    /// `kill -9` of the resource manager.
    pub fn kill_resource_manager(&self) {
        self.resource_manager.kill();
    }

    /// Starts whatever is down again, on the same ports.
    pub fn start_again(&self) -> Result<(), LaunchError> {
        self.resource_manager.start_again()?;
        self.node_manager.start_again()
    }

    /// Processes that run in containers.
    pub fn container_processes(&self) -> Vec<u32> {
        signal::working_below(&self.container_dirs())
    }

    fn container_dirs(&self) -> PathBuf {
        self.run_dir.join("data/local")
    }
}

impl Drop for Yarn {
    fn drop(&mut self) {
        if self.run_dir.is_kept() {
            return;
        }
        // An orderly stop takes the node manager ten seconds and more when containers run. They
        // have sessions of their own, so they are found by where they work.
        self.node_manager.kill();
        end_all_below(&self.container_dirs());
    }
}

/// What the resource manager says about the nodes.
fn nodes(http_port: u16) -> Result<Vec<serde_json::Value>, String> {
    let answer = http::get(&format!("http://127.0.0.1:{http_port}/ws/v1/cluster/nodes"))
        .map_err(|error| error.to_string())?;
    if !answer.is_success() {
        return Err(format!("status {}: {}", answer.status, answer.text()));
    }
    let nodes = answer.json()["nodes"]["node"].as_array().cloned();
    // Without nodes there is no list.
    Ok(nodes.unwrap_or_default())
}

impl Server for Yarn {
    fn name(&self) -> &'static str {
        "yarn"
    }

    fn addresses(&self) -> Vec<(String, String)> {
        vec![
            ("resource manager".to_owned(), self.resource_manager()),
            ("url".to_owned(), self.url()),
            (
                "HADOOP_CONF_DIR".to_owned(),
                self.conf_dir().display().to_string(),
            ),
        ]
    }

    fn processes(&self) -> Vec<ProcessRecord> {
        [&self.node_manager, &self.resource_manager]
            .into_iter()
            .filter_map(Node::record)
            .collect()
    }

    fn run_dir(&self) -> &Path {
        self.run_dir.path()
    }

    fn detach(&self) {
        self.run_dir.keep();
    }
}
