//! Real servers and small fakes for integration tests, without containers.
//!
//! Every server is a Java process on loopback, started from jars that Maven downloads once into a
//! cache below the target directory (or `ALIDADE_SERVERS_CACHE`). A server value owns its process:
//! dropping it stops the process and removes its files, also when a test panics; when the test
//! process itself is killed the kernel kills the server. Logs of failed starts and of panicking
//! tests are kept below the cache in `failed/`.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use alidade_testkit::{Kafka, ZooKeeper};
//! use std::time::Duration;
//!
//! let zookeeper = ZooKeeper::start()?;
//! let kafka = Kafka::start()?;
//! kafka.create_topic("squid", 1)?;
//! kafka.client().produce("squid", ["a line"])?;
//! let records = kafka.client().consume("squid", 1, Duration::from_secs(10))?;
//! assert_eq!(records[0].value_text(), "a line");
//! println!("{} {}", kafka.bootstrap(), zookeeper.quorum());
//! # Ok(())
//! # }
//! ```
//!
//! Everything is synchronous and blocking and may be called from any thread, also from inside an
//! asynchronous runtime. Linux only: liveness and clean-up rely on `/proc` and `prctl`.

mod artifact;
mod elasticsearch;
mod error;
mod eventually;
mod fake_model;
mod hdfs;
pub mod http;
mod java;
mod kafka;
mod kafka_client;
mod kerberos;
mod loopback;
pub mod mmdb;
mod node;
mod ports;
mod process;
mod proxy;
mod run_dir;
mod running;
mod server;
mod signal;
mod solr;
mod spawner;
mod template;
mod user;
mod yarn;
mod yarn_containers;
mod zookeeper;

pub use artifact::cache_dir;
pub use elasticsearch::{Elasticsearch, ElasticsearchVersion};
pub use error::{ClientError, LaunchError};
pub use eventually::eventually;
pub use fake_model::{Behaviour, FakeModel};
pub use hdfs::Hdfs;
pub use kafka::Kafka;
pub use kafka_client::{Consumed, KafkaClient, Record};
pub use kerberos::{Kdc, KerberizedResourceManager, Realm};
pub use ports::free_port;
pub use process::{Process, ProcessBuilder};
pub use proxy::{Proxy, ProxyMode};
pub use run_dir::RunDir;
pub use server::{Lifetime, ProcessRecord, Server, end_all_below};
pub use solr::Solr;
pub use yarn::{Yarn, YarnSetup};
pub use yarn_containers::{ContainerProcess, YarnContainer};
pub use zookeeper::ZooKeeper;
