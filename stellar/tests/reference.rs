//! `docs/stellar/functions.md` says what the functions say of themselves. `UPDATE_GOLDEN=1 cargo test --test reference` writes
//! it anew.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use alidade_stellar::{FunctionSpec, Library};

const INTRODUCTION: &str = "\
# Stellar functions

<!-- Written by stellar/tests/reference.rs from the declarations of the functions: change those, not this file. -->

Every function of the language, by area. The same text about one function is shown by `?NAME` in the interactive shell.

How to read it:

- `NAME(first: text, second?: number, more...: any) -> text|null` is a call: what has a `?` may be left out, what has dots may
  be given any number of times. Behind the arrow stands what a call may give.
- An argument takes the kinds of values that are named, and null unless it says that null is an error. A value of any other
  kind is an error at every call, so that it is found when a configuration is checked.
- A field that a message does not have is null. What null does is said at each argument; where nothing is said, it is a value
  like any other.
- *Deterministic* functions give the same value for the same arguments, always. The others say what else their value depends
  on.
- Arguments beyond the last one are ignored, unless the function says otherwise.
- Values of examples are written as JSON, in which NaN, infinity and statistics have no place: they appear as `null` or text.
";

#[test]
fn the_reference_is_what_the_functions_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/stellar/functions.md");
    let written = reference(&Library::metron());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &written).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    let stale = written
        .lines()
        .zip(found.lines())
        .find(|(written, found)| written != found);
    assert!(
        stale.is_none() && written == found,
        "{} is stale; UPDATE_GOLDEN=1 writes it. First difference: {stale:?}",
        path.display()
    );
}

fn reference(library: &Library) -> String {
    let specs = library.specs();
    let mut out = format!("{INTRODUCTION}\n## Contents\n\n");
    for area in Library::areas() {
        let names: Vec<String> = of_area(&specs, area)
            .map(|spec| format!("[{0}](#{1})", spec.name, anchor(spec.name)))
            .collect();
        let _ = writeln!(out, "- [{area}](#{}): {}", anchor(area), names.join(", "));
    }
    for area in Library::areas() {
        let _ = writeln!(out, "\n## {area}");
        for spec in of_area(&specs, area) {
            section(spec, &mut out);
        }
    }
    out
}

fn of_area<'s>(specs: &'s [FunctionSpec], area: &'s str) -> impl Iterator<Item = &'s FunctionSpec> {
    specs.iter().filter(move |spec| spec.area == area)
}

/// What a heading is called in links.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn section(spec: &FunctionSpec, out: &mut String) {
    let _ = writeln!(out, "\n### {}\n\n{}\n", spec.name, spec.description);
    let _ = writeln!(out, "```text\n{}\n```\n", spec.typed_signature());
    if !spec.parameters.is_empty() {
        out.push_str("| Argument | Takes | |\n|---|---|---|\n");
    }
    for parameter in spec.parameters {
        let (kinds, text) = (parameter.kinds(), parameter.text());
        let _ = writeln!(
            out,
            "| `{}` | {kinds} | {} |",
            parameter.name,
            text.replace('|', "\\|")
        );
    }
    if !spec.parameters.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "Gives {}: {}.\n", spec.result_kinds(), spec.returns);
    let _ = writeln!(out, "{}", spec.purity());
    if spec.examples.is_empty() && spec.usage.is_empty() {
        return;
    }
    out.push_str("\n```text\n");
    for (source, value) in spec.examples {
        let _ = writeln!(out, "{source}\n    {value}");
    }
    for source in spec.usage {
        let _ = writeln!(out, "{source}");
    }
    out.push_str("```\n");
}
