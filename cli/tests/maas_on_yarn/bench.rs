//! The servers that models run on, and what can be seen of the models from outside.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use alidade_maas_core::{Registry, ServiceInstance, ZooKeeperOptions, ZooKeeperRegistry};
use alidade_testkit::{Hdfs, Lifetime, Yarn, YarnContainer, YarnSetup, ZooKeeper, eventually};
use serde_json::Value as Json;
use tokio::runtime::Runtime;

use crate::commands::Commands;
use crate::installation::Installation;
use crate::teller::{self, Told};

/// For whatever takes its time on a machine that is busy.
pub const LONG: Duration = Duration::from_secs(120);

/// The user of the walk-through. Without Kerberos HDFS believes everybody.
pub const USER: &str = "metron";

/// HDFS, and YARN with two nodes.
pub struct Hadoop {
    pub yarn: Yarn,
    pub hdfs: Hdfs,
}

impl Hadoop {
    /// Starts both, with the home folder of [`USER`].
    pub fn start(node_memory_mb: u32) -> Hadoop {
        let hdfs = Hdfs::start().unwrap();
        let setup = YarnSetup {
            nodes: 2,
            node_memory_mb,
            recovers: true,
        };
        let yarn = Yarn::start_as(&hdfs.conf_dir(), &setup, &Lifetime::Scoped).unwrap();
        hdfs.make_home(USER).unwrap();
        Hadoop { yarn, hdfs }
    }

    /// What a user of this cluster has in the environment.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let conf = self.yarn.conf_dir().display().to_string();
        vec![
            ("HADOOP_CONF_DIR", conf),
            ("HADOOP_USER_NAME", USER.to_owned()),
        ]
    }

    /// The application that was submitted last.
    #[track_caller]
    pub fn application(&self) -> String {
        let all = self.yarn.applications().unwrap();
        all.last().expect("an application").clone()
    }

    /// The container of the application's master; none between two attempts.
    pub fn master(&self, application: &str) -> Option<YarnContainer> {
        let mut all = self.yarn.containers(application).into_iter();
        all.find(|container| self.is_master(container))
    }

    /// The containers of models.
    pub fn model_containers(&self, application: &str) -> Vec<YarnContainer> {
        let mut all = self.yarn.containers(application);
        all.retain(|container| !self.is_master(container));
        all
    }

    /// The first container of an attempt is its master's. After a restart of the resource manager models have that number,
    /// too, and an epoch before it.
    fn is_master(&self, container: &YarnContainer) -> bool {
        let has_epoch = container.id.starts_with("container_e");
        let is_first = container.id.ends_with("_000001");
        let runs_master = || {
            let processes = self.yarn.processes_in(&container.id);
            processes
                .iter()
                .any(|it| it.command.contains("maas master"))
        };
        is_first && (!has_epoch || runs_master())
    }

    /// Waits until an application has ended well and nothing of it is left.
    #[track_caller]
    pub fn assert_ended(&self, application: &str) {
        eventually(LONG, || {
            let described = self.yarn.application(application).unwrap();
            match (&described["state"], &described["finalStatus"]) {
                (Json::String(state), Json::String(status))
                    if state == "FINISHED" && status == "SUCCEEDED" =>
                {
                    Ok(())
                }
                _ => Err(described.to_string()),
            }
        });
        eventually(LONG, || match self.yarn.processes_of(application) {
            none if none.is_empty() => Ok(()),
            some => Err(format!("still running: {some:#?}")),
        });
        // The master's own container ends a moment after the application; then there is no number any more.
        eventually(LONG, || {
            let described = self.yarn.application(application).unwrap();
            let running = described["runningContainers"].as_i64();
            match running.is_none_or(|count| count <= 0) {
                true => Ok(()),
                false => Err(described.to_string()),
            }
        });
    }
}

/// Everything but Kafka.
pub struct Bench {
    began: Instant,
    // First of all the commands end, last of all ZooKeeper.
    pub installation: Installation,
    pub registry: Arc<ZooKeeperRegistry>,
    pub runtime: Runtime,
    pub hadoop: Hadoop,
    pub zookeeper: ZooKeeper,
    config_path: Option<&'static str>,
}

/// A registered instance and what it says of itself.
#[derive(Debug, Clone)]
pub struct Living {
    pub instance: ServiceInstance,
    pub told: Told,
}

impl Living {
    pub fn url(&self) -> &str {
        &self.instance.payload.endpoint.url
    }
}

impl Bench {
    /// Two nodes with so much memory each.
    pub fn start(node_memory_mb: u32) -> Bench {
        Self::start_with(node_memory_mb, None)
    }

