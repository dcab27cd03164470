//! Kerberos: a key distribution centre, and a YARN resource manager that demands tickets.

use std::path::PathBuf;
use std::sync::Arc;

use crate::artifact::{Artifact, Form};
use crate::java::JavaCommand;
use crate::node::Node;
use crate::server::{Lifetime, retry_port_clash};
use crate::{LaunchError, RunDir, free_port, hdfs, template, yarn};

const JARS: Artifact = Artifact {
    name: "kerberos",
    pom: include_str!("../servers/kerberos/pom.xml"),
    form: Form::Jars,
};
const KDC_MAIN: &str = include_str!("../servers/kerberos/KdcMain.java");
const RESOURCE_MANAGER_MAIN: &str = include_str!("../servers/kerberos/ResourceManagerMain.java");
const KRB5_CONF: &str = include_str!("../servers/kerberos/krb5.conf.template");
const CORE_SITE: &str = include_str!("../servers/kerberos/core-site.xml.template");
const YARN_SITE: &str = include_str!("../servers/kerberos/yarn-site.xml.template");

const REALM: &str = "EXAMPLE.TEST";
const SERVICE: &str = "yarn/localhost@EXAMPLE.TEST";
const USER: &str = "metron@EXAMPLE.TEST";

/// A resource manager of YARN 3.3.6 with Kerberos, without nodes, and the key distribution centre
/// of its realm.
#[derive(Debug)]
pub struct KerberizedResourceManager {
    _resource_manager: Node,
    _kdc: Node,
    run_dir: Arc<RunDir>,
}

impl KerberizedResourceManager {
    /// Starts both on free ports of 127.0.0.1. It offers all protections of connections.
    pub fn start() -> Result<Self, LaunchError> {
        retry_port_clash(Self::try_start)
    }

    fn try_start() -> Result<Self, LaunchError> {
        let lifetime = Lifetime::Scoped;
        let run_dir = Arc::new(RunDir::with_lifetime("kerberos", &lifetime)?);
        let keytab = run_dir.join("keytab").display().to_string();
        let data = run_dir.create_dir("data")?.display().to_string();
        let kdc_port = free_port()?.to_string();
        let krb5_conf = template::fill("krb5.conf", KRB5_CONF, &[("kdc_port", &kdc_port)])?;
        let krb5_conf = run_dir.write("krb5.conf", krb5_conf)?;

        let kdc_main = run_dir.write("KdcMain.java", KDC_MAIN)?;
        let command = JavaCommand::new(kdc_main, run_dir.path())?
            .jars(&JARS.fetch()?)
            .heap(32, 128)
            .lifetime(&lifetime)
            .argument(run_dir.create_dir("kdc")?)
            .arguments([REALM, &kdc_port, &keytab, SERVICE, USER]);
        let is_ready = |log: &str| {
            if log.contains("centre is ready") {
                return Ok(());
            }
            Err("it has not said so".to_owned())
        };
        let kdc = Node::start("kdc", command, &run_dir, &lifetime, is_ready)?;

        let ports = [
            ("rm_port", free_port()?.to_string()),
            ("rm_scheduler_port", free_port()?.to_string()),
            ("rm_tracker_port", free_port()?.to_string()),
            ("rm_admin_port", free_port()?.to_string()),
            ("rm_http_port", free_port()?.to_string()),
        ];
        let mut values = vec![("data", data.as_str()), ("keytab", &keytab)];
        values.extend(ports.iter().map(|(name, port)| (*name, port.as_str())));
        let core_site = template::fill("core-site.xml", CORE_SITE, &values[..1])?;
        let yarn_site = template::fill("yarn-site.xml", YARN_SITE, &values[1..])?;
        let conf = run_dir.create_dir("conf")?;
        run_dir.write("conf/core-site.xml", core_site)?;
        run_dir.write("conf/yarn-site.xml", yarn_site)?;
        run_dir.write("conf/capacity-scheduler.xml", yarn::SCHEDULER)?;
        run_dir.write("conf/log4j.properties", hdfs::LOG4J)?;
        let main = run_dir.write("ResourceManagerMain.java", RESOURCE_MANAGER_MAIN)?;
        let command = JavaCommand::new(main, run_dir.path())?
            .class_path(&conf)
            .jars(&yarn::JARS.fetch()?)
            .heap(64, 512)
            .lifetime(&lifetime)
            .open_packages(hdfs::OPEN_PACKAGES)
            .property("java.net.preferIPv4Stack", "true")
            .property("java.security.krb5.conf", &krb5_conf)
            .environment("HADOOP_HOME", run_dir.path())
            .environment("HADOOP_CONF_DIR", &conf)
            // A ticket of whoever runs the test shall not help.
            .environment("KRB5CCNAME", run_dir.join("no-tickets"));
        let is_ready = |log: &str| {
            if log.contains("Transitioned to active state") {
                return Ok(());
            }
            Err("it is not active".to_owned())
        };
        let resource_manager =
            Node::start("resourcemanager", command, &run_dir, &lifetime, is_ready)?;
        Ok(Self {
            _resource_manager: resource_manager,
            _kdc: kdc,
            run_dir,
        })
    }

    /// Directory with `core-site.xml` and `yarn-site.xml`, for `HADOOP_CONF_DIR`.
    pub fn conf_dir(&self) -> PathBuf {
        self.run_dir.join("conf")
    }

    /// For `KRB5_CONFIG`.
    pub fn krb5_conf(&self) -> PathBuf {
        self.run_dir.join("krb5.conf")
    }

    /// Holds the keys of [`Self::user`], and the service's.
    pub fn keytab(&self) -> PathBuf {
        self.run_dir.join("keytab")
    }

    /// The principal of an ordinary user.
    pub fn user(&self) -> &'static str {
        USER
    }
}
