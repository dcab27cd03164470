//! The engine: a configuration whose rules are tried out on messages.

use std::any::Any;
use std::sync::Arc;

use alidade_config::DocumentId;
use alidade_config::json::{JsonDocument, to_pretty};
use alidade_enrichment::SensorEnrichmentConfig;
use alidade_event::{Event, FieldName, Map, NumberStyle, Object, Value};
use alidade_stellar::{Context, EvalError, HostCall, Layers, Library, NoRemote};
use alidade_triage::{Aggregator, Findings, RiskLevelRule, RuleScore, ThreatTriageConfig, Triage};
use serde_json::Value as Json;

use crate::functions::arguments::required_text;
use crate::functions::body::{Outcome, fail, wrong};
use crate::table::table;

/// The sensor whose name documents without one have.
const SENSOR: &str = "sensor";
/// Where triage stands in the document.
const PATH: &str = "/threatIntel/triageConfig";

/// What THREAT_TRIAGE_INIT gives.
#[derive(Debug)]
struct Engine {
    config: SensorEnrichmentConfig,
    rules: Vec<Rule>,
    /// What rules see behind the message.
    settings: [Event; 2],
}

/// A rule, and a triage of it alone: so it is known which rules hold.
#[derive(Debug)]
struct Rule {
    written: RiskLevelRule,
    triage: Triage,
}

impl Object for Engine {
    fn type_name(&self) -> &'static str {
        "ThreatTriageProcessor"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn display(&self) -> String {
        format!("ThreatTriage{{{} rule(s)}}", self.rules.len())
    }
}

pub(super) fn init(call: &mut dyn HostCall) -> Outcome {
    let config = if call.count() == 0 {
        SensorEnrichmentConfig::default()
    } else {
        read(required_text(call, 0)?)?
    };
    let rules = match &config.threat_intel.triage_config {
        Some(triage) => compile(triage)?,
        None => Vec::new(),
    };
    let settings = [
        variables(&config.configuration),
        variables(&config.threat_intel.config),
    ];
    Ok(Value::Object(Arc::new(Engine {
        config,
        rules,
        settings,
    })))
}

/// As in the pipeline, of two rules with one text the first counts.
fn compile(config: &ThreatTriageConfig) -> Result<Vec<Rule>, EvalError> {
    let library = Library::metron();
    let mut findings = Findings::default();
    // The whole first, for what is wrong and where.
    Triage::compile(SENSOR, config, PATH, &library, &mut findings);
    if !findings.problems.is_empty() {
        let problems: Vec<String> = findings
            .problems
            .iter()
            .map(|problem| format!("\n  {problem}"))
            .collect();
        return fail(format!("the rules are not valid:{}", problems.concat()));
    }
    let mut rules: Vec<Rule> = Vec::new();
    for written in &config.risk_level_rules {
        if rules.iter().any(|other| other.written.rule == written.rule) {
            continue;
        }
        let alone = ThreatTriageConfig {
            risk_level_rules: vec![written.clone()],
            ..config.clone()
        };
        rules.push(Rule {
            written: written.clone(),
            triage: Triage::compile(SENSOR, &alone, PATH, &library, &mut findings),
        });
    }
    Ok(rules)
}

fn variables(settings: &serde_json::Map<String, Json>) -> Event {
    let value = |json: &Json| Value::from_serde(json, NumberStyle::Jackson);
    settings
        .iter()
        .map(|(name, json)| (FieldName::new(name), value(json)))
        .collect()
}

