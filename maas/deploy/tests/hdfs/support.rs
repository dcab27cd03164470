//! HDFS, ZooKeeper, and the command in a process of its own.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alidade_maas_core::{Registry, Settlement, ZooKeeperOptions, ZooKeeperRegistry};
use alidade_testkit::{Hdfs, ZooKeeper, eventually, http};

/// The machine may have much to do.
pub const LONG: Duration = Duration::from_secs(180);

/// The command line for a child, one argument a line.
const ROLE: &str = "MAAS_DEPLOY_TEST_LINE";

/// Before and after what the command has written, in the output of a child.
const BEGIN: &str = "\n--- the command says:\n";
const END: &str = "--- and ends with ";

/// In a child: runs the command. False in the parent.
pub fn is_child() -> bool {
    let Ok(lines) = std::env::var(ROLE) else {
        return false;
    };
    let args: Vec<String> = lines.split('\n').map(str::to_owned).collect();
    let mut out = Vec::new();
    let code = alidade_maas_deploy::run(&args, &mut out);
    let out = String::from_utf8(out).unwrap();
    println!("{BEGIN}{out}{END}{code} ---");
    true
}

/// A directory with a start script of this content.
pub fn payload(script: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("rest.sh"), script).unwrap();
    directory
}

pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// Where `carol` deploys models.
pub struct Cluster {
    pub hdfs: Hdfs,
    zookeeper: ZooKeeper,
    conf: tempfile::TempDir,
    /// The test that children run.
    test: &'static str,
}

/// What a command has said.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// One line, exit code 1, nothing on standard output.
    pub fn is_refused_with(&self, part: &str) -> bool {
        let last = self.err.trim_end().lines().last().unwrap_or_default();
        self.code == 1 && self.out.is_empty() && last.contains(part)
    }
}

pub struct Running(Child);

