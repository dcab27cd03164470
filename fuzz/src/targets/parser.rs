use alidade_stellar::{Program, TokenKind, compile, compile_predicate, tokens};

use super::{Target, Violation, promise, sources};
use crate::Observed;

pub const TARGET: Target = Target {
    name: "parser",
    run,
    seeds: sources::expressions,
    generate: Some(sources::write_expression),
    words: sources::words,
};

fn run(input: &[u8], observed: &mut Observed) -> Result<(), Violation> {
    let source = String::from_utf8_lossy(input);
    let library = sources::library();
    let outcome = compile(&source, library);
    match &outcome {
        Ok(program) => {
            sources::check_findings(&source, program.warnings(), observed)?;
            promise(program.source() == source, || {
                "the source is not kept".to_owned()
            })?;
            observed.note((program.variables().len().min(8), program.is_deterministic()));
            // As a condition it may be refused for its kind of value, with a finding.
            if let Err(findings) = compile_predicate(&source, library) {
                promise(!findings.is_empty(), || {
                    "no condition, without a reason".to_owned()
                })?;
                sources::check_findings(&source, &findings, observed)?;
            }
        }
        Err(findings) => {
            promise(!findings.is_empty(), || {
                "refused without a reason".to_owned()
            })?;
            sources::check_findings(&source, findings, observed)?;
        }
    }
    // White space and comments mean nothing.
    let airy = compile(&with_other_blanks(&source), library);
    promise(facts(&airy) == facts(&outcome), || {
        format!(
            "other white space changes {:?} to {:?}",
            facts(&outcome),
            facts(&airy)
        )
    })?;
    if source.len() < 1_000 {
        let tokens = tokens(&source);
        for pair in tokens.windows(3) {
            observed.note([pair[0].kind as u8, pair[1].kind as u8, pair[2].kind as u8]);
        }
    }
    Ok(())
}

/// What does not depend on places.
fn facts(outcome: &Result<Program, Vec<alidade_stellar::Diagnostic>>) -> String {
    match outcome {
        Ok(program) => {
            let warnings: Vec<_> = program.warnings().iter().map(|it| it.code).collect();
            let deterministic = program.is_deterministic();
            format!("{:?} {deterministic} {warnings:?}", program.variables())
        }
        Err(findings) => {
            let findings: Vec<_> = findings.iter().map(|it| (it.code, &it.message)).collect();
            format!("{findings:?}")
        }
    }
}

fn with_other_blanks(source: &str) -> String {
    let mut other = String::with_capacity(source.len() + 16);
    for token in tokens(source) {
        match token.kind {
            TokenKind::Blank => other.push_str("\n\t "),
            TokenKind::Comment => other.push_str("// other\n"),
            _ => other.push_str(source.get(token.span).unwrap_or_default()),
        }
    }
    other
}
