//! Deploying, removing and listing models.
//!
//! A deployment puts the payload into a [`PayloadStore`] and a request into the queue; the model service does the rest.

mod command;
mod error;
mod list;
mod request;
mod store;

pub use command::{OPTIONS, run};
pub use error::DeployError;
pub use list::{ListFilter, list_models};
pub use request::{Addition, Removal, add_model, remove_model};
pub use store::{LocalFolderStore, PayloadStore};