impl Running {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn finish(&mut self) -> Done {
        let status = eventually(LONG, || match self.0.try_wait().unwrap() {
            Some(status) => Ok(status),
            None => Err("it has not ended".to_owned()),
        });
        let (mut out, mut err) = (String::new(), String::new());
        let stdout = self.0.stdout.as_mut().unwrap();
        stdout.read_to_string(&mut out).unwrap();
        let stderr = self.0.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut err).unwrap();
        // The test harness has a word to say, too.
        let answer = out.split_once(BEGIN).and_then(|(_, out)| {
            let (out, end) = out.split_once(END)?;
            let (code, _) = end.split_once(" ---")?;
            Some((out.to_owned(), code.parse().unwrap()))
        });
        let (out, code) = answer.unwrap_or_else(|| panic!("{status}: {out}{err}"));
        Done { code, out, err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Cluster {
    pub fn start(test: &'static str) -> Cluster {
        let hdfs = Hdfs::start().unwrap();
        let zookeeper = ZooKeeper::start().unwrap();
        let conf = tempfile::tempdir().unwrap();
        for name in ["core-site.xml", "hdfs-site.xml"] {
            fs::copy(hdfs.conf_dir().join(name), conf.path().join(name)).unwrap();
        }
        // Makes it a configuration of YARN.
        fs::write(conf.path().join("yarn-site.xml"), "<configuration/>").unwrap();
        let cluster = Cluster {
            hdfs,
            zookeeper,
            conf,
            test,
        };
        let superuser = cluster.superuser();
        cluster.hdfs.make_dir("/user/carol", &superuser).unwrap();
        let owner = format!("op=SETOWNER&owner=carol&user.name={superuser}");
        cluster.put("/user/carol", &owner);
        cluster
    }

    /// Whoever runs the test.
    fn superuser(&self) -> String {
        let told = Command::new("id").arg("-un").output().unwrap();
        String::from_utf8(told.stdout).unwrap().trim().to_owned()
    }

    /// `-mo ADD` of one instance of `dga`.
    pub fn add(&self, args: &[&str], local: Option<&Path>) -> Done {
        self.begin(args, local).finish()
    }

    pub fn begin(&self, args: &[&str], local: Option<&Path>) -> Running {
        let args = [&["-mo", "ADD"], args].concat();
        self.begin_with(self.conf.path(), &args, local)
    }

    /// A configuration like that of the cluster, but for where paths are looked for by default.
    pub fn with_default_file_system(&self, uri: &str) -> tempfile::TempDir {
        let conf = tempfile::tempdir().unwrap();
        fs::write(conf.path().join("yarn-site.xml"), "<configuration/>").unwrap();
        let core = fs::read_to_string(self.conf.path().join("core-site.xml")).unwrap();
        let core = core.replace(&self.hdfs.uri(), uri);
        fs::write(conf.path().join("core-site.xml"), core).unwrap();
        conf
    }

    pub fn begin_with(&self, conf: &Path, args: &[&str], local: Option<&Path>) -> Running {
        let quorum = self.zookeeper.quorum();
        let more = [
            "-zq", &quorum, "-n", "dga", "-v", "1.0", "-ni", "1", "-m", "512",
        ];
        let mut lines = [args, &more].concat();
        if let Some(local) = local {
            lines.extend(["-lmp", local.to_str().unwrap()]);
        }
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", self.test, "--nocapture"])
            .env(ROLE, lines.join("\n"))
            .env("HADOOP_CONF_DIR", conf)
            .env("HADOOP_USER_NAME", "carol")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Running(child.unwrap())
    }

    /// What has been queued since the last call.
    pub fn queued(&self) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let options = ZooKeeperOptions::new(self.zookeeper.quorum());
            let registry = ZooKeeperRegistry::connect(options).await.unwrap();
            let mut items = Vec::new();
            let short = Duration::from_millis(300);
            while let Ok(item) = tokio::time::timeout(short, registry.next_item()).await {
                let item = item.unwrap();
                assert!(registry.settle(&item, Settlement::Drop).await.unwrap());
                items.push(String::from_utf8(item.data).unwrap());
            }
            items
        })
    }

    pub fn list(&self, path: &str) -> Vec<String> {
        self.hdfs.list(path, "carol").unwrap()
    }

    pub fn read(&self, path: &str) -> Vec<u8> {
        self.hdfs.read(path, "carol").unwrap()
    }

    pub fn write(&self, path: &str, content: &[u8]) {
        self.hdfs.write(path, "carol", content).unwrap();
    }

    pub fn set_permission(&self, path: &str, mode: &str) {
        self.put(
            path,
            &format!("op=SETPERMISSION&permission={mode}&user.name=carol"),
        );
    }

    pub fn set_time(&self, path: &str, modified_ms: u64) {
        self.put(
            path,
            &format!("op=SETTIMES&modificationtime={modified_ms}&user.name=carol"),
        );
    }

    /// Octal.
    pub fn permission(&self, path: &str) -> String {
        let query = "op=GETFILESTATUS&user.name=carol";
        let url = format!("{}{path}?{query}", self.hdfs.webhdfs_url());
        let answer = http::get(&url).unwrap().json();
        let mode = answer["FileStatus"]["permission"].as_str();
        mode.unwrap().to_owned()
    }

    /// Bytes that all that is below may take; -1 for as many as there are.
    pub fn set_space_quota(&self, path: &str, bytes: i64) {
        let user = self.superuser();
        let query = format!("op=SETQUOTA&namespacequota=-1&storagespacequota={bytes}");
        self.put(path, &format!("{query}&user.name={user}"));
    }

    fn put(&self, path: &str, query: &str) {
        let url = format!("{}{path}?{query}", self.hdfs.webhdfs_url());
        let answer = http::request("PUT", &url, None, &[]).unwrap();
        assert!(answer.is_success(), "{query}: {}", answer.text());
    }

    pub fn wait_for_names(&self, directory: &str, count: usize) {
        eventually(LONG, || match self.list(directory) {
            names if names.len() == count => Ok(()),
            names => Err(format!("{names:?}")),
        });
    }

    /// Waits until files can be written and read again.
    pub fn wait_until_writable(&self) {
        eventually(LONG, || {
            let written = self.hdfs.write("/user/carol/probe", "carol", b"probe");
            written.map_err(|error| error.to_string())
        });
        self.hdfs.delete("/user/carol/probe", "carol").unwrap();
    }

    pub fn assert_only_the_former_payload(&self) {
        assert_eq!(self.list("/user/carol"), ["dga"]);
        assert_eq!(self.list("/user/carol/dga"), ["a", "b", "c", "rest.sh"]);
        assert_eq!(self.read("/user/carol/dga/rest.sh"), b"former");
        assert_eq!(self.queued(), [""; 0]);
    }
}
