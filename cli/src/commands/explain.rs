//! `explain`: what the code of a finding means.

use std::fmt::Write;

use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};

use super::stage_options as shared;
use crate::CliError;

const OPTIONS: &[OptionSpec] = &[shared::HELP];
const TABLE: PosixOptions = PosixOptions::new(
    "alidade explain [CODE] (without a code: all of them)",
    OPTIONS,
);
/// The width of the text on a terminal.
const WIDTH: usize = 80;

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let parsed = TABLE
        .parse(arguments)
        .map_err(|error| CliError::Usage(format!("{error}\n{}", TABLE.usage())))?;
    if parsed.has("help") {
        return super::print(&TABLE.usage());
    }
    match parsed.positionals() {
        [] => super::print(&list()),
        codes => {
            let mut texts = Vec::with_capacity(codes.len());
            for code in codes {
                texts.push(explained(code)?);
            }
            super::print(&texts.join("\n"))
        }
    }
}

fn explained(code: &str) -> Result<String, CliError> {
    // As findings show it: `error[S101]`.
    let code = code.trim().trim_end_matches(']');
    let code = code.rsplit('[').next().unwrap_or_default();
    if let Some(explanation) = alidade_stellar::explain(code) {
        return Ok(explanation.render(WIDTH));
    }
    if let Some(explanation) = alidade_config::explain(code) {
        return Ok(explanation.render(WIDTH));
    }
    Err(CliError::Failed(format!(
        "there is no code `{code}`{}\n`alidade explain` lists them",
        suggestion(code)
    )))
}

/// The codes that were probably meant.
fn suggestion(code: &str) -> String {
    let wanted = code.to_ascii_uppercase();
    let differing = |known: &&str| {
        let pairs = known.chars().zip(wanted.chars());
        pairs.filter(|(one, other)| one != other).count()
    };
    let is_near = |known: &&str| known.len() == wanted.len() && differing(known) == 1;
    let near: Vec<String> = codes()
        .map(|(code, _)| code)
        .filter(is_near)
        .take(MOST_SUGGESTED)
        .map(|code| format!("`{code}`"))
        .collect();
    match near.as_slice() {
        [] => String::new(),
        near => format!("; did you mean {}?", near.join(" or ")),
    }
}

const MOST_SUGGESTED: usize = 3;

/// Every code with its title.
fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let language = alidade_stellar::explanations().map(|found| (found.code, found.title));
    let documents = alidade_config::explanations().map(|found| (found.code, found.title));
    language.chain(documents)
}

fn list() -> String {
    let mut out = String::from(
        "What `alidade check` finds, by code; `alidade explain CODE` tells more about one.\n\n",
    );
    let mut family = 'S';
    for (code, title) in codes() {
        if !code.starts_with(family) {
            family = 'C';
            out.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {code}  {title}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_any_form() {
        for code in ["S101", "s101", "error[S101]", "[S101]"] {
            assert!(
                explained(code).unwrap().starts_with("error[S101]: "),
                "{code}"
            );
        }
        assert!(explained("c201").unwrap().starts_with("warning[C201]: "));
    }

    #[test]
    fn a_code_that_is_nearly_right_is_recognised() {
        let error = explained("C191").unwrap_err().to_string();
        assert!(error.contains("did you mean `C101`"), "{error}");
        let error = explained("nonsense").unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }

    #[test]
    fn all_codes_are_listed_once() {
        let list = list();
        for (code, _) in codes() {
            assert_eq!(list.matches(&format!("  {code}  ")).count(), 1, "{code}");
        }
    }
}
