//! Kerberos: a key distribution centre, and servers that demand its tickets.

mod client;
mod lone_resource_manager;

use std::path::PathBuf;
use std::sync::Arc;

use crate::artifact::{Artifact, Form};
use crate::java::JavaCommand;
use crate::node::{Node, log_has};
use crate::server::{Lifetime, retry_port_clash};
use crate::{Hdfs, Kafka, LaunchError, RunDir, Yarn, YarnSetup, ZooKeeper, free_port, template};

pub use client::Realm;
pub use lone_resource_manager::KerberizedResourceManager;

const JARS: Artifact = Artifact {
    name: "kerberos",
    pom: include_str!("../../servers/kerberos/pom.xml"),
    form: Form::Jars,
};
const KDC_MAIN: &str = include_str!("../../servers/kerberos/KdcMain.java");
const KRB5_CONF: &str = include_str!("../../servers/kerberos/krb5.conf.template");
pub(crate) const RESOURCE_MANAGER_MAIN: &str =
    include_str!("../../servers/kerberos/ResourceManagerMain.java");

const REALM: &str = "EXAMPLE.TEST";

/// Principals of the servers, all of them on this host.
const SERVICES: [&str; 5] = ["hdfs", "yarn", "HTTP", "kafka", "zookeeper"];

/// Principals of people. The first has a home in HDFS and is known everywhere, the other has nothing.
const USERS: [&str; 2] = ["metron", "stranger"];

/// The key distribution centre of the realm `EXAMPLE.TEST`, with principals for the servers below and for the users `metron`
/// and `stranger`. It must outlive the servers.
///
/// The servers are at `localhost`: by that name, not by a number, they have to be addressed.
#[derive(Debug)]
pub struct Kdc {
    node: Node,
    run_dir: Arc<RunDir>,
}

impl Kdc {
    /// Starts it on a free port of 127.0.0.1.
    pub fn start() -> Result<Self, LaunchError> {
        retry_port_clash(Self::try_start)
    }

    fn try_start() -> Result<Self, LaunchError> {
        let lifetime = Lifetime::Scoped;
        let run_dir = Arc::new(RunDir::with_lifetime("kdc", &lifetime)?);
        let port = free_port()?.to_string();
        let krb5_conf = template::fill("krb5.conf", KRB5_CONF, &[("kdc_port", &port)])?;
        run_dir.write("krb5.conf", krb5_conf)?;
        let principals = SERVICES.iter().chain(&USERS).map(|name| principal(name));
        let principals: Vec<String> = principals.collect();

        let main = run_dir.write("KdcMain.java", KDC_MAIN)?;
        let command = JavaCommand::new(main, run_dir.path())?
            .jars(&JARS.fetch()?)
            .heap(32, 128)
            .lifetime(&lifetime)
            .argument(run_dir.create_dir("kdc")?)
            .arguments([REALM, &port])
            .argument(run_dir.create_dir("keytabs")?)
            .arguments(principals.iter().map(String::as_str));
        let is_ready = log_has("centre is ready");
        let node = Node::start("kdc", command, &run_dir, &lifetime, is_ready)?;
        Ok(Self { node, run_dir })
    }

    /// For `KRB5_CONFIG`.
    pub fn krb5_conf(&self) -> PathBuf {
        self.run_dir.join("krb5.conf")
    }

    /// The keys of one principal, by its first part: `metron`, `zookeeper`.
    pub fn keytab(&self, name: &str) -> PathBuf {
        self.keytabs().join(format!("{name}.keytab"))
    }

    /// The whole name of a principal, by its first part: `metron@EXAMPLE.TEST`, `zookeeper/localhost@EXAMPLE.TEST`.
    pub fn principal(&self, name: &str) -> String {
        principal(name)
    }

    /// ZooKeeper 3.8.4 that serves nobody without a ticket.
    pub fn zookeeper(&self) -> Result<ZooKeeper, LaunchError> {
        retry_port_clash(|| ZooKeeper::try_start(Some(self), &Lifetime::Scoped))
    }

    /// Kafka 3.9.1 that serves nobody without a ticket (`SASL_PLAINTEXT`).
    pub fn kafka(&self) -> Result<Kafka, LaunchError> {
        retry_port_clash(|| Kafka::try_start(Some(self), &Lifetime::Scoped))
    }

    /// HDFS 3.3.6, with `/user/metron` and `/apps/metron` of that user and a `/tmp` of everybody. Only its protocols demand
    /// tickets: over HTTP, where tests prepare files and look at them, it believes the name that it is told.
    pub fn hdfs(&self) -> Result<Hdfs, LaunchError> {
        retry_port_clash(|| Hdfs::try_start(Some(self), &Lifetime::Scoped))
    }

    /// YARN 3.3.6 over that HDFS. Containers find this realm, and no ticket.
    pub fn yarn(&self, hdfs: &Hdfs, setup: &YarnSetup) -> Result<Yarn, LaunchError> {
        let conf_dir = hdfs.conf_dir();
        retry_port_clash(|| Yarn::try_start(Some(self), &conf_dir, setup, &Lifetime::Scoped))
    }

    /// `kill -9`. What has its ticket already goes on.
    pub fn kill(&self) {
        self.node.kill();
    }

    pub(crate) fn keytabs(&self) -> PathBuf {
        self.run_dir.join("keytabs")
    }

    /// What a server in Java needs to be in the realm.
    pub(crate) fn admit(&self, command: JavaCommand) -> JavaCommand {
        command
            .property("java.security.krb5.conf", self.krb5_conf())
            // A ticket of whoever runs the test shall not help.
            .environment("KRB5CCNAME", self.run_dir.join("no-tickets"))
            // The JVM does not look at it; containers of a node manager do.
            .environment("KRB5_CONFIG", self.krb5_conf())
    }
}

/// What goes into a server's configuration for the sake of Kerberos: nothing without it.
pub(crate) fn security(
    kdc: Option<&Kdc>,
    name: &'static str,
    text: &str,
    values: &[(&str, &str)],
) -> Result<String, LaunchError> {
    let Some(kdc) = kdc else {
        return Ok(String::new());
    };
    let keytabs = kdc.keytabs().display().to_string();
    let mut values = values.to_vec();
    values.push(("keytabs", &keytabs));
    template::fill(name, text, &values)
}

/// How clients are to call servers of this host. The name of a principal is a name.
pub(crate) fn host(kdc: Option<&Kdc>) -> &'static str {
    match kdc {
        Some(_) => "localhost",
        None => "127.0.0.1",
    }
}

/// The command, in the realm if there is one.
pub(crate) fn admitted(kdc: Option<&Kdc>, command: JavaCommand) -> JavaCommand {
    match kdc {
        Some(kdc) => kdc.admit(command),
        None => command,
    }
}

fn principal(name: &str) -> String {
    match SERVICES.contains(&name) {
        true => format!("{name}/localhost@{REALM}"),
        false => format!("{name}@{REALM}"),
    }
}
