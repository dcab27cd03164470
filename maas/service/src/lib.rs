//! The service that runs models: it takes requests from the queue, keeps what was asked for running, and registers what
//! answers.
//!
//! [`serve`] is the loop; a [`Launcher`] says how an instance is run. [`LocalProcesses`] runs instances as processes on this
//! machine, [`run_master`] serves as the application master of a YARN cluster. One task looks after each instance, so that no request ever waits for another. [`run_runner`] is what runs beside
//! a model in a container of a cluster, and registers it.

mod clock;
mod command;
mod config;
mod error;
mod instance;
mod label;
mod launcher;
mod local;
mod process;
mod readiness;
mod registration_id;
mod runner;
mod service;
mod shutdown;
mod signals;
mod start;
mod supervised;
mod yarn;

pub use command::{OPTIONS, run, status, stop};
pub use config::ServiceConfig;
pub use error::{LaunchError, ServiceError};
pub use launcher::{Deployment, InstanceEnd, LaunchAnswer, Launcher, RunningInstance};
pub use local::{LocalOptions, LocalProcesses, default_host};
pub use runner::{RunnerSettings, run_runner};
pub use service::serve;
pub use shutdown::Shutdown;
pub use yarn::run_master;
