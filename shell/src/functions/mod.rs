//! The bodies of the functions, one file a function or a few that belong together.

mod arguments;
mod body;
mod config_store;
mod editor;
mod files;
mod grok;
mod indexing;
mod kafka;
mod parser;
mod shell;
#[cfg(test)]
pub(crate) mod testing;
mod transform;
mod triage;

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
        editor::bodies(),
        files::bodies(services),
        grok::bodies(services),
        indexing::bodies(),
        kafka::bodies(services),
        parser::bodies(services),
        shell::bodies(services),
        transform::bodies(),
        triage::bodies(),
    ]
}
