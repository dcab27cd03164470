//! Apache Kafka 3.9.1: one node without ZooKeeper (KRaft).

use std::path::Path;
use std::sync::Arc;

use crate::artifact::{Artifact, Form};
use crate::java::JavaCommand;
use crate::kerberos::{self, Kdc};
use crate::node::{Node, READY_TIMEOUT, log_has};
use crate::running::run_to_end;
use crate::server::{Lifetime, ProcessRecord, Server, retry_port_clash};
use crate::{KafkaClient, LaunchError, RunDir, free_port, template};

/// The jars hold ZooKeeper as well.
pub(crate) const JARS: Artifact = Artifact {
    name: "kafka",
    pom: include_str!("../servers/kafka/pom.xml"),
    form: Form::Jars,
};
pub(crate) const LOG4J: &str = include_str!("../servers/kafka/log4j.properties.template");
const PROPERTIES: &str = include_str!("../servers/kafka/server.properties.template");
const SECURITY: &str = include_str!("../servers/kerberos/server.properties.template");

/// Any 16 bytes in base64 would do.
const CLUSTER_ID: &str = "YWxpZGFkZS10ZXN0a2l0MQ";

/// A one-node Kafka cluster. Topics are not created by themselves: [`Kafka::create_topic`].
#[derive(Debug)]
pub struct Kafka {
    node: Node,
    /// As clients are to call it.
    host: &'static str,
    port: u16,
    run_dir: Arc<RunDir>,
}

impl Kafka {
    /// Starts a broker on a free port of 127.0.0.1 with empty storage.
    pub fn start() -> Result<Self, LaunchError> {
        Self::start_with(&Lifetime::Scoped)
    }

    /// As [`Self::start`], with a lifetime.
    pub fn start_with(lifetime: &Lifetime) -> Result<Self, LaunchError> {
        retry_port_clash(|| Self::try_start(None, lifetime))
    }

    pub(crate) fn try_start(kdc: Option<&Kdc>, lifetime: &Lifetime) -> Result<Self, LaunchError> {
        let jars = JARS.fetch()?;
        let run_dir = Arc::new(RunDir::with_lifetime("kafka", lifetime)?);
        let port = free_port()?;
        let protocol = if kdc.is_some() {
            "SASL_PLAINTEXT"
        } else {
            "PLAINTEXT"
        };
        let security = kerberos::security(kdc, "server.properties", SECURITY, &[])?;
        let values = [
            ("protocol", protocol.to_owned()),
            ("host", kerberos::host(kdc).to_owned()),
            ("security", security),
            ("port", port.to_string()),
            ("controller_port", free_port()?.to_string()),
            ("data", run_dir.join("data").display().to_string()),
        ];
        let values = values
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let properties = template::fill("server.properties", PROPERTIES, &values)?;
        let properties = run_dir.write("config/server.properties", properties)?;
        run_dir.write("config/log4j.properties", LOG4J)?;

        let java = |main: &str| -> Result<JavaCommand, LaunchError> {
            let command = JavaCommand::new(main, run_dir.path())?
                .class_path(run_dir.join("config"))
                .jars(&jars)
                .heap(64, 512)
                .lifetime(lifetime);
            Ok(kerberos::admitted(kdc, command))
        };
        let format = java("kafka.tools.StorageTool")?
            .argument("format")
            .argument("-t")
            .argument(CLUSTER_ID)
            .argument("-c")
            .argument(&properties);
        let format_log = run_dir.join("kafka-format.log");
        run_to_end(
            "kafka-format",
            format.to_command(),
            &format_log,
            READY_TIMEOUT,
        )?;

        let broker = java("kafka.Kafka")?.argument(&properties);
        let ready = log_has("Kafka Server started");
        let node = Node::start("kafka", broker, &run_dir, lifetime, ready)?;
        Ok(Self {
            node,
            host: kerberos::host(kdc),
            port,
            run_dir,
        })
    }

    /// The value of `bootstrap.servers`. It stays the same over restarts.
    pub fn bootstrap(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Client helpers for this broker.
    pub fn client(&self) -> KafkaClient {
        KafkaClient::new(self.bootstrap())
    }

    /// Creates a topic and waits until each of its partitions has a leader.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), LaunchError> {
        Ok(self.client().create_topic(name, partitions)?)
    }

    /// An orderly stop.
    pub fn stop(&self) {
        self.node.stop();
    }

    /// `kill -9`
    pub fn kill(&self) {
        self.node.kill();
    }

    /// Starts the broker again after [`Self::stop`] or [`Self::kill`]: same port, same storage.
    pub fn start_again(&self) -> Result<(), LaunchError> {
        self.node.start_again()
    }

    /// An orderly stop and a start on the same port and storage.
    pub fn restart(&self) -> Result<(), LaunchError> {
        self.stop();
        self.start_again()
    }

    /// Halts the broker without ending it, so that it looks hung to its clients.
    pub fn pause(&self) {
        self.node.pause();
    }

    /// Ends a [`Self::pause`].
    pub fn resume(&self) {
        self.node.resume();
    }

    /// The broker's log since its last start.
    pub fn log(&self) -> String {
        self.node.log_text()
    }
}

impl Server for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn addresses(&self) -> Vec<(String, String)> {
        vec![("bootstrap servers".to_owned(), self.bootstrap())]
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
