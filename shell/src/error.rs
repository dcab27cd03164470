use std::io;

/// Why the shell cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    /// The lines cannot be read.
    #[error("the input cannot be read: {0}")]
    Input(io::Error),
    /// The answers cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
    /// A line is longer than any expression.
    #[error("line {number} is longer than {longest} bytes; is this a text file?")]
    LongLine { number: u64, longest: u64 },
}
