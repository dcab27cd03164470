//! Lines from a pipe or a file, one answer after another.

use std::io::{BufRead, ErrorKind, Read, Write};

use super::prompt::PROMPT;
use super::session::{Outcome, Session};
use crate::ShellError;
use crate::printing::shown;

/// The longest line that is read, in bytes: a file without line breaks must not fill the memory.
const LONGEST_LINE: u64 = 64 << 20;

/// Answers the lines of a file before the session begins. False when one of them ends the session.
///
/// # Errors
/// When the lines cannot be read or the answers cannot be written.
pub fn run_script(
    session: &Session,
    lines: &mut dyn BufRead,
    out: &mut dyn Write,
) -> Result<bool, ShellError> {
    answer_lines(session, lines, out, "")
}

/// Answers lines until they end, with a prompt before each where `asks`.
///
/// # Errors
/// When the lines cannot be read or the answers cannot be written.
pub fn run_lines(
    session: &Session,
    lines: &mut dyn BufRead,
    out: &mut dyn Write,
    asks: bool,
) -> Result<(), ShellError> {
    let prompt = if asks { PROMPT } else { "" };
    answer_lines(session, lines, out, prompt).map(drop)
}

fn answer_lines(
    session: &Session,
    lines: &mut dyn BufRead,
    out: &mut dyn Write,
    prompt: &str,
) -> Result<bool, ShellError> {
    let mut line = Vec::new();
    for number in 1.. {
        write(out, prompt)?;
        line.clear();
        let limited = &mut lines.take(LONGEST_LINE + 1);
        let length = limited
            .read_until(b'\n', &mut line)
            .map_err(ShellError::Input)?;
        if length == 0 {
            break;
        }
        if length as u64 > LONGEST_LINE && line.last() != Some(&b'\n') {
            return Err(ShellError::LongLine {
                number,
                longest: LONGEST_LINE,
            });
        }
        if !answer(session, &line, out)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Answers a line; false when it ends the session.
fn answer(session: &Session, line: &[u8], out: &mut dyn Write) -> Result<bool, ShellError> {
    let Ok(line) = std::str::from_utf8(line) else {
        write(out, "[!] the line is not valid UTF-8\n")?;
        return Ok(true);
    };
    let answer = session.answer(line);
    if let Some(warnings) = &answer.warnings {
        write(&mut std::io::stderr(), warnings)?;
    }
    match answer.outcome {
        Outcome::Nothing => {}
        Outcome::End => return Ok(false),
        Outcome::Value(value) => write_lines(out, &shown(&value))?,
        Outcome::Text(text) => write_lines(out, &text)?,
        Outcome::Failed(reason) => write_lines(out, &format!("[!] {reason}"))?,
    }
    Ok(true)
}

/// Tables and findings end their last line themselves.
fn write_lines(out: &mut dyn Write, text: &str) -> Result<(), ShellError> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    write(out, &format!("{text}{end}"))
}

fn write(out: &mut dyn Write, text: &str) -> Result<(), ShellError> {
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(ShellError::Output)
}

impl ShellError {
    /// Whether nobody reads the answers any more, which is no failure.
    pub fn is_reader_gone(&self) -> bool {
        matches!(self, ShellError::Output(error) if error.kind() == ErrorKind::BrokenPipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::session;

    fn answers(lines: &[u8]) -> String {
        let (session, _runtime) = session();
        let mut out = Vec::new();
        run_lines(&session, &mut &lines[..], &mut out, false).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_line_has_its_answer() {
        assert_eq!(
            answers(b"# note\n\nx := 'a'\nTO_UPPER(x)\n[x, 1]\r\n%vars\nquit\n1\n"),
            "a\nA\n[\"a\",1]\nx = a via `'a'`\n"
        );
        assert_eq!(answers(b"\xff\n1"), "[!] the line is not valid UTF-8\n1\n");
        assert!(answers(b"TO_UPER('a')").starts_with("[!] error["));
    }

    #[test]
    fn a_script_says_whether_the_session_goes_on() {
        let (session, _runtime) = session();
        let mut out = Vec::new();
        assert!(run_script(&session, &mut &b"x := 1\n"[..], &mut out).unwrap());
        assert!(!run_script(&session, &mut &b"quit\nx := 2"[..], &mut out).unwrap());
        assert_eq!(out, b"1\n");
    }
}