    /// As [`Bench::start`], with a configuration node of an operator: its path (`-zr`) and content.
    pub fn start_with(node_memory_mb: u32, config: Option<(&'static str, &str)>) -> Bench {
        let began = Instant::now();
        let (hadoop, zookeeper) = thread::scope(|scope| {
            let hadoop = scope.spawn(|| Hadoop::start(node_memory_mb));
            let zookeeper = ZooKeeper::start().unwrap();
            (hadoop.join().unwrap(), zookeeper)
        });
        let mut installation = Installation::new();
        installation.environment = hadoop.environment();
        let runtime = Runtime::new().unwrap();
        let mut options = ZooKeeperOptions::new(zookeeper.quorum());
        options.session_timeout = Duration::from_secs(4);
        if let Some((path, content)) = config {
            options.config_path = path.to_owned();
            runtime.block_on(create_node(&zookeeper.quorum(), path, content));
        }
        let connecting = ZooKeeperRegistry::connect(options);
        let registry = Arc::new(runtime.block_on(connecting).unwrap());
        let bench = Bench {
            began,
            installation,
            registry,
            runtime,
            hadoop,
            zookeeper,
            config_path: config.map(|(path, _)| path),
        };
        bench.note("the servers are up");
        bench
    }

    /// Tells how far it is, for `--nocapture`.
    pub fn note(&self, what: &str) {
        println!("{:>6.1} s  {what}", self.began.elapsed().as_secs_f64());
    }

    pub fn commands(&self) -> Commands<'_> {
        Commands {
            installation: &self.installation,
            quorum: self.zookeeper.quorum(),
            config_path: self.config_path,
        }
    }

    /// Starts the service and gives its application.
    #[track_caller]
    pub fn start_service(&self, more: &[&str]) -> String {
        self.commands().start_service(more);
        let application = self.hadoop.application();
        self.note(&format!("{application} serves"));
        application
    }

    /// `maas_service.sh stop`, and what it has to leave.
    #[track_caller]
    pub fn stop_service(&self, application: &str) {
        self.commands().service(&["stop"]);
        self.hadoop.assert_ended(application);
        assert_eq!(self.registered().unwrap(), []);
        self.note("the service has stopped");
    }

    /// All registered instances.
    pub fn registered(&self) -> Result<Vec<ServiceInstance>, String> {
        let listing = self.runtime.block_on(self.registry.instances());
        Ok(listing.map_err(|error| error.to_string())?.instances)
    }

    /// The registered instances of a model, each of which must answer and be who the registry says.
    pub fn living(&self, name: &str) -> Result<Vec<Living>, String> {
        let mut living = Vec::new();
        for instance in self.registered()? {
            if instance.name != name {
                continue;
            }
            let told = teller::ask(&instance.payload.endpoint.url)?;
            if told.model != name || told.version != instance.payload.version {
                return Err(format!("{told:?} is registered as {instance:?}"));
            }
            living.push(Living { instance, told });
        }
        Ok(living)
    }

    /// Waits until just so many instances of a model live, each in a container of its own.
    #[track_caller]
    pub fn wait_for_living(&self, name: &str, count: usize) -> Vec<Living> {
        eventually(LONG, || {
            let living = self.living(name)?;
            let mut containers: Vec<&str> =
                living.iter().map(|it| it.told.container.as_str()).collect();
            containers.sort_unstable();
            containers.dedup();
            match (living.len() == count, containers.len() == count) {
                (true, true) => Ok(living),
                _ => Err(format!("{} of {count} live: {living:#?}", living.len())),
            }
        })
    }

    /// The bytes of a node of ZooKeeper, as text, and whether it goes with its session.
    pub fn node(&self, path: &str) -> Option<(String, bool)> {
        let quorum = self.zookeeper.quorum();
        self.runtime.block_on(async {
            let client = zookeeper_client::Client::connect(&quorum).await.unwrap();
            let (data, stat) = client.get_data(path).await.ok()?;
            Some((String::from_utf8(data).unwrap(), stat.ephemeral_owner != 0))
        })
    }

    /// The names of the nodes below a node, sorted; none when it is not there.
    pub fn children(&self, path: &str) -> Vec<String> {
        let quorum = self.zookeeper.quorum();
        let mut names = self.runtime.block_on(async {
            let client = zookeeper_client::Client::connect(&quorum).await.unwrap();
            client.list_children(path).await.unwrap_or_default()
        });
        names.sort();
        names
    }
}

/// Makes a node and those above it, as an operator would.
async fn create_node(quorum: &str, path: &str, content: &str) {
    let client = zookeeper_client::Client::connect(quorum).await.unwrap();
    let open = zookeeper_client::Acls::anyone_all();
    let persistent = zookeeper_client::CreateMode::Persistent.with_acls(open);
    let (parent, _) = path.rsplit_once('/').unwrap();
    client.mkdir(parent, &persistent).await.unwrap();
    let creating = client.create(path, content.trim_end().as_bytes(), &persistent);
    creating.await.unwrap();
}
