use alidade_stellar::{TokenKind, compile, tokens};

use super::{Target, Violation, promise, sources};
use crate::Observed;

pub const TARGET: Target = Target {
    name: "lexer",
    run,
    seeds: sources::expressions,
    generate: None,
    words: sources::words,
};

/// Codes of what the lexer refuses.
const LEXICAL: &[&str] = &["S002", "S003", "S004", "S005"];

fn run(input: &[u8], observed: &mut Observed) -> Result<(), Violation> {
    let source = String::from_utf8_lossy(input);
    let tokens = tokens(&source);
    let mut at = 0;
    let mut before = None;
    for token in &tokens {
        let span = token.span.clone();
        promise(span.start == at && span.end > at, || {
            format!("token at {at} has the place {span:?}")
        })?;
        let text = source.get(span.clone());
        promise(text.is_some(), || format!("{span:?} cuts a character"))?;
        at = span.end;
        observed.note((before, token.kind as u8, text.map(|text| text.len().min(3))));
        before = Some(token.kind as u8);
    }
    promise(at == source.len(), || {
        format!("{at} of {} bytes are covered", source.len())
    })?;
    // The compiler must refuse exactly what is no token, and at the same place.
    let error = tokens.iter().find(|token| token.kind == TokenKind::Error);
    let refused = compile(&source, sources::library())
        .err()
        .unwrap_or_default();
    let refused = refused
        .iter()
        .find(|finding| LEXICAL.contains(&finding.code));
    promise(
        error.is_some() == refused.is_some() || source.len() > 1 << 20,
        || format!("the tokens have the error {error:?}, the compiler finds {refused:?}"),
    )?;
    if let (Some(error), Some(refused)) = (error, refused) {
        promise(error.span.contains(&refused.span.start), || {
            format!(
                "the error at {:?} is reported at {:?}",
                error.span, refused.span
            )
        })?;
        observed.note_message(&refused.message);
    }
    Ok(())
}
