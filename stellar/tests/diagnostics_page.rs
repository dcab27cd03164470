//! `docs/stellar/diagnostics.md` is written from the explanations: `UPDATE_GOLDEN=1 cargo test --test diagnostics_page`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use alidade_stellar::{Severity, explanations};

const HEAD: &str = "# Findings about Stellar expressions

Every finding about an expression has a code. `S0xx` and `S1xx` are errors: the document is refused. `S2xx` are warnings:
the expression works, but may not mean what its author thinks; they never stop a load. `alidade explain CODE` shows the
same text in a terminal.

This page is written by a test from the explanations in `stellar/src/explain`.
";

#[test]
fn the_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/stellar/diagnostics.md");
    let page = page();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    assert!(
        found == page,
        "docs/stellar/diagnostics.md is stale: run this test with UPDATE_GOLDEN=1"
    );
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n| code | | |\n|---|---|---|\n");
    for explanation in explanations() {
        let code = explanation.code;
        let severity = severity(explanation.severity);
        let anchor = code.to_lowercase();
        writeln!(
            page,
            "| [{code}](#{anchor}) | {severity} | {} |",
            explanation.title
        )
        .unwrap();
    }
    for explanation in explanations() {
        let severity = severity(explanation.severity);
        write!(
            page,
            "\n## {}\n\n**{severity}: {}**\n\n{}\n\nWrong:\n\n```\n{}\n```\n\nRight:\n\n```\n{}\n```\n",
            explanation.code,
            explanation.title,
            explanation.text,
            explanation.wrong,
            explanation.right
        )
        .unwrap();
    }
    page
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
