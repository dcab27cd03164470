//! What every part of the model service shares: names, wire formats, the registry of running models, and the options
//! parser of the command line tools.
//!
//! The wire formats are upstream's to the byte when written, and are read leniently: an unknown field, a `null` queue item
//! or an unreadable node never stops a reader.

mod config;
mod container;
mod desired;
mod endpoint_file;
mod error;
mod instance;
mod launcher_kind;
mod lenient;
mod memory_registry;
mod payload;
pub mod posix_options;
mod printable;
mod registry;
mod request;
mod routing;
mod status;
mod version;
mod zookeeper;

pub use config::{DEFAULT_CONFIG_PATH, MaasConfig};
pub use container::ContainerRecord;
pub use desired::{DesiredModel, DesiredModels};
pub use endpoint_file::{EndpointFileError, read_endpoint_file, rewrite_host, url_host_and_port};
pub use error::MaasError;
pub use instance::{Endpoint, ModelEndpoint, PAYLOAD_CLASS, ServiceInstance, ServiceType};
pub use launcher_kind::{LauncherKind, default_launcher};
pub use memory_registry::MemoryRegistry;
pub use payload::{
    ENDPOINT_FILE, copy_payload, find_script, is_script_name, only_script, payload_below_root,
    resolve_payload,
};
pub use printable::printable;
pub use registry::{Answer, Listing, QueueItem, Registry, Revision, Settlement, UnreadableNode};
pub use request::{Action, ModelRequest, check_model_name, check_model_version};
pub use routing::{Percent, Routing, Routings, Share};
pub use status::{InstanceState, InstanceStatus, Rejection, ServiceStatus};
pub use version::compare_versions;
pub use zookeeper::{ZooKeeperOptions, ZooKeeperRegistry};
