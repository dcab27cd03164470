//! The interactive shell of Stellar, and the functions that only people call: those that look into topics, files and
//! configurations.
//!
//! [`install`] gives these functions their bodies; the language itself knows them by their faces only. A [`Session`] answers
//! lines; [`run_terminal`] runs it with line editing, [`run_lines`] at the end of a pipe.

mod error;
mod evaluation;
mod functions;
mod printing;
mod repl;
mod services;
mod table;

pub use error::ShellError;
pub use evaluation::evaluate;
pub use functions::install;
pub use printing::shown;
pub use repl::{
    Answer, MakeOutside, Outcome, OutsideCalls, Session, TerminalOptions, history_file, run_lines,
    run_script, run_terminal,
};
pub use services::{Services, Variable};
