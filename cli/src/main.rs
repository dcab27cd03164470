//! The one binary of Alidade. `bin/*.sh` call it under the names of upstream's scripts.

mod background;
mod commands;
mod error;
mod files;
mod logging;
mod patterns;
mod stage_process;
mod workers;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

pub use error::CliError;

fn main() -> ExitCode {
    let outcome = readable_arguments(std::env::args_os().skip(1)).and_then(|arguments| {
        let (name, rest) = match arguments.split_first() {
            Some((name, rest)) => (name.as_str(), rest),
            None => ("help", &[][..]),
        };
        commands::run(name, rest)
    });
    match outcome {
        Ok(()) | Err(CliError::ReaderGone) => ExitCode::SUCCESS,
        Err(CliError::Code(code)) => exit_code(code),
        Err(CliError::Usage(message)) => {
            let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
            exit_code(commands::EXIT_USAGE)
        }
        Err(CliError::Failed(message)) => {
            let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
            exit_code(1)
        }
    }
}

/// The command line as text.
fn readable_arguments(given: impl Iterator<Item = OsString>) -> Result<Vec<String>, CliError> {
    (1..)
        .zip(given)
        .map(|(number, argument)| {
            argument.into_string().map_err(|argument| {
                CliError::Usage(format!(
                    "word {number} of the command line is not valid UTF-8: {argument:?}"
                ))
            })
        })
        .collect()
}

/// The low byte counts, as for every process: upstream's -1 is 255.
fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(code.rem_euclid(256) as u8)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_word_that_is_not_text_is_named() {
        let words = ["parse".into(), OsString::from_vec(vec![b'a', 0xff])];
        let error = readable_arguments(words.into_iter()).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"word 2 of the command line is not valid UTF-8: "a\xFF""#
        );
        assert!(matches!(error, CliError::Usage(_)));
    }
}
