//! The session at a terminal or at the end of a pipe.

mod completer;
mod help;
mod highlighter;
mod hinter;
mod history;
mod input;
mod magics;
mod outside;
mod plain;
mod prompt;
mod session;
mod terminal;
mod validator;
mod worker;

pub use history::history_file;
pub use outside::{MakeOutside, OutsideCalls};
pub use plain::{run_lines, run_script};
pub use session::{Answer, Outcome, Session};
pub use terminal::{TerminalOptions, run_terminal};
