//! What the targets that read expressions have in common.

use std::sync::OnceLock;

use alidade_stellar::{Diagnostic, FunctionSpec, Library};
use serde_json::Value as Json;

use super::{Violation, promise};
use crate::grammar::{Writer, functions};
use crate::{Observed, Random};

const CASES: &str = include_str!("../../../stellar/tests/data/stellar.jsonl");
const TRICKY: &str = include_str!("../../../stellar/tests/data/tricky.txt");

pub fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(Library::metron)
}

fn specs() -> &'static [FunctionSpec] {
    static SPECS: OnceLock<Vec<FunctionSpec>> = OnceLock::new();
    SPECS.get_or_init(functions)
}

/// The expressions that the language's own tests and documentation hold.
pub fn expressions() -> Vec<Vec<u8>> {
    let cases = CASES.lines().filter_map(|line| {
        let case: Json = serde_json::from_str(line).ok()?;
        Some(case.pointer("/input/expr")?.as_str()?.as_bytes().to_vec())
    });
    let tricky = TRICKY
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" ==> "))
        .map(|(case, _)| {
            let source = case.rsplit_once(" |- ").map_or(case, |(_, source)| source);
            source.trim_start_matches("! ").as_bytes().to_vec()
        });
    let examples = specs().iter().flat_map(|spec| spec.examples);
    let examples = examples.map(|(source, _)| source.as_bytes().to_vec());
    cases.chain(tricky).chain(examples).collect()
}

pub fn write_expression(random: &mut Random) -> Vec<u8> {
    Writer::new(specs(), random).expression().into_bytes()
}

pub fn words() -> Vec<String> {
    let signs = [
        " and ",
        " or ",
        "not(",
        " in ",
        " not in ",
        "if ",
        " then ",
        " else ",
        "match{",
        " => ",
        "default",
        " -> ",
        " == ",
        " != ",
        " <= ",
        " ? ",
        " : ",
        "// c\n",
        "exists(",
        "null",
        "true",
        "NaN",
        "'",
        "\"",
        "\\",
        "''",
        "[",
        "{",
        "(x, y) -> ",
        "x -> ",
        "MAP(",
        "REDUCE(",
        "FILTER(",
        "_",
    ];
    let signs = signs.iter().map(|sign| (*sign).to_owned());
    let calls = specs().iter().map(|spec| format!("{}(", spec.name));
    let fields = crate::scope::fields()
        .iter()
        .map(|(name, _)| (*name).to_owned());
    signs.chain(calls).chain(fields).collect()
}

/// A finding points into the source, between characters, and can be shown.
pub fn check_findings(
    source: &str,
    findings: &[Diagnostic],
    observed: &mut Observed,
) -> Result<(), Violation> {
    for finding in findings {
        let span = finding.span.clone();
        promise(source.get(span).is_some(), || {
            format!("the place of a finding is not in the source: {finding:?}")
        })?;
        let shown = finding.render(source);
        promise(shown.contains(finding.code), || {
            format!("a finding is shown without its code: {shown}")
        })?;
        observed.note(finding.code);
        observed.note_message(&finding.to_string());
    }
    Ok(())
}
