//! `THREAT_TRIAGE_*`: triage rules tried out and edited.

mod edit;
mod engine;

use super::Bodies;
use super::body::body;

pub(super) fn bodies() -> Bodies {
    vec![
        ("THREAT_TRIAGE_ADD", body(edit::add)),
        ("THREAT_TRIAGE_CONFIG", body(engine::config)),
        ("THREAT_TRIAGE_INIT", body(engine::init)),
        ("THREAT_TRIAGE_PRINT", body(engine::print)),
        ("THREAT_TRIAGE_REMOVE", body(edit::remove)),
        ("THREAT_TRIAGE_SCORE", body(engine::score)),
        ("THREAT_TRIAGE_SET_AGGREGATOR", body(edit::set_aggregator)),
    ]
}

#[cfg(test)]
mod tests;