/// Unlike in the pipeline, a rule that fails makes the call fail, so that its author sees it.
pub(super) fn score(call: &mut dyn HostCall) -> Outcome {
    let message = required_text(call, 0)?;
    let message = match Event::read_json(message.as_bytes(), NumberStyle::Simple) {
        Ok(message) => message,
        Err(error) => return fail(format!("the message is no JSON object: {error}")),
    };
    let Some(engine) = engine_of(call, 1) else {
        return wrong(call, 1, "what THREAT_TRIAGE_INIT gives");
    };
    let [configuration, settings] = &engine.settings;
    let scope = Layers(&[&message, configuration, settings]);
    let mut scores = Vec::new();
    let mut holding = Vec::new();
    for rule in &engine.rules {
        let mut remote = NoRemote;
        let mut context = Context::new(call.global(), call.now_ms(), &mut remote);
        let mut errors = Vec::new();
        let outcome = rule
            .triage
            .score(&message, &scope, &mut context, &mut errors);
        if let Some(error) = errors.first() {
            let cause = error.message.as_ref().or(error.cause.as_ref());
            let cause = cause.map_or("no reason is known", |cause| cause.as_str());
            return fail(format!("the rule `{}`: {cause}", rule.written.rule));
        }
        let fired = match outcome {
            Ok(Some(score)) => score.fired.into_iter().next(),
            Ok(None) => None,
            Err(waiting) => return fail(waiting.to_string()),
        };
        let Some(fired) = fired else {
            continue;
        };
        scores.push(fired.score.as_f64().unwrap_or(f64::NAN));
        let mut map = Map::new();
        let members = [
            ("name", fired.name),
            ("rule", Value::str(&rule.written.rule)),
            ("score", fired.score),
            ("reason", fired.reason),
            ("comment", fired.comment),
        ];
        for (name, value) in members {
            if !value.is_null() {
                map.insert_str(name, value);
            }
        }
        holding.push(Value::map(map));
    }
    let triage = engine.config.threat_intel.triage_config.clone();
    let triage = triage.unwrap_or_default();
    let total = triage
        .aggregator
        .aggregate(&scores, triage.negative_values_trump());
    let mut result = Map::new();
    result.insert_str("score", Value::Double(total));
    result.insert_str("rules", Value::list(holding));
    result.insert_str("aggregator", Value::str(&name_of(triage.aggregator)));
    Ok(Value::map(result))
}

pub(super) fn config(call: &mut dyn HostCall) -> Outcome {
    match engine_of(call, 0) {
        Some(engine) => written(&engine.config),
        None => wrong(call, 0, "what THREAT_TRIAGE_INIT gives"),
    }
}

pub(super) fn print(call: &mut dyn HostCall) -> Outcome {
    let config = config_of(call)?;
    let Some(triage) = config.threat_intel.triage_config else {
        return Ok(Value::str(""));
    };
    let rows: Vec<Vec<String>> = triage
        .risk_level_rules
        .iter()
        .map(|rule| {
            vec![
                rule.name.clone().unwrap_or_default(),
                rule.comment.clone().unwrap_or_default(),
                rule.rule.clone(),
                match &rule.score {
                    RuleScore::Number(number) => number.to_string(),
                    RuleScore::Expression(source) => source.clone(),
                },
                rule.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let headers = ["Name", "Comment", "Triage Rule", "Score", "Reason"];
    let mut text = table(&headers, &rows);
    if !rows.is_empty() {
        text.push_str(&format!("Aggregation: {}", name_of(triage.aggregator)));
    }
    Ok(Value::str(&text))
}

fn engine_of(call: &dyn HostCall, at: usize) -> Option<&Engine> {
    match call.argument(at) {
        Value::Object(object) => object.as_any().downcast_ref(),
        _ => None,
    }
}

/// The configuration that the first argument is, or holds.
pub(super) fn config_of(call: &dyn HostCall) -> Result<SensorEnrichmentConfig, EvalError> {
    match (engine_of(call, 0), call.argument(0)) {
        (Some(engine), _) => Ok(engine.config.clone()),
        (None, Value::Str(json)) => read(json),
        _ => wrong(
            call,
            0,
            "an enrichment configuration as JSON, or what THREAT_TRIAGE_INIT gives",
        ),
    }
}

fn read(json: &str) -> Result<SensorEnrichmentConfig, EvalError> {
    let id = DocumentId::Enrichment(SENSOR.to_owned());
    JsonDocument::parse(&id, json.as_bytes())
        .and_then(|document| document.typed())
        .or_else(|problem| fail(problem.one_line()))
}

/// A configuration as JSON.
pub(super) fn written(config: &SensorEnrichmentConfig) -> Outcome {
    match serde_json::to_value(config) {
        Ok(json) => Ok(Value::str(&to_pretty(&json))),
        Err(error) => fail(format!("the configuration cannot be written: {error}")),
    }
}

fn name_of(aggregator: Aggregator) -> String {
    match serde_json::to_value(aggregator) {
        Ok(Json::String(name)) => name,
        _ => format!("{aggregator:?}"),
    }
}
