use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::{Diagnostic, Library, compile, compile_predicate};

fn findings(source: &str, condition: bool) -> Vec<Diagnostic> {
    let library = Library::metron();
    let compiled = match condition {
        true => compile_predicate(source, &library),
        false => compile(source, &library),
    };
    match compiled {
        Ok(program) => program.warnings().to_vec(),
        Err(findings) => findings,
    }
}

#[test]
fn the_wrong_examples_are_wrong_and_the_right_ones_right() {
    for explanation in explanations() {
        let code = explanation.code;
        let found = findings(explanation.wrong, explanation.condition);
        let about = found.iter().find(|finding| finding.code == code);
        let about = about.unwrap_or_else(|| panic!("{code} is not found: {found:?}"));
        assert_eq!(about.severity, explanation.severity, "{code}");
        assert!(!about.label.is_empty(), "{code} has no label");
        assert!(
            about.help.is_some(),
            "{code} says nothing to try: {about:?}"
        );
        let found = findings(explanation.right, explanation.condition);
        assert!(found.is_empty(), "{code}: {found:?}");
    }
}

/// Every code that stands in the sources as a text of its own.
fn codes_in(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes_in(&path, codes);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for piece in source.split('"') {
            let digits = piece.strip_prefix('S').unwrap_or_default();
            if digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                codes.insert(piece.to_owned());
            }
        }
    }
}

#[test]
fn every_code_is_explained_in_order() {
    let mut used = BTreeSet::new();
    codes_in(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut used,
    );
    let explained: Vec<String> = explanations().map(|e| e.code.to_owned()).collect();
    assert_eq!(explained, Vec::from_iter(used));
    for explanation in explanations() {
        assert!(explanation.text.ends_with('.'), "{}", explanation.code);
        let first = explanation.title.chars().next().unwrap();
        assert!(!first.is_uppercase(), "{}", explanation.code);
    }
}

#[test]
fn a_code_is_found_in_either_case() {
    assert_eq!(explain("s101"), explain("S101"));
    assert_eq!(explain("S101").unwrap().title, "unknown function");
    assert_eq!(explain("T101"), None);
    assert_eq!(explain(""), None);
}

#[test]
fn lines_are_wrapped_at_blanks() {
    let shown = explain("S202").unwrap().render(60);
    assert!(shown.starts_with("warning[S202]: "));
    assert!(shown.contains("\n\nRight:\n    "));
    assert!(
        shown.lines().all(|line| line.chars().count() <= 60),
        "{shown}"
    );
}
