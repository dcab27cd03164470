//! YARN's three protocols, with types that say what they mean.

mod application;
mod application_master;
mod container;
mod ids;
mod launch;
mod node;
mod node_manager;
mod resource;
mod resource_manager;
pub mod shell;

pub use application::{
    ApplicationReport, ApplicationState, FinalStatus, NewApplication, QueueInfo, QueueState,
    Submission,
};
pub use application_master::{
    AllocateAnswer, AllocateRequest, ApplicationMaster, Ask, MasterCommand, Registration,
};
pub use container::{Container, ContainerReport, ContainerState, ContainerStatus, Refusal};
pub use ids::{ApplicationAttemptId, ApplicationId, ContainerId, NodeId};
pub use launch::{
    ContainerRetry, LaunchContext, LocalResource, LocalResourceKind, LocalResourceVisibility,
};
pub use node::{NodeReport, NodeState};
pub use node_manager::NodeManager;
pub use resource::Resource;
pub use resource_manager::ResourceManager;
