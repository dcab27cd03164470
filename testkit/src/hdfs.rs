//! HDFS 3.3.6: one namenode and one datanode.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::artifact::{Artifact, Form};
use crate::java::JavaCommand;
use crate::kerberos::{self, Kdc};
use crate::node::{Node, READY_TIMEOUT};
use crate::running::run_to_end;
use crate::server::{Lifetime, ProcessRecord, Server, retry_port_clash};
use crate::{LaunchError, RunDir, free_port, http, template};

const JARS: Artifact = Artifact {
    name: "hdfs",
    pom: include_str!("../servers/hdfs/pom.xml"),
    form: Form::Jars,
};
const CORE_SITE: &str = include_str!("../servers/hdfs/core-site.xml.template");
const HDFS_SITE: &str = include_str!("../servers/hdfs/hdfs-site.xml.template");
const CORE_SECURITY: &str = include_str!("../servers/kerberos/hdfs-core-site.xml.template");
const HDFS_SECURITY: &str = include_str!("../servers/kerberos/hdfs-site.xml.template");
pub(crate) const LOG4J: &str = include_str!("../servers/hdfs/log4j.properties.template");

/// What Hadoop's libraries (its REST servers' XML binding above all) reach into.
pub(crate) const OPEN_PACKAGES: &[&str] =
    &["java.lang", "java.util", "java.util.concurrent", "java.net"];

const NAMENODE: &str = "org.apache.hadoop.hdfs.server.namenode.NameNode";
const DATANODE: &str = "org.apache.hadoop.hdfs.server.datanode.DataNode";

/// Made where there is Kerberos, since there the test's user may not: path, owner, mode.
const DIRECTORIES: [(&str, &str, u16); 4] = [
    ("/tmp", "hdfs", 1777),
    ("/user", "hdfs", 755),
    ("/user/metron", "metron", 700),
    ("/apps/metron", "metron", 755),
];

/// A one-node HDFS cluster. Its superuser is the user that runs the test.
#[derive(Debug)]
pub struct Hdfs {
    // The datanode goes first: it would complain about a lost namenode.
    datanode: Node,
    namenode: Node,
    host: &'static str,
    port: u16,
    http_port: u16,
    run_dir: Arc<RunDir>,
}

impl Hdfs {
    /// Formats and starts a cluster on free ports of 127.0.0.1.
    pub fn start() -> Result<Self, LaunchError> {
        Self::start_with(&Lifetime::Scoped)
    }

    /// As [`Self::start`], with a lifetime.
    pub fn start_with(lifetime: &Lifetime) -> Result<Self, LaunchError> {
        retry_port_clash(|| Self::try_start(None, lifetime))
    }

    pub(crate) fn try_start(kdc: Option<&Kdc>, lifetime: &Lifetime) -> Result<Self, LaunchError> {
        let jars = JARS.fetch()?;
        let run_dir = Arc::new(RunDir::with_lifetime("hdfs", lifetime)?);
        let (port, http_port) = (free_port()?, free_port()?);
        let values = [
            ("namenode_port", port.to_string()),
            ("namenode_http_port", http_port.to_string()),
            ("datanode_port", free_port()?.to_string()),
            ("datanode_http_port", free_port()?.to_string()),
            ("datanode_ipc_port", free_port()?.to_string()),
            ("data", run_dir.create_dir("data")?.display().to_string()),
        ];
        let values = values
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        for (name, text, security) in [
            ("core-site.xml", CORE_SITE, CORE_SECURITY),
            ("hdfs-site.xml", HDFS_SITE, HDFS_SECURITY),
        ] {
            let security = kerberos::security(kdc, name, security, &values)?;
            let mut values = values.to_vec();
            values.push(("security", &security));
            let text = template::fill(name, text, &values)?;
            run_dir.write(format!("conf/{name}"), text)?;
        }
        run_dir.write("conf/log4j.properties", LOG4J)?;
        // The servers insist on finding their web pages' directories on the class path.
        run_dir.create_dir("web/webapps/hdfs")?;
        run_dir.create_dir("web/webapps/datanode")?;

        let java = |main: &str| -> Result<JavaCommand, LaunchError> {
            let command = JavaCommand::new(main, run_dir.path())?
                .class_path(run_dir.join("conf"))
                .class_path(run_dir.join("web"))
                .jars(&jars)
                .heap(64, 384)
                .lifetime(lifetime)
                .open_packages(OPEN_PACKAGES)
                .property("java.net.preferIPv4Stack", "true")
                .environment("HADOOP_CONF_DIR", run_dir.join("conf"));
            Ok(kerberos::admitted(kdc, command))
        };
        let format = java(NAMENODE)?
            .argument("-format")
            .argument("-nonInteractive");
        let format_log = run_dir.join("namenode-format.log");
        run_to_end(
            "namenode-format",
            format.to_command(),
            &format_log,
            READY_TIMEOUT,
        )?;

        let is_up = move |_log: &str| state(http_port).map(|_| ());
        let namenode = Node::start("namenode", java(NAMENODE)?, &run_dir, lifetime, is_up)?;
        let is_registered = move |_log: &str| match state(http_port)? {
            state if state["NumLiveDataNodes"].as_u64() < Some(1) => {
                Err("no datanode has registered".to_owned())
            }
            state if state["FSState"] != "Operational" => {
                Err(format!("the file system is in state {}", state["FSState"]))
            }
            _ => Ok(()),
        };
        let datanode = Node::start(
            "datanode",
            java(DATANODE)?,
            &run_dir,
            lifetime,
            is_registered,
        )?;
        let hdfs = Self {
            datanode,
            namenode,
            host: kerberos::host(kdc),
            port,
            http_port,
            run_dir,
        };
        if kdc.is_some() {
            hdfs.make_directories()?;
        }
        Ok(hdfs)
    }

