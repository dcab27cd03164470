//! The functions that try and change triage rules. What they do happens in the shell.

mod edit;
mod threat_triage_config;
mod threat_triage_init;
mod threat_triage_print;
mod threat_triage_score;

use super::function::Function;
use super::prelude::{Parameter, Types, required};

const ENGINE: Parameter =
    required("engine", "What THREAT_TRIAGE_INIT gives.").of_present(Types::OBJECT);
const CONFIG_OR_ENGINE: Parameter = required(
    "config",
    "An enrichment configuration as JSON, or what THREAT_TRIAGE_INIT gives.",
)
.of_present(Types::TEXT.or(Types::OBJECT));

pub(super) const FUNCTIONS: &[Function] = &[
    edit::THREAT_TRIAGE_ADD,
    edit::THREAT_TRIAGE_REMOVE,
    edit::THREAT_TRIAGE_SET_AGGREGATOR,
    threat_triage_config::THREAT_TRIAGE_CONFIG,
    threat_triage_init::THREAT_TRIAGE_INIT,
    threat_triage_print::THREAT_TRIAGE_PRINT,
    threat_triage_score::THREAT_TRIAGE_SCORE,
];
