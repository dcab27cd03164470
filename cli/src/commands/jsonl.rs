//! Input line by line, and cases in JSON lines: one object in, one object out.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};

use serde_json::{Value as Json, json};

use super::output;
use crate::CliError;

/// The longest line that is read, in bytes: a file without line breaks must not fill the memory.
const LONGEST_LINE: u64 = 64 << 20;

/// The lines of a file, without their line breaks.
pub struct Lines {
    name: String,
    reader: Box<dyn BufRead>,
    longest: u64,
    read: u64,
}

/// The lines of a file, or of standard input for `-`.
///
/// # Errors
/// When the file cannot be opened.
pub fn lines(path: &str) -> Result<Lines, CliError> {
    let (name, reader): (&str, Box<dyn BufRead>) = if path == "-" {
        ("standard input", Box::new(BufReader::new(std::io::stdin())))
    } else {
        let file = File::open(path).map_err(|error| CliError::file(path.as_ref(), error))?;
        (path, Box::new(BufReader::new(file)))
    };
    Ok(Lines {
        name: name.to_owned(),
        reader,
        longest: LONGEST_LINE,
        read: 0,
    })
}

impl Iterator for Lines {
    type Item = Result<Vec<u8>, CliError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        self.read += 1;
        let limited = &mut self.reader.by_ref().take(self.longest + 1);
        match limited.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                } else if line.len() as u64 > self.longest {
                    return Some(Err(CliError::Failed(format!(
                        "{}: line {} is longer than {} bytes; is this a text file?",
                        self.name, self.read, self.longest
                    ))));
                }
                Some(Ok(line))
            }
            Err(error) => Some(Err(CliError::file(self.name.as_ref(), error))),
        }
    }
}

/// Answers each line of the file with one line. A line may be the input itself, or an object that holds it as `input`. A line
/// that is not JSON is answered with an `error`, so that answers and lines stay side by side.
pub fn answer_each(path: &str, answer: impl Fn(&Json) -> Json) -> Result<(), CliError> {
    let mut out = output::buffered();
    for line in lines(path)? {
        let line = line?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answered = match serde_json::from_slice::<Json>(&line) {
            Ok(case) => answer(case.get("input").unwrap_or(&case)),
            Err(error) => json!({ "error": format!("the line is not JSON: {error}") }),
        };
        output::written(writeln!(out, "{answered}"))?;
    }
    output::written(out.flush())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &'static str, longest: u64) -> Lines {
        Lines {
            name: "test".to_owned(),
            reader: Box::new(text.as_bytes()),
            longest,
            read: 0,
        }
    }

    #[test]
    fn lines_come_without_their_breaks() {
        let lines: Vec<Vec<u8>> = of("a\n\nbc", 2).collect::<Result<_, _>>().unwrap();
        assert_eq!(lines, [b"a".to_vec(), b"".to_vec(), b"bc".to_vec()]);
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let error = of("a\nbcd\n", 2).nth(1).unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "test: line 2 is longer than 2 bytes; is this a text file?"
        );
    }
}
