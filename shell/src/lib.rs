//! The interactive shell of Stellar, and the functions that only people call: those that look into topics, files and
//! configurations.
//!
//! [`install`] gives these functions their bodies; the language itself knows them by their faces only.

mod functions;
mod services;
mod table;

pub use functions::install;
pub use services::{Services, Variable};
