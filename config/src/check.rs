//! The check of a whole tree without running anything.

use std::io::{self, Write};

use serde::Serialize;

use crate::build::problems_of;
use crate::fold::fold;
use crate::{Compiler, ConfigError, Problem, Store};

/// How problems are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: each problem with the line of the document.
    Text,
    /// One JSON object with all problems.
    Json,
}

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Store(#[from] ConfigError),
    #[error("cannot print the problems: {0}")]
    Output(#[from] io::Error),
}

#[derive(Serialize)]
struct Outcome<'a> {
    store: String,
    documents: usize,
    errors: usize,
    warnings: usize,
    problems: &'a [Problem],
}

/// What a check does besides finding problems.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub format: Format,
    /// A warning fails the check too.
    pub deny_warnings: bool,
}

/// Compiles every document of a store and prints all problems. The result is an exit code: 0 when all are valid, 1 when
/// one is not or there is none at all, or when there are warnings that are denied.
///
/// # Errors
/// When the store cannot be read or the output cannot be written.
pub async fn run(
    store: &dyn Store,
    compiler: &Compiler,
    options: Options,
    out: &mut dyn Write,
) -> Result<i32, CheckError> {
    let tree = store.read_tree().await?;
    let problems = problems_of(&tree, compiler);
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let outcome = Outcome {
        store: store.describe(),
        documents: tree.documents.len() + tree.unreadable.len(),
        errors,
        warnings: problems.len() - errors,
        problems: &problems,
    };
    match options.format {
        Format::Text => print_text(&outcome, out)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &outcome).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    let is_denied = options.deny_warnings && outcome.warnings > 0;
    Ok(i32::from(errors > 0 || outcome.documents == 0 || is_denied))
}

fn print_text(outcome: &Outcome<'_>, out: &mut dyn Write) -> io::Result<()> {
    for folded in fold(outcome.problems) {
        writeln!(out, "{}", folded.problem)?;
        if let Some(places) = folded.other_places() {
            writeln!(out, "  = {places}")?;
        }
        writeln!(out)?;
    }
    if outcome.documents == 0 {
        return writeln!(
            out,
            "there is no configuration document in {}",
            outcome.store
        );
    }
    writeln!(
        out,
        "{}: {}, {}, {}",
        outcome.store,
        counted(outcome.documents, "document"),
        counted(outcome.errors, "error"),
        counted(outcome.warnings, "warning"),
    )?;
    // An error says more about how codes look than a warning, if there is one.
    let problems = outcome.problems;
    let example = problems.iter().find(|problem| problem.is_error());
    if let Some(example) = example.or(problems.first()) {
        writeln!(out, "`alidade explain {}` tells more", example.code)?;
        if example.is_error() {
            writeln!(
                out,
                "a document with an error may have more findings that show when it is mended"
            )?;
        }
    }
    Ok(())
}

/// `1 document`, `2 documents`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}
