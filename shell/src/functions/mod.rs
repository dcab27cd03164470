//! The bodies of the functions, one file a function or a few that belong together.

mod arguments;
mod body;
mod config_store;
mod files;
mod indexing;
mod kafka;
mod shell;
#[cfg(test)]
mod testing;
mod transform;

use std::sync::Arc;

use alidade_stellar::{HostFunction, Library};

use crate::Services;

/// Functions of one area by their names.
type Bodies = Vec<(&'static str, Arc<dyn HostFunction>)>;

/// Gives the functions of the shell their bodies.
pub fn install(library: Library, services: &Arc<Services>) -> Library {
    let areas: Vec<Bodies> = areas(services);
    let bodies = areas.into_iter().flatten();
    bodies.fold(library, |library, (name, body)| {
        library.with_host_function(name, body)
    })
}

fn areas(services: &Arc<Services>) -> Vec<Bodies> {
    vec![
        // One line an area, sorted.
        config_store::bodies(services),
        files::bodies(services),
        indexing::bodies(),
        kafka::bodies(services),
        shell::bodies(),
        transform::bodies(),
    ]
}
