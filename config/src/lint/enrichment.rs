use alidade_enrichment::{AdapterConfig, AdapterShape, SensorEnrichmentConfig};
use alidade_enrichment::{RuleScore, ThreatTriageConfig};
use serde_json::{Map, Value as Json};

use super::known::Known;
use super::reads::{Check, Expression};
use crate::json::child;

/// Walks through an enrichment document in the order of its work: both stages, then triage.
pub(super) fn check(config: &SensorEnrichmentConfig, mut known: Known, check: &mut Check<'_>) {
    known.add_silent(config.enrichment.config.keys());
    known.add_silent(config.configuration.keys());
    known.add_prefix("adapter");
    for (section, prefix, adapters) in [
        ("/enrichment", "enrichments", &config.enrichment.field_map),
        (
            "/threatIntel",
            "threatintels",
            &config.threat_intel.field_map,
        ),
    ] {
        let mut given = Vec::new();
        for (id, adapter) in adapters {
            let pointer = child(&format!("{section}/fieldMap"), id);
            self::adapter(adapter, &pointer, &known, check, &mut given);
        }
        known.add_prefix(prefix);
        for name in given {
            known.add(&name);
        }
    }
    known.add_silent(config.threat_intel.config.keys());
    known.add_prefix("threat.triage");
    if let Some(triage) = &config.threat_intel.triage_config {
        rules(triage, &known, check);
    }
}

fn adapter(
    adapter: &AdapterConfig,
    pointer: &str,
    known: &Known,
    check: &mut Check<'_>,
    given: &mut Vec<String>,
) {
    let (written, step) = adapter.config();
    let pointer = format!("{pointer}{step}");
    match (adapter.shape, written) {
        (AdapterShape::List, Json::Array(fields)) => {
            for (at, name) in fields.iter().enumerate() {
                if let Some(name) = name.as_str() {
                    check.listed(&format!("{pointer}/{at}"), name, known);
                }
            }
        }
        (AdapterShape::Stellar, Json::Array(entries)) => {
            group(&list(entries, &pointer), known, check, given);
        }
        (AdapterShape::Stellar, Json::Object(entries)) => {
            for (name, value) in entries {
                let pointer = child(&pointer, name);
                match value {
                    Json::Object(entries) => group(&map(entries, &pointer), known, check, given),
                    Json::Array(entries) => group(&list(entries, &pointer), known, check, given),
                    _ => {}
                }
            }
            group(&map(entries, &pointer), known, check, given);
        }
        _ => {}
    }
}

type Statements<'a> = Vec<(&'a str, Expression<'a>)>;

/// The texts of a map of statements; what is no text belongs to other groups.
fn map<'a>(entries: &'a Map<String, Json>, pointer: &str) -> Statements<'a> {
    let texts = entries.iter().filter_map(|(name, value)| {
        let expression = Expression {
            source: value.as_str()?,
            pointer: child(pointer, name),
            offset: 0,
        };
        Some((name.as_str(), expression))
    });
    texts.collect()
}

/// `variable := expression`.
fn list<'a>(entries: &'a [Json], pointer: &str) -> Statements<'a> {
    let texts = entries.iter().enumerate().filter_map(|(at, entry)| {
        let text = entry.as_str()?;
        let (name, source) = text.split_once(":=")?;
        let expression = Expression {
            source,
            pointer: format!("{pointer}/{at}"),
            offset: text.len() - source.len(),
        };
        Some((name.trim(), expression))
    });
    texts.collect()
}

/// The statements of a group see the message and each other, not the results of other groups.
fn group(
    statements: &Statements<'_>,
    known: &Known,
    check: &mut Check<'_>,
    given: &mut Vec<String>,
) {
    let names: Vec<&str> = statements.iter().map(|(name, _)| *name).collect();
    let mut visible = known.clone();
    for (at, (name, expression)) in statements.iter().enumerate() {
        let later = names.get(at + 1..).unwrap_or_default();
        check.expression(expression, &visible, later);
        visible.add(name);
        given.push((*name).to_owned());
    }
}

fn rules(triage: &ThreatTriageConfig, known: &Known, check: &mut Check<'_>) {
    for (at, rule) in triage.risk_level_rules.iter().enumerate() {
        let score = match &rule.score {
            RuleScore::Expression(source) => Some(source),
            RuleScore::Number(_) => None,
        };
        let parts = [
            ("rule", Some(&rule.rule)),
            ("score", score),
            ("reason", rule.reason.as_ref()),
        ];
        for (part, source) in parts {
            let Some(source) = source else { continue };
            let expression = Expression {
                source,
                pointer: format!("/threatIntel/triageConfig/riskLevelRules/{at}/{part}"),
                offset: 0,
            };
            check.expression(&expression, known, &[]);
        }
    }
}
