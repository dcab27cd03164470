//! A client of Hadoop's remote procedure calls, for YARN: submit applications, be an application master, start
//! containers. No Java is needed, nor a Kerberos library where there is no Kerberos.
//!
//! - [`HadoopConf`] reads `HADOOP_CONF_DIR`.
//! - [`ResourceManager`] is the client's side: submit, watch, kill.
//! - [`ApplicationMaster`] and [`NodeManager`] are the application's side: ask for containers, start them.
//! - [`Fleet`] is an application master for asynchronous programs, which outlives restarts of the resource manager.
//! - [`FileSystem`] reads and writes files in HDFS; [`ApplicationFiles`] are those that containers are given.
//! - [`Credentials`] reads and writes the token files that YARN gives to containers.
//! - [`RpcClient`] makes any other call, with the messages in [`proto`].
//!
//! ```no_run
//! use alidade_hadoop::{HadoopConf, LaunchContext, Resource, ResourceManager, Submission};
//! use std::time::Duration;
//!
//! # async fn submit() -> Result<(), alidade_hadoop::HadoopError> {
//! let conf = HadoopConf::from_environment()?;
//! let resource_manager = ResourceManager::connect(&conf)?;
//! let new = resource_manager.new_application().await?;
//! let launch = LaunchContext::new("sleep 60 1><LOG_DIR>/stdout 2><LOG_DIR>/stderr");
//! let submission = Submission::new(new.id, "a nap", launch, Resource::new(256, 1));
//! resource_manager.submit_application(&submission).await?;
//! let report = resource_manager
//!     .wait_until_accepted(&submission, Duration::from_secs(60))
//!     .await?;
//! println!("{} is {:?}", report.id, report.state);
//! resource_manager
//!     .kill_application(report.id, "enough", Duration::from_secs(60))
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! Servers are not trusted further than they must be: every call ends within its time-out, a message is taken up to a
//! limit, and whatever does not fit is an error.

mod address;
mod conf;
mod error;
mod files;
mod fleet;
mod hdfs;
mod ipc;
mod launching;
mod namenode;
pub mod proto;
mod staging;
mod tokens;
mod yarn;

pub use address::ServerAddress;
pub use conf::{Authentication, HadoopConf, Protection, ResourceManagerPort};
pub use error::{HadoopError, RemoteError, RemoteKind};
pub use fleet::{Cluster, ContainerEnd, Fleet, FleetContainer, FleetOptions};
pub use hdfs::{FileProblem, FileStatus, FileSystem, FileSystemError, hdfs_credentials};
pub use ipc::{KerberosLogin, Login, Repeat, RpcClient, RpcOptions};
pub use launching::{ContainerTokens, check_cluster};
pub use namenode::NameNode;
pub use staging::{ApplicationFiles, application_resources, payload_resources};
pub use tokens::{Credentials, Token, TokenFileFormat, TokenKind};
pub use yarn::{
    AllocateAnswer, AllocateRequest, ApplicationAttemptId, ApplicationId, ApplicationMaster,
    ApplicationReport, ApplicationState, Ask, Container, ContainerId, ContainerReport,
    ContainerRetry, ContainerState, ContainerStatus, FinalStatus, LaunchContext, LocalResource,
    LocalResourceKind, LocalResourceVisibility, MasterCommand, NewApplication, NodeId, NodeManager,
    NodeReport, NodeState, QueueInfo, QueueState, Refusal, Registration, Resource, ResourceManager,
    Submission, shell,
};
