//! Chores of the project: `cargo xtask <chore>`.

mod arrows;
mod kind;
mod servers;
mod state;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use kind::Kind;

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    about = "Chores of the project",
    disable_version_flag = true
)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Real servers on loopback, to try things out
    #[command(subcommand)]
    Servers(Servers),
    /// Check that the crates of the workspace depend on lower ones only
    Arrows,
}

#[derive(Debug, Subcommand)]
enum Servers {
    /// Start servers that stay until `down`; those already up are left alone
    Up {
        /// Which servers, with those they need
        #[arg(value_name = "SERVER", default_values = ["zookeeper", "kafka", "elasticsearch6"])]
        kinds: Vec<Kind>,
    },
    /// Show what is up and where
    Status,
    /// Print the first address of a server, for use in scripts
    Address {
        #[arg(value_name = "SERVER")]
        kind: Kind,
    },
    /// Stop all servers and remove their files
    Down,
}

/// One error type for all chores: they only print it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XtaskError {
    #[error(transparent)]
    Arrows(#[from] arrows::ArrowsError),
    #[error(transparent)]
    Launch(#[from] alidade_testkit::LaunchError),
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error(
        "{} is not a list of servers: {source}; stop the servers by hand and remove it",
        path.display()
    )]
    State {
        path: std::path::PathBuf,
        source: serde_json::Error,
    },
    #[error("{} belongs to another user: remove it or set TMPDIR to a directory of your own", path.display())]
    ForeignDirectory { path: std::path::PathBuf },
    #[error("{0} is not up; start it with `cargo xtask servers up {0}`")]
    NotUp(Kind),
    #[error("some servers could not be started")]
    SomeNotStarted,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().chore {
        Chore::Arrows => arrows::run(),
        Chore::Servers(Servers::Up { kinds }) => servers::up(&kinds),
        Chore::Servers(Servers::Status) => servers::status(),
        Chore::Servers(Servers::Address { kind }) => servers::address(kind),
        Chore::Servers(Servers::Down) => servers::down(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
