//! What a command prints. A reader that goes away (`| head -1`) is no failure.

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

use crate::CliError;

/// The way from the lines of a filter to standard output.
pub fn buffered() -> BufWriter<StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}

/// Ends a command quietly when its reader has gone away.
///
/// # Errors
/// [`CliError::ReaderGone`] then, and a message when the output cannot be written for another reason.
pub fn written(result: io::Result<()>) -> Result<(), CliError> {
    result.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => CliError::ReaderGone,
        _ => CliError::Failed(format!("the output cannot be written: {error}")),
    })
}

/// Prints a text.
///
/// # Errors
/// As [`written`].
pub fn print(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Passes on what it gets, and drops it once the reader has gone away: for commands whose work matters more than what they
/// print about it, and whose exit code must tell of the work.
pub struct Forgiving<W>(pub W);

impl<W: Write> Write for Forgiving<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_told_from_a_full_disk() {
        let gone = written(Failing(ErrorKind::BrokenPipe).write_all(b"x"));
        assert!(matches!(gone, Err(CliError::ReaderGone)));
        let full = written(Failing(ErrorKind::StorageFull).write_all(b"x"));
        assert!(matches!(full, Err(CliError::Failed(_))));
    }

    #[test]
    fn work_goes_on_without_a_reader() {
        let mut out = Forgiving(Failing(ErrorKind::BrokenPipe));
        assert!(out.write_all(b"x").and_then(|()| out.flush()).is_ok());
        let mut out = Forgiving(Failing(ErrorKind::StorageFull));
        assert!(out.write_all(b"x").is_err() && out.flush().is_err());
    }
}