    fn make_directories(&self) -> Result<(), LaunchError> {
        const SUPERUSER: &str = "hdfs";
        for (path, owner, mode) in DIRECTORIES {
            self.make_dir(path, SUPERUSER)?;
            for query in [
                format!("op=SETOWNER&owner={owner}&group=users"),
                format!("op=SETPERMISSION&permission={mode}"),
            ] {
                let url = format!("{}{path}?{query}&user.name={SUPERUSER}", self.webhdfs_url());
                let answer = http::request("PUT", &url, None, &[])?;
                if !answer.is_success() {
                    return Err(refused(&query, path, &answer));
                }
            }
        }
        Ok(())
    }

    /// `hdfs://127.0.0.1:<port>`, the value of `fs.defaultFS`; with Kerberos, `localhost`.
    pub fn uri(&self) -> String {
        format!("hdfs://{}:{}", self.host, self.port)
    }

    /// `http://127.0.0.1:<port>/webhdfs/v1`
    pub fn webhdfs_url(&self) -> String {
        format!("http://127.0.0.1:{}/webhdfs/v1", self.http_port)
    }

    /// Directory with `core-site.xml` and `hdfs-site.xml`, for `HADOOP_CONF_DIR`.
    pub fn conf_dir(&self) -> PathBuf {
        self.run_dir.join("conf")
    }

    /// Writes a small file as `user`, replacing an older one.
    pub fn write(&self, path: &str, user: &str, content: &[u8]) -> Result<(), LaunchError> {
        let url = format!(
            "{}{path}?op=CREATE&overwrite=true&user.name={user}",
            self.webhdfs_url()
        );
        let redirect = http::request("PUT", &url, None, &[])?;
        let Some(place) = redirect.header("location") else {
            return Err(refused("write", path, &redirect));
        };
        let created = http::request("PUT", place, Some("application/octet-stream"), content)?;
        if created.status == 201 {
            Ok(())
        } else {
            Err(refused("write", path, &created))
        }
    }

    /// Reads a whole file as `user`.
    pub fn read(&self, path: &str, user: &str) -> Result<Vec<u8>, LaunchError> {
        let url = format!("{}{path}?op=OPEN&user.name={user}", self.webhdfs_url());
        let redirect = http::get(&url)?;
        let Some(place) = redirect.header("location") else {
            return Err(refused("read", path, &redirect));
        };
        let content = http::get(place)?;
        if content.is_success() {
            Ok(content.body)
        } else {
            Err(refused("read", path, &content))
        }
    }

