//! YARN 3.3.6: one resource manager and one or more node managers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::artifact::{Artifact, Form};
use crate::java::JavaCommand;
use crate::kerberos::{self, Kdc};
use crate::node::{Node, log_has};
use crate::server::{Lifetime, ProcessRecord, Server, end_all_below, retry_port_clash};
use crate::{Hdfs, LaunchError, RunDir, free_port, hdfs, http, template};

pub(crate) const JARS: Artifact = Artifact {
    name: "yarn",
    pom: include_str!("../servers/yarn/pom.xml"),
    form: Form::Jars,
};
const YARN_SITE: &str = include_str!("../servers/yarn/yarn-site.xml.template");
const SECURITY: &str = include_str!("../servers/kerberos/yarn-site.xml.template");
pub(crate) const SCHEDULER: &str = include_str!("../servers/yarn/capacity-scheduler.xml.template");

const RESOURCE_MANAGER: &str = "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager";
const NODE_MANAGER: &str = "org.apache.hadoop.yarn.server.nodemanager.NodeManager";

/// Ports of the resource manager in the configuration, the same for all.
const CLUSTER_PORTS: [&str; 5] = [
    "rm_port",
    "rm_scheduler_port",
    "rm_tracker_port",
    "rm_admin_port",
    "rm_http_port",
];

/// Ports of a node manager in its own configuration.
const NODE_PORTS: [&str; 3] = ["nm_port", "nm_localizer_port", "nm_http_port"];

/// How large a cluster is to be and what it is to survive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YarnSetup {
    /// Number of node managers, all of 127.0.0.1 on ports of their own; at least one.
    pub nodes: usize,
    /// Memory that each of them offers, in MB.
    pub node_memory_mb: u32,
    /// Whether applications and their containers survive a restart of the resource manager.
    pub recovers: bool,
}

impl Default for YarnSetup {
    fn default() -> Self {
        Self {
            nodes: 1,
            node_memory_mb: 8192,
            recovers: false,
        }
    }
}

/// A YARN cluster over an HDFS cluster, which must outlive it.
#[derive(Debug)]
pub struct Yarn {
    pub(crate) node_managers: Vec<NodeManager>,
    resource_manager: Node,
    host: &'static str,
    port: u16,
    http_port: u16,
    run_dir: Arc<RunDir>,
}

/// One node of the cluster.
#[derive(Debug)]
pub(crate) struct NodeManager {
    process: Node,
    /// Its `local` and `logs` directories are below.
    pub(crate) folder: PathBuf,
    port: u16,
}

impl Yarn {
    /// Starts a one-node cluster on free ports of 127.0.0.1; containers run as the test's user.
    pub fn start(hdfs: &Hdfs) -> Result<Self, LaunchError> {
        Self::start_with(&hdfs.conf_dir(), &Lifetime::Scoped)
    }

    /// As [`Self::start`], with several nodes that offer `node_memory_mb` MB each.
    pub fn start_with_nodes(
        hdfs: &Hdfs,
        nodes: usize,
        node_memory_mb: u32,
    ) -> Result<Self, LaunchError> {
        let setup = YarnSetup {
            nodes,
            node_memory_mb,
            ..YarnSetup::default()
        };
        Self::start_as(&hdfs.conf_dir(), &setup, &Lifetime::Scoped)
    }

    /// As [`Self::start`], with a lifetime, and with HDFS given by its configuration directory.
    pub fn start_with(hdfs_conf_dir: &Path, lifetime: &Lifetime) -> Result<Self, LaunchError> {
        Self::start_as(hdfs_conf_dir, &YarnSetup::default(), lifetime)
    }

    /// Starts any cluster.
    pub fn start_as(
        hdfs_conf_dir: &Path,
        setup: &YarnSetup,
        lifetime: &Lifetime,
    ) -> Result<Self, LaunchError> {
        retry_port_clash(|| Self::try_start(None, hdfs_conf_dir, setup, lifetime))
    }

