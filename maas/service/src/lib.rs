//! The service that runs models: it takes requests from the queue, keeps what was asked for running, and registers what
//! answers.
//!
//! [`serve`] is the loop; a [`Launcher`] says how an instance is run. [`LocalProcesses`] runs instances as processes on this
//! machine. One task looks after each instance, so that no request ever waits for another.

mod command;
mod config;
mod error;
mod instance;
mod launcher;
mod local;
mod readiness;
mod service;

pub use command::{OPTIONS, run};
pub use config::ServiceConfig;
pub use error::{LaunchError, ServiceError};
pub use launcher::{Deployment, LaunchAnswer, Launcher, RunningModel};
pub use local::{LocalOptions, LocalProcesses, default_host};
pub use service::serve;
