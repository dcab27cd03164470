//! What is fed, and what it promises.

mod configuration;
mod evaluation;
mod grok;
mod hadoop;
mod json;
mod lexer;
mod maas;
mod parser;
mod planted;
mod records;
mod sources;

use crate::{Observed, Random};

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Violation(pub String);

/// Something that takes bytes from outside.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Feeds it one input and checks what it promises. It may also panic, hang or eat memory: whoever calls it finds out.
    pub run: fn(&[u8], &mut Observed) -> Result<(), Violation>,
    /// The inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Writes an input by the rules of the language, where there is a grammar for it.
    pub generate: Option<fn(&mut Random) -> Vec<u8>>,
    /// The words of the language.
    pub words: fn() -> Vec<String>,
}

pub const TARGETS: &[Target] = &[
    lexer::TARGET,
    parser::TARGET,
    evaluation::TARGET,
    configuration::TARGET,
    grok::TARGET,
    records::TARGET,
    json::TARGET,
    maas::TARGET,
    hadoop::TARGET,
];

impl Target {
    pub fn named(name: &str) -> Option<&'static Target> {
        let mut all = TARGETS.iter().chain(planted::TARGETS);
        all.find(|target| target.name == name)
    }
}

/// Nothing, or the broken promise.
fn promise(kept: bool, broken: impl FnOnce() -> String) -> Result<(), Violation> {
    match kept {
        true => Ok(()),
        false => Err(Violation(broken())),
    }
}
