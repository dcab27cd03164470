//! Apache ZooKeeper 3.8.4, from the jars that come with Kafka.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::java::JavaCommand;
use crate::kerberos::{self, Kdc};
use crate::node::Node;
use crate::server::{Lifetime, ProcessRecord, Server, retry_port_clash};
use crate::{LaunchError, RunDir, free_port, kafka, template};

const CONFIG: &str = include_str!("../servers/kafka/zoo.cfg.template");
const SECURITY: &str = include_str!("../servers/kerberos/zoo.cfg.template");
const JAAS: &str = include_str!("../servers/kerberos/zookeeper-jaas.conf.template");

/// A standalone ZooKeeper server.
#[derive(Debug)]
pub struct ZooKeeper {
    node: Node,
    /// As clients are to call it.
    host: &'static str,
    port: u16,
    run_dir: Arc<RunDir>,
}

impl ZooKeeper {
    /// Starts a server on a free port of 127.0.0.1 with an empty tree.
    pub fn start() -> Result<Self, LaunchError> {
        Self::start_with(&Lifetime::Scoped)
    }

    /// As [`Self::start`], with a lifetime.
    pub fn start_with(lifetime: &Lifetime) -> Result<Self, LaunchError> {
        retry_port_clash(|| Self::try_start(None, lifetime))
    }

    pub(crate) fn try_start(kdc: Option<&Kdc>, lifetime: &Lifetime) -> Result<Self, LaunchError> {
        let jars = kafka::JARS.fetch()?;
        let run_dir = Arc::new(RunDir::with_lifetime("zookeeper", lifetime)?);
        let port = free_port()?;
        let data = run_dir.create_dir("data")?.display().to_string();
        let values = [
            ("port", port.to_string()),
            ("data", data),
            (
                "security",
                kerberos::security(kdc, "zoo.cfg", SECURITY, &[])?,
            ),
        ];
        let values = values
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let config = run_dir.write(
            "config/zoo.cfg",
            template::fill("zoo.cfg", CONFIG, &values)?,
        )?;
        run_dir.write("config/log4j.properties", kafka::LOG4J)?;

        let mut command = JavaCommand::new(
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            run_dir.path(),
        )?
        .class_path(run_dir.join("config"))
        .jars(&jars)
        .heap(32, 256)
        .lifetime(lifetime)
        .argument(config);
        if let Some(kdc) = kdc {
            let jaas = kerberos::security(Some(kdc), "jaas.conf", JAAS, &[])?;
            let jaas = run_dir.write("config/jaas.conf", jaas)?;
            command = kdc
                .admit(command)
                .property("java.security.auth.login.config", jaas);
        }
        // It says `imok` to `ruok` before it serves requests; `srvr` tells the two apart.
        let ready = move |_log: &str| match ask(port, "srvr") {
            Ok(answer) if answer.contains("Mode: standalone") => Ok(()),
            Ok(answer) => Err(format!("it answers `{answer}` to srvr")),
            Err(error) => Err(format!("it does not answer to srvr: {error}")),
        };
        let node = Node::start("zookeeper", command, &run_dir, lifetime, ready)?;
        Ok(Self {
            node,
            host: kerberos::host(kdc),
            port,
            run_dir,
        })
    }

    /// The connection string, `127.0.0.1:<port>`; with Kerberos, `localhost:<port>`. It stays the
    /// same over restarts.
    pub fn quorum(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Sends a four-letter word such as `ruok`, `srvr` or `cons` and returns the answer.
    pub fn ask(&self, word: &str) -> Result<String, LaunchError> {
        ask(self.port, word).map_err(|error| {
            LaunchError::refused("zookeeper", format!("answer `{word}`"), error.to_string())
        })
    }

    /// An orderly stop.
    pub fn stop(&self) {
        self.node.stop();
    }

    /// `kill -9`
    pub fn kill(&self) {
        self.node.kill();
    }

    /// Starts the server again after a stop or a kill: same port, same tree.
    pub fn start_again(&self) -> Result<(), LaunchError> {
        self.node.start_again()
    }

    /// An orderly stop and a start on the same port and tree.
    pub fn restart(&self) -> Result<(), LaunchError> {
        self.stop();
        self.start_again()
    }

    /// Halts the server without ending it. Sessions do not run out meanwhile; to lose a session,
    /// pause the client.
    pub fn pause(&self) {
        self.node.pause();
    }

    /// Ends a [`Self::pause`].
    pub fn resume(&self) {
        self.node.resume();
    }

    /// The server's log since its last start.
    pub fn log(&self) -> String {
        self.node.log_text()
    }
}

fn ask(port: u16, word: &str) -> std::io::Result<String> {
    let timeout = Duration::from_secs(10);
    let mut stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.write_all(word.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

impl Server for ZooKeeper {
    fn name(&self) -> &'static str {
        "zookeeper"
    }

    fn addresses(&self) -> Vec<(String, String)> {
        vec![("quorum".to_owned(), self.quorum())]
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
