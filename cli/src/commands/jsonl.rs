//! Cases in JSON lines: one object in, one object out.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::CliError;

/// Opens a file, or standard input for `-`.
pub fn open(path: &str) -> Result<Box<dyn BufRead>, CliError> {
    if path == "-" {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let file = File::open(path).map_err(|error| CliError::file(Path::new(path), error))?;
    Ok(Box::new(BufReader::new(file)))
}

/// Answers each line of the file with one line. A line may be the input itself, or an object that holds it as `input`. A line
/// that is not JSON is answered with an `error`, so that answers and lines stay side by side.
pub fn answer_each(path: &str, answer: impl Fn(&Json) -> Json) -> Result<(), CliError> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in open(path)?.lines() {
        let line = line.map_err(|error| CliError::file(Path::new(path), error))?;
        if line.trim().is_empty() {
            continue;
        }
        let answered = match serde_json::from_str::<Json>(&line) {
            Ok(case) => answer(case.get("input").unwrap_or(&case)),
            Err(error) => json!({ "error": format!("the line is not JSON: {error}") }),
        };
        if writeln!(out, "{answered}").is_err() {
            break;
        }
    }
    out.flush().map_err(CliError::failed)
}
