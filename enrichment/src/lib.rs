//! Enrichment: what an event gains from look-ups, from Stellar and from threat triage.
//!
//! A sensor's [`SensorEnrichmentConfig`] is compiled once into an [`Enricher`]. [`Enricher::enrich`] then runs both of
//! upstream's stages on one event, enrichment and threat intelligence, decides whether the event is an alert, and scores
//! it. An event is never lost: what fails costs only its own output, and an error record tells of it.

mod alert;
mod compile;
mod config;
mod enricher;
pub mod geo;
mod group;
mod lookup;
pub mod offline;
mod pointer;
mod settings;
mod stage;
mod stamp;
mod statements;
mod store;

pub use alidade_triage::{Findings, RuleScore, ThreatTriageConfig};
pub use config::{
    AdapterConfig, AdapterShape, EnrichmentConfig, SensorEnrichmentConfig, ThreatIntelConfig,
};
pub use enricher::{EnrichOutcome, Enricher};
pub use settings::{EnrichmentSettings, SettingsError};
pub use store::{KeyValueStore, MemoryStore, StoreError, Table};
