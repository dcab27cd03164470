//! What every program that runs itself in containers needs: a look at the cluster before it starts, tokens while it runs.

mod cluster;
mod tokens;

pub use cluster::check_cluster;
pub use tokens::ContainerTokens;
