//! Elasticsearch 6.8.23 and 7.17.9: one node with the HTTP interface.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::artifact::{Artifact, Form};
use crate::java::JavaCommand;
use crate::node::Node;
use crate::server::{Lifetime, ProcessRecord, Server, retry_port_clash};
use crate::{LaunchError, RunDir, free_port, http, template, user};

const CONFIG: &str = include_str!("../servers/elasticsearch/elasticsearch.yml.template");
const LOG4J: &str = include_str!("../servers/elasticsearch/log4j2.properties.template");

/// Which Elasticsearch to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElasticsearchVersion {
    /// 6.8.23, the last of the line that upstream was written for.
    V6,
    /// 7.17.9
    V7,
}

impl ElasticsearchVersion {
    fn artifact(self) -> Artifact {
        match self {
            Self::V6 => Artifact {
                name: "elasticsearch6",
                pom: include_str!("../servers/elasticsearch/pom6.xml"),
                form: Form::Distribution,
            },
            Self::V7 => Artifact {
                name: "elasticsearch7",
                pom: include_str!("../servers/elasticsearch/pom7.xml"),
                form: Form::Distribution,
            },
        }
    }

    /// The top folder in the distribution.
    fn folder(self) -> &'static str {
        match self {
            Self::V6 => "elasticsearch-6.8.23",
            Self::V7 => "elasticsearch-7.17.9",
        }
    }

    /// Settings that only this version knows.
    fn settings(self) -> &'static str {
        match self {
            Self::V6 => "",
            // Would otherwise warn about missing security in a header of every answer.
            Self::V7 => "xpack.security.enabled: false",
        }
    }
}

/// A one-node Elasticsearch cluster.
#[derive(Debug)]
pub struct Elasticsearch {
    node: Node,
    version: ElasticsearchVersion,
    port: u16,
    run_dir: Arc<RunDir>,
}

impl Elasticsearch {
    /// Starts an empty node on a free port of 127.0.0.1.
    ///
    /// Elasticsearch refuses to run as root: then the user `nobody` runs it.
    pub fn start(version: ElasticsearchVersion) -> Result<Self, LaunchError> {
        Self::start_with(version, &Lifetime::Scoped)
    }

    /// As [`Self::start`], with a lifetime.
    pub fn start_with(
        version: ElasticsearchVersion,
        lifetime: &Lifetime,
    ) -> Result<Self, LaunchError> {
        retry_port_clash(|| Self::try_start(version, lifetime))
    }

    fn try_start(version: ElasticsearchVersion, lifetime: &Lifetime) -> Result<Self, LaunchError> {
        let artifact = version.artifact();
        let name = artifact.name;
        let distribution = artifact.fetch()?.join(version.folder());
        let run_dir = Arc::new(RunDir::with_lifetime(name, lifetime)?);
        let home = run_dir.create_dir("home")?;
        // The cache may lie in a home directory that the other user cannot enter.
        for part in ["lib", "modules"] {
            link_tree(&distribution.join(part), &home.join(part))?;
        }
        for part in ["home/bin", "home/plugins", "data", "logs", "tmp"] {
            run_dir.create_dir(part)?;
        }
        let port = free_port()?;
        let values = [
            ("port", port.to_string()),
            ("transport_port", free_port()?.to_string()),
            ("data", run_dir.join("data").display().to_string()),
            ("logs", run_dir.join("logs").display().to_string()),
            ("more", version.settings().to_owned()),
        ];
        let values = values
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let config = template::fill("elasticsearch.yml", CONFIG, &values)?;
        run_dir.write("config/elasticsearch.yml", config)?;
        run_dir.write("config/log4j2.properties", LOG4J)?;
        let user = user::other_than_root()?;
        if let Some((uid, gid)) = user {
            // Not the links: they share owner and mode with the files of the cache.
            for part in ["config", "data", "logs", "tmp"] {
                run_dir.give_to(part, uid, gid)?;
            }
        }

        let command = JavaCommand::new("org.elasticsearch.bootstrap.Elasticsearch", &home)?
            .jars(&home.join("lib"))
            .heap(512, 512)
            .lifetime(lifetime)
            .property("es.path.home", &home)
            .property("es.path.conf", run_dir.join("config"))
            .property("es.distribution.flavor", "oss")
            .property("es.distribution.type", "zip")
            .property("es.bundled_jdk", "false")
            .property("java.io.tmpdir", run_dir.join("tmp"))
            .property("jna.tmpdir", run_dir.join("tmp"))
            .property("jna.nosys", "true")
            .property("file.encoding", "UTF-8")
            .property("io.netty.noUnsafe", "true")
            .property("log4j.shutdownHookEnabled", "false")
            .property("log4j2.disable.jmx", "true")
            .property("log4j2.formatMsgNoLookups", "true")
            .property("java.locale.providers", "SPI,COMPAT")
            // Both versions install a security manager, which JDK 18 and later refuse otherwise.
            .property("java.security.manager", "allow")
            .open_packages(&["java.io"])
            .environment("LIBFFI_TMPDIR", run_dir.join("tmp"))
            .user(user);
        let ready = move |_log: &str| {
            let health = format!("{}/_cluster/health", url_of(port));
            let answer = http::get(&health).map_err(|error| error.to_string())?;
            let status = answer.json()["status"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            match status.as_str() {
                "green" | "yellow" => Ok(()),
                _ => Err(format!("its health is `{}`", answer.text())),
            }
        };
        let node = Node::start(name, command, &run_dir, lifetime, ready)?;
        Ok(Self {
            node,
            version,
            port,
            run_dir,
        })
    }

    /// `http://127.0.0.1:<port>`. It stays the same over restarts.
    pub fn url(&self) -> String {
        url_of(self.port)
    }

    /// What was asked for.
    pub fn version(&self) -> ElasticsearchVersion {
        self.version
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

    /// Halts the node without ending it, so that it looks hung to its clients.
    pub fn pause(&self) {
        self.node.pause();
    }

    /// Ends a [`Self::pause`].
    pub fn resume(&self) {
        self.node.resume();
    }
}

fn url_of(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Repeats a directory tree with hard links, or with copies where links are impossible.
fn link_tree(from: &Path, to: &PathBuf) -> Result<(), LaunchError> {
    fs::create_dir_all(to).map_err(|source| LaunchError::io("create directory", to, source))?;
    let entries = fs::read_dir(from).map_err(|source| LaunchError::io("list", from, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| LaunchError::io("list", from, source))?;
        let (old, new) = (entry.path(), to.join(entry.file_name()));
        if old.is_dir() {
            link_tree(&old, &new)?;
            continue;
        }
        if fs::hard_link(&old, &new).is_err() {
            fs::copy(&old, &new).map_err(|source| LaunchError::io("copy", &old, source))?;
        }
    }
    Ok(())
}

impl Server for Elasticsearch {
    fn name(&self) -> &'static str {
        self.version.artifact().name
    }

    fn addresses(&self) -> Vec<(String, String)> {
        vec![("url".to_owned(), self.url())]
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
