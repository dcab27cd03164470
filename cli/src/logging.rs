//! Logs: readable lines on a terminal, one JSON object a line everywhere else.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What is logged when `ALIDADE_LOG` (or `RUST_LOG`) says nothing. Librdkafka's own chatter is left to its errors.
const DEFAULT_FILTER: &str =
    "info,librdkafka=error,rdkafka=error,hdfs_native=warn,zookeeper_client=warn";

/// Installs the logger of the process. Logs go to standard error, so that a command's output stays clean.
pub fn install(default_filter: Option<&str>) {
    let chosen = std::env::var("ALIDADE_LOG").or_else(|_| std::env::var("RUST_LOG"));
    let filter = chosen.unwrap_or_else(|_| default_filter.unwrap_or(DEFAULT_FILTER).to_owned());
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let installed = if std::io::stderr().is_terminal() {
        builder.with_target(false).try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_ansi(false)
            .try_init()
    };
    // A second call keeps the first logger.
    drop(installed);
}