    pub(crate) fn try_start(
        kdc: Option<&Kdc>,
        hdfs_conf_dir: &Path,
        setup: &YarnSetup,
        lifetime: &Lifetime,
    ) -> Result<Self, LaunchError> {
        let jars = JARS.fetch()?;
        let run_dir = Arc::new(RunDir::with_lifetime("yarn", lifetime)?);
        let ports = free_ports(&CLUSTER_PORTS)?;
        let (port, http_port) = (ports[0].1, ports[4].1);
        let cluster = Cluster {
            kdc,
            jars,
            hdfs_conf_dir,
            setup,
            lifetime,
            ports,
            run_dir: &run_dir,
        };

        // The first node's configuration is also the resource manager's and the clients'.
        let mut plans = Vec::new();
        for number in 1..=setup.nodes {
            let conf = if number == 1 {
                "conf".to_owned()
            } else {
                format!("conf-node{number}")
            };
            plans.push(cluster.configure_node(number, &conf)?);
        }
        let conf = run_dir.join("conf");
        // Its web services answer before it has read what it is to recover.
        let is_active = log_has("Transitioned to active state");
        let is_up = move |log: &str| {
            is_active(log)?;
            nodes(http_port).map(|_| ())
        };
        let main = match kdc {
            None => RESOURCE_MANAGER.into(),
            Some(_) => {
                let main = kerberos::RESOURCE_MANAGER_MAIN;
                run_dir.write("ResourceManagerMain.java", main)?.into()
            }
        };
        let resource_manager = Node::start(
            "resourcemanager",
            cluster.java(main, &conf)?,
            &run_dir,
            lifetime,
            is_up,
        )?;
        let cluster = &cluster;
        let node_managers = std::thread::scope(|scope| {
            let starts: Vec<_> = plans
                .into_iter()
                .map(|plan| scope.spawn(move || cluster.start_node(plan, http_port)))
                .collect();
            starts
                .into_iter()
                .map(|start| {
                    start.join().unwrap_or_else(|panic| {
                        std::panic::resume_unwind(panic);
                    })
                })
                .collect::<Result<Vec<NodeManager>, LaunchError>>()
        })?;
        Ok(Self {
            node_managers,
            resource_manager,
            host: kerberos::host(kdc),
            port,
            http_port,
            run_dir,
        })
    }

    /// `127.0.0.1:<port>` of the resource manager's client protocol
    /// (`yarn.resourcemanager.address`); with Kerberos, `localhost`.
    pub fn resource_manager(&self) -> String {
        format!("{}:{}", self.host, self.port)
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

    /// Number of node managers, running or not. Nodes are counted from 0 in all methods.
    pub fn node_count(&self) -> usize {
        self.node_managers.len()
    }

    /// The port in a node's id, `<host>:<port>`.
    pub fn node_port(&self, node: usize) -> u16 {
        self.node_managers[node].port
    }

    /// `kill -9` of the only node manager. Its containers live on.
    pub fn kill_node_manager(&self) {
        self.kill_node(0);
    }

    /// `kill -9` of a node manager. Its containers live on, and it knows none of them when it is
    /// started again.
    pub fn kill_node(&self, node: usize) {
        self.node_managers[node].process.kill();
    }

    /// `kill -9` of a node manager and of everything in its containers, as when a machine fails.
    pub fn lose_node(&self, node: usize) {
        self.kill_node(node);
        end_all_below(&self.node_managers[node].folder.join("local"));
    }

    /// Halts a node manager without ending it, so that it looks hung. Its containers live on.
    pub fn pause_node(&self, node: usize) {
        self.node_managers[node].process.pause();
    }

    /// Ends a [`Self::pause_node`].
    pub fn resume_node(&self, node: usize) {
        self.node_managers[node].process.resume();
    }

    /// Starts a node manager again that is down, on the same ports.
    pub fn start_node_again(&self, node: usize) -> Result<(), LaunchError> {
        self.node_managers[node].process.start_again()
    }

    /// `kill -9` of the resource manager.
    pub fn kill_resource_manager(&self) {
        self.resource_manager.kill();
    }

    /// Starts whatever is down again, on the same ports.
    pub fn start_again(&self) -> Result<(), LaunchError> {
        self.resource_manager.start_again()?;
        self.node_managers
            .iter()
            .try_for_each(|node| node.process.start_again())
    }
}

/// What the processes of a cluster are started from.
struct Cluster<'a> {
    kdc: Option<&'a Kdc>,
    jars: PathBuf,
    hdfs_conf_dir: &'a Path,
    setup: &'a YarnSetup,
    lifetime: &'a Lifetime,
    ports: Vec<(&'static str, u16)>,
    run_dir: &'a Arc<RunDir>,
}

/// A node manager to be started.
struct NodePlan {
    number: usize,
    conf: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Cluster<'_> {
    /// Writes a configuration directory.
    fn configure_node(&self, number: usize, conf_name: &str) -> Result<NodePlan, LaunchError> {
        let conf = self.run_dir.create_dir(conf_name)?;
        let folder = self.run_dir.create_dir(format!("data/node{number}"))?;
        let node_ports = free_ports(&NODE_PORTS)?;
        let mut values: Vec<(&str, String)> = vec![
            ("data", self.run_dir.join("data").display().to_string()),
            ("node", folder.display().to_string()),
            ("conf", conf.display().to_string()),
            ("jars", self.jars.display().to_string()),
            ("node_memory_mb", self.setup.node_memory_mb.to_string()),
            ("recovers", self.setup.recovers.to_string()),
        ];
        let ports = self.ports.iter().chain(&node_ports);
        values.extend(ports.map(|(name, port)| (*name, port.to_string())));
        let mut values: Vec<(&str, &str)> = values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();

        let security = kerberos::security(self.kdc, "yarn-site.xml", SECURITY, &values)?;
        values.push(("security", &security));

        let in_conf = |name: &str| format!("{conf_name}/{name}");
        self.run_dir.write(
            in_conf("yarn-site.xml"),
            template::fill("yarn-site.xml", YARN_SITE, &values)?,
        )?;
        self.run_dir
            .write(in_conf("capacity-scheduler.xml"), SCHEDULER)?;
        self.run_dir
            .write(in_conf("log4j.properties"), hdfs::LOG4J)?;
        for name in ["core-site.xml", "hdfs-site.xml"] {
            let file = self.hdfs_conf_dir.join(name);
            std::fs::copy(&file, conf.join(name))
                .map_err(|source| LaunchError::io("copy", &file, source))?;
        }
        let port = node_ports[0].1;
        Ok(NodePlan {
            number,
            conf,
            folder,
            port,
        })
    }

