//! Apache Solr 8.11.3: one node in cloud mode.

use std::path::Path;
use std::sync::Arc;

use crate::artifact::{Artifact, Form};
use crate::java::JavaCommand;
use crate::node::Node;
use crate::server::{Lifetime, ProcessRecord, Server, retry_port_clash};
use crate::{LaunchError, RunDir, ZooKeeper, free_port, http, template};

const JARS: Artifact = Artifact {
    name: "solr",
    pom: include_str!("../servers/solr/pom.xml"),
    form: Form::Jars,
};
const MAIN: &str = include_str!("../servers/solr/SolrMain.java");
const SOLR_XML: &str = include_str!("../servers/solr/solr.xml.template");
const LOG4J: &str = include_str!("../servers/solr/log4j2.xml.template");
const SCHEMA: &str = include_str!("../servers/solr/squid/schema.xml");
const SOLR_CONFIG: &str = include_str!("../servers/solr/squid/solrconfig.xml");

/// Where Solr lives in ZooKeeper's tree, as in upstream's deployment.
const CHROOT: &str = "/solr";

/// One Solr node. The ZooKeeper server must outlive it.
#[derive(Debug)]
pub struct Solr {
    node: Node,
    port: u16,
    zookeeper: String,
    run_dir: Arc<RunDir>,
}

impl Solr {
    /// Starts a node on a free port of 127.0.0.1 that keeps its cluster state in `zookeeper`.
    pub fn start(zookeeper: &ZooKeeper) -> Result<Self, LaunchError> {
        Self::start_with(&zookeeper.quorum(), &Lifetime::Scoped)
    }

    /// As [`Self::start`], with a lifetime, and with ZooKeeper given by its connection string.
    pub fn start_with(quorum: &str, lifetime: &Lifetime) -> Result<Self, LaunchError> {
        retry_port_clash(|| Self::try_start(quorum, lifetime))
    }

    fn try_start(quorum: &str, lifetime: &Lifetime) -> Result<Self, LaunchError> {
        let jars = JARS.fetch()?;
        let run_dir = Arc::new(RunDir::with_lifetime("solr", lifetime)?);
        let port = free_port()?;
        let solr_xml = template::fill("solr.xml", SOLR_XML, &[("port", &port.to_string())])?;
        run_dir.write("home/solr.xml", solr_xml)?;
        run_dir.write("config/log4j2.xml", LOG4J)?;
        let main = run_dir.write("SolrMain.java", MAIN)?;

        let command = JavaCommand::new(main, run_dir.path())?
            .class_path(run_dir.join("config"))
            .jars(&jars)
            .heap(128, 512)
            .lifetime(lifetime)
            .property("solr.log.dir", run_dir.path())
            .property("solr.disable.shardsWhitelist", "true")
            .property("java.io.tmpdir", run_dir.create_dir("tmp")?)
            .argument(run_dir.join("home"))
            .argument(port.to_string())
            .argument(quorum)
            .argument(CHROOT);
        let ready = move |_log: &str| {
            let status = format!("{}/admin/collections?action=CLUSTERSTATUS", url_of(port));
            let answer = http::get(&status).map_err(|error| error.to_string())?;
            let state = answer.json();
            let is_live = state["cluster"]["live_nodes"]
                .as_array()
                .is_some_and(|it| !it.is_empty());
            if is_live {
                Ok(())
            } else {
                Err(format!("no node is live: {}", answer.text()))
            }
        };
        let node = Node::start("solr", command, &run_dir, lifetime, ready)?;
        let zookeeper = format!("{quorum}{CHROOT}");
        Ok(Self {
            node,
            port,
            zookeeper,
            run_dir,
        })
    }

    /// `http://127.0.0.1:<port>/solr`. It stays the same over restarts.
    pub fn url(&self) -> String {
        url_of(self.port)
    }

    /// ZooKeeper connection string with Solr's chroot, for clients that find Solr through it.
    pub fn zookeeper(&self) -> &str {
        &self.zookeeper
    }

    /// Creates a collection of one shard with the schema for squid: unique key `guid`, every
    /// unknown field is a string.
    pub fn create_collection(&self, name: &str) -> Result<(), LaunchError> {
        self.create_collection_with(name, SCHEMA)
    }

    /// As [`Self::create_collection`], with a schema of one's own.
    pub fn create_collection_with(&self, name: &str, schema: &str) -> Result<(), LaunchError> {
        self.upload_config_set(
            name,
            &[("schema.xml", schema), ("solrconfig.xml", SOLR_CONFIG)],
        )?;
        let query = format!(
            "action=CREATE&name={name}&collection.configName={name}&numShards=1\
             &replicationFactor=1&waitForFinalState=true"
        );
        let answer = http::get(&format!("{}/admin/collections?{query}", self.url()))?;
        check(&answer, format!("create collection {name}"))
    }

    /// Uploads the files of a config set, (name, content) each, replacing older ones.
    pub fn upload_config_set(&self, name: &str, files: &[(&str, &str)]) -> Result<(), LaunchError> {
        for (path, content) in files {
            let query = format!("action=UPLOAD&name={name}&filePath={path}&overwrite=true");
            let url = format!("{}/admin/configs?{query}", self.url());
            let kind = Some("application/octet-stream");
            let answer = http::request("POST", &url, kind, content.as_bytes())?;
            check(&answer, format!("upload {path} of config set {name}"))?;
        }
        Ok(())
    }

    /// An orderly stop.
    pub fn stop(&self) {
        self.node.stop();
    }

    /// `kill -9`
    pub fn kill(&self) {
        self.node.kill();
    }

    /// Starts the node again after a stop or a kill: same port, same data.
    pub fn start_again(&self) -> Result<(), LaunchError> {
        self.node.start_again()
    }
}

fn url_of(port: u16) -> String {
    format!("http://127.0.0.1:{port}/solr")
}

fn check(answer: &http::Response, action: String) -> Result<(), LaunchError> {
    if answer.is_success() && answer.json()["responseHeader"]["status"] == 0 {
        return Ok(());
    }
    let detail = format!("status {}: {}", answer.status, answer.text());
    Err(LaunchError::refused("solr", action, detail))
}

impl Server for Solr {
    fn name(&self) -> &'static str {
        "solr"
    }

    fn addresses(&self) -> Vec<(String, String)> {
        vec![
            ("url".to_owned(), self.url()),
            ("zookeeper".to_owned(), self.zookeeper.clone()),
        ]
    }

    fn processes(&self) -> Vec<ProcessRecord> {
        self.node.record().into_iter().collect()
    }

    fn run_dir(&self) -> &Path {
        self.run_dir.path()
    }

    fn detach(&self) {
        self.run_dir.keep();
    }
}
