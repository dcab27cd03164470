//! A resource manager without nodes and without HDFS, for what is asked of it alone.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Kdc, RESOURCE_MANAGER_MAIN};
use crate::java::JavaCommand;
use crate::node::{Node, log_has};
use crate::server::{Lifetime, retry_port_clash};
use crate::{LaunchError, RunDir, free_port, hdfs, template, yarn};

const CORE_SITE: &str = include_str!("../../servers/kerberos/lone-core-site.xml.template");
const YARN_SITE: &str = include_str!("../../servers/kerberos/lone-yarn-site.xml.template");

/// A resource manager of YARN 3.3.6 with Kerberos, without nodes, and the key distribution centre
/// of its realm.
#[derive(Debug)]
pub struct KerberizedResourceManager {
    _resource_manager: Node,
    kdc: Kdc,
    run_dir: Arc<RunDir>,
}

impl KerberizedResourceManager {
    /// Starts both on free ports of 127.0.0.1. It offers all protections of connections.
    pub fn start() -> Result<Self, LaunchError> {
        retry_port_clash(Self::try_start)
    }

    fn try_start() -> Result<Self, LaunchError> {
        let lifetime = Lifetime::Scoped;
        let kdc = Kdc::start()?;
        let run_dir = Arc::new(RunDir::with_lifetime("kerberos", &lifetime)?);
        let keytabs = kdc.keytabs().display().to_string();
        let data = run_dir.create_dir("data")?.display().to_string();
        let ports = [
            ("rm_port", free_port()?.to_string()),
            ("rm_scheduler_port", free_port()?.to_string()),
            ("rm_tracker_port", free_port()?.to_string()),
            ("rm_admin_port", free_port()?.to_string()),
            ("rm_http_port", free_port()?.to_string()),
        ];
        let mut values = vec![("data", data.as_str()), ("keytabs", &keytabs)];
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
            .environment("HADOOP_HOME", run_dir.path())
            .environment("HADOOP_CONF_DIR", &conf);
        let command = kdc.admit(command);
        let is_ready = log_has("Transitioned to active state");
        let resource_manager =
            Node::start("resourcemanager", command, &run_dir, &lifetime, is_ready)?;
        Ok(Self {
            _resource_manager: resource_manager,
            kdc,
            run_dir,
        })
    }

    /// Directory with `core-site.xml` and `yarn-site.xml`, for `HADOOP_CONF_DIR`.
    pub fn conf_dir(&self) -> PathBuf {
        self.run_dir.join("conf")
    }

    /// For `KRB5_CONFIG`.
    pub fn krb5_conf(&self) -> PathBuf {
        self.kdc.krb5_conf()
    }

    /// Holds the keys of [`Self::user`].
    pub fn keytab(&self) -> PathBuf {
        self.kdc.keytab("metron")
    }

    /// The principal of an ordinary user.
    pub fn user(&self) -> String {
        self.kdc.principal("metron")
    }
}