    fn start_node(&self, plan: NodePlan, http_port: u16) -> Result<NodeManager, LaunchError> {
        let port = plan.port;
        let is_running = move |_log: &str| {
            let nodes = nodes(http_port)?;
            let is_it = |node: &serde_json::Value| {
                let id = node["id"].as_str().unwrap_or_default();
                id.ends_with(&format!(":{port}")) && node["state"] == "RUNNING"
            };
            if nodes.iter().any(is_it) {
                return Ok(());
            }
            Err(format!("no node of port {port} is running: {nodes:?}"))
        };
        // Its containers are in sessions of their own: it has to end them itself.
        let command = self
            .java(NODE_MANAGER.into(), &plan.conf)?
            .ends_its_children();
        let name = match plan.number {
            1 => "nodemanager".to_owned(),
            number => format!("nodemanager{number}"),
        };
        let process = Node::start(name, command, self.run_dir, self.lifetime, is_running)?;
        Ok(NodeManager {
            process,
            folder: plan.folder,
            port,
        })
    }

    fn java(&self, main: OsString, conf: &Path) -> Result<JavaCommand, LaunchError> {
        let command = JavaCommand::new(main, self.run_dir.path())?
            .class_path(conf)
            .jars(&self.jars)
            .heap(64, 512)
            .lifetime(self.lifetime)
            .open_packages(hdfs::OPEN_PACKAGES)
            .property("java.net.preferIPv4Stack", "true")
            .environment("HADOOP_HOME", self.run_dir.path())
            .environment("HADOOP_CONF_DIR", conf)
            .environment("JAVA_HOME", crate::java::java_home()?);
        Ok(kerberos::admitted(self.kdc, command))
    }
}

fn free_ports(names: &[&'static str]) -> Result<Vec<(&'static str, u16)>, LaunchError> {
    names.iter().map(|name| Ok((*name, free_port()?))).collect()
}

impl Drop for Yarn {
    fn drop(&mut self) {
        if self.run_dir.is_kept() {
            return;
        }
        // An orderly stop takes a node manager ten seconds and more when containers run. They
        // have sessions of their own, so they are found by where they work.
        for node in &self.node_managers {
            node.process.kill();
        }
        end_all_below(&self.run_dir.join("data"));
        if std::thread::panicking() {
            // With the other logs it is kept.
            let _ = self
                .run_dir
                .write("containers.log", self.all_container_logs());
        }
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
        let node_managers = self.node_managers.iter().map(|node| &node.process);
        node_managers
            .chain([&self.resource_manager])
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
