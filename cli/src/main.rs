//! The one binary of Alidade. `bin/*.sh` call it under the names of upstream's scripts.

mod background;
mod commands;
mod error;
mod files;
mod logging;
mod patterns;
mod stage_process;

use std::io::Write;
use std::process::ExitCode;

pub use error::CliError;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    match commands::run(name, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(CliError::Code(code)) => exit_code(code),
        Err(CliError::Usage(message)) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            exit_code(commands::EXIT_USAGE)
        }
        Err(CliError::Failed(message)) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            exit_code(1)
        }
    }
}

/// The low byte counts, as for every process: upstream's -1 is 255.
fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(code.rem_euclid(256) as u8)
}