    /// Names in a directory, sorted; none when there is no such directory.
    pub fn list(&self, path: &str, user: &str) -> Result<Vec<String>, LaunchError> {
        let url = format!(
            "{}{path}?op=LISTSTATUS&user.name={user}",
            self.webhdfs_url()
        );
        let answer = http::get(&url)?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        let listing = answer.json();
        let Some(entries) = listing["FileStatuses"]["FileStatus"].as_array() else {
            return Err(refused("list", path, &answer));
        };
        let names = entries
            .iter()
            .filter_map(|entry| entry["pathSuffix"].as_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// Makes a directory that everybody may write to, with those above it.
    pub fn make_dir(&self, path: &str, user: &str) -> Result<(), LaunchError> {
        let query = format!("op=MKDIRS&permission=777&user.name={user}");
        let url = format!("{}{path}?{query}", self.webhdfs_url());
        let answer = http::request("PUT", &url, None, &[])?;
        let is_made = answer.json()["boolean"] == true;
        if is_made {
            Ok(())
        } else {
            Err(refused("make directory", path, &answer))
        }
    }

    /// Makes a user's home directory, as an administrator does.
    pub fn make_home(&self, user: &str) -> Result<(), LaunchError> {
        let superuser = current_user()?;
        let path = format!("/user/{user}");
        let url = format!("{}{path}", self.webhdfs_url());
        let query = format!("op=MKDIRS&permission=755&user.name={superuser}");
        let made = http::request("PUT", &format!("{url}?{query}"), None, &[])?;
        if made.json()["boolean"] != true {
            return Err(refused("make directory", &path, &made));
        }
        let query = format!("op=SETOWNER&owner={user}&group={user}&user.name={superuser}");
        let given = http::request("PUT", &format!("{url}?{query}"), None, &[])?;
        if given.is_success() {
            Ok(())
        } else {
            Err(refused("change the owner of", &path, &given))
        }
    }

    /// Removes a file, or a directory with all that is in it; whether it was there.
    pub fn delete(&self, path: &str, user: &str) -> Result<bool, LaunchError> {
        let query = format!("op=DELETE&recursive=true&user.name={user}");
        let url = format!("{}{path}?{query}", self.webhdfs_url());
        let answer = http::request("DELETE", &url, None, &[])?;
        match answer.json()["boolean"].as_bool() {
            Some(was_there) if answer.is_success() => Ok(was_there),
            _ => Err(refused("delete", path, &answer)),
        }
    }

    /// `kill -9` of the namenode.
    pub fn kill_namenode(&self) {
        self.namenode.kill();
    }

    /// `kill -9` of the datanode.
    pub fn kill_datanode(&self) {
        self.datanode.kill();
    }

    /// Starts whatever is down again, on the same ports and data.
    pub fn start_again(&self) -> Result<(), LaunchError> {
        self.namenode.start_again()?;
        self.datanode.start_again()
    }

    /// Halts the datanode without ending it, so that it looks hung to its clients.
    pub fn pause_datanode(&self) {
        self.datanode.pause();
    }

    /// Ends a [`Self::pause_datanode`].
    pub fn resume_datanode(&self) {
        self.datanode.resume();
    }
}

/// The user that started the cluster, who may do everything in it.
fn current_user() -> Result<String, LaunchError> {
    let output = Command::new("id")
        .arg("-un")
        .output()
        .map_err(|source| LaunchError::io("run", Path::new("id"), source))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What the namenode says about its file system.
fn state(http_port: u16) -> Result<serde_json::Value, String> {
    let bean = "Hadoop:service=NameNode,name=FSNamesystemState";
    let answer = http::get(&format!("http://127.0.0.1:{http_port}/jmx?qry={bean}"))
        .map_err(|error| error.to_string())?;
    // A young namenode answers with an empty list.
    let state = answer.json()["beans"].get(0).cloned().unwrap_or_default();
    if state.is_object() {
        Ok(state)
    } else {
        Err("the namenode does not know its state".into())
    }
}

fn refused(action: &str, path: &str, answer: &http::Response) -> LaunchError {
    let detail = format!("status {}: {}", answer.status, answer.text());
    LaunchError::refused("hdfs", format!("{action} {path}"), detail)
}

impl Server for Hdfs {
    fn name(&self) -> &'static str {
        "hdfs"
    }

    fn addresses(&self) -> Vec<(String, String)> {
        vec![
            ("uri".to_owned(), self.uri()),
            ("webhdfs".to_owned(), self.webhdfs_url()),
            (
                "HADOOP_CONF_DIR".to_owned(),
                self.conf_dir().display().to_string(),
            ),
        ]
    }

    fn processes(&self) -> Vec<ProcessRecord> {
        [&self.datanode, &self.namenode]
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
