//! Rules and aggregators put into a configuration, and taken out of it.

use alidade_enrichment::SensorEnrichmentConfig;
use alidade_event::{Map, Value};
use alidade_stellar::{EvalError, HostCall};
use alidade_triage::{Aggregator, RiskLevelRule, ThreatTriageConfig};
use serde_json::Value as Json;

use super::engine::{config_of, written};
use crate::functions::arguments::required_text;
use crate::functions::body::{Outcome, fail, wrong};

/// What a rule is made of. Other members of a map are left out, as upstream does.
const RULE_MEMBERS: [&str; 5] = ["name", "comment", "rule", "score", "reason"];

/// The triage of a configuration, made if it is not there.
fn triage_of(config: &mut SensorEnrichmentConfig) -> &mut ThreatTriageConfig {
    config
        .threat_intel
        .triage_config
        .get_or_insert_with(ThreatTriageConfig::default)
}

/// A map without `rule` or `score` is skipped, and so is null.
pub(super) fn add(call: &mut dyn HostCall) -> Outcome {
    let mut config = config_of(call)?;
    let triage = triage_of(&mut config);
    match call.argument(1) {
        Value::Map(rule) => triage.risk_level_rules.extend(new_rule(rule)?),
        Value::List(rules) => {
            for rule in rules.iter() {
                match rule {
                    Value::Map(rule) => triage.risk_level_rules.extend(new_rule(rule)?),
                    Value::Null => {}
                    _ => return wrong(call, 1, "a rule as a map, or a list of rules"),
                }
            }
        }
        _ => return wrong(call, 1, "a rule as a map, or a list of rules"),
    }
    written(&config)
}

fn new_rule(map: &Map) -> Result<Option<RiskLevelRule>, EvalError> {
    if map.get_str("rule").is_none() || map.get_str("score").is_none() {
        return Ok(None);
    }
    let mut json = serde_json::Map::new();
    for name in RULE_MEMBERS {
        if let Some(value) = map.get_str(name) {
            json.insert(name.to_owned(), value.to_serde());
        }
    }
    match serde_json::from_value(Json::Object(json)) {
        Ok(rule) => Ok(Some(rule)),
        Err(error) => fail(format!(
            "{} is no rule: {error}",
            Value::map(map.clone()).to_json()
        )),
    }
}

/// Takes rules out by their names or their texts.
pub(super) fn remove(call: &mut dyn HostCall) -> Outcome {
    let mut config = config_of(call)?;
    let unwanted: Vec<&Value> = match call.argument(1) {
        Value::Null => Vec::new(),
        Value::List(members) => members.iter().collect(),
        text @ Value::Str(_) => vec![text],
        _ => return wrong(call, 1, "a list of names or rules"),
    };
    let is_unwanted = |text: &str| unwanted.iter().any(|one| one.as_str() == Some(text));
    triage_of(&mut config).risk_level_rules.retain(|rule| {
        let by_name = rule.name.as_deref().is_some_and(is_unwanted);
        !by_name && !is_unwanted(&rule.rule)
    });
    written(&config)
}

pub(super) fn set_aggregator(call: &mut dyn HostCall) -> Outcome {
    let mut config = config_of(call)?;
    let name = required_text(call, 1)?;
    let aggregator: Aggregator = match serde_json::from_value(Json::from(name.as_str())) {
        Ok(aggregator) => aggregator,
        Err(_) => {
            return fail(format!(
                "there is no aggregator {name:?}; use MAX, MIN, SUM, MEAN or POSITIVE_MEAN"
            ));
        }
    };
    let settings = match call.argument(2) {
        Value::Null => None,
        settings @ Value::Map(_) => settings.to_serde().as_object().cloned(),
        _ => return wrong(call, 2, "a map"),
    };
    let triage = triage_of(&mut config);
    triage.aggregator = aggregator;
    if let Some(settings) = settings {
        triage.aggregation_config = settings;
    }
    written(&config)
}
