//! The service as a YARN application.
//!
//! - [`submit`] is the client: it uploads this program and the Hadoop configuration, and submits the application.
//! - [`master`] is the application master: the service's loop, with [`launcher`] for the models.
//! - Each model runs in a container of its own, with a [`crate::runner`] beside it.

mod instance;
mod launcher;
mod master;
mod operate;
mod payloads;
mod preconditions;
mod registrations;
mod settings;
mod submit;

pub use master::run_master;
pub(crate) use operate::{print_status, stop_service};
pub(crate) use settings::MasterSettings;
pub(crate) use submit::{Submit, SubmitError, submit};

/// This program, in the working directory of a container. Payloads have no such directory of their own.
pub(crate) const BINARY: &str = ".alidade/alidade";
const KEYTAB: &str = ".alidade/keytab";
const KERBEROS_CONF: &str = ".alidade/krb5.conf";
/// The Hadoop configuration, in the working directory of a container.
const CONFIGURATION: &str = "hadoop-conf";
/// Where a runner's own words go, under upstream's names.
const RUNNER_LOGS: &str = "1><LOG_DIR>/stdout 2><LOG_DIR>/stderr";
const MASTER_LOGS: &str = "1><LOG_DIR>/AppMaster.stdout 2><LOG_DIR>/AppMaster.stderr";
