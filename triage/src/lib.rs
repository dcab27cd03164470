//! Threat triage: which rules of a sensor fire on an alert, and how bad the alert is.
//!
//! A [`ThreatTriageConfig`] is compiled once into a [`Triage`]; [`Triage::score`] evaluates the rules over one event and
//! [`Triage::write`] puts the result into it. A rule that fails costs only itself: the others count, and an
//! [`ErrorRecord`](alidade_event::ErrorRecord) tells of it.

mod aggregate;
mod config;
mod findings;
mod rules;
mod text;

pub use aggregate::Aggregator;
pub use config::{RiskLevelRule, RuleScore, ThreatTriageConfig};
pub use findings::Findings;
pub use rules::{FiredRule, Score, Triage, Waiting};
pub use text::{null_as_default, scalar_text};
