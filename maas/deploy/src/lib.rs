//! Deploying, removing and listing models.
//!
//! A deployment puts the payload into a [`PayloadStore`] and a request into the queue; the model service does the rest.

mod columns;
mod command;
mod error;
mod hdfs;
mod interruption;
mod list;
mod overview;
mod request;
mod store;
mod wait;
mod weight;

pub use command::{OPTIONS, run};
pub use error::DeployError;
pub use hdfs::HdfsPayloadStore;
pub use interruption::Interruption;
pub use list::{ListFilter, list_models};
pub use overview::{InstanceLine, Overview, overview};
pub use request::{Addition, Removal, place_payload, queue_addition, remove_model};
pub use store::{LocalFolderStore, PayloadStore, PlacedPayload, Storing};
pub use weight::{Change, ShareChange, SharesOverview, VersionLine, change_share, shares_overview};
