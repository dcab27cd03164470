//! Events that have to wait for a remote call, and stores that fail.

use std::sync::Arc;

use alidade_enrichment::{
    EnrichOutcome, Enricher, EnrichmentSettings, KeyValueStore, SensorEnrichmentConfig, StoreError,
    Table,
};
use alidade_event::{ErrorType, Event, Map, NumberStyle, Value};
use alidade_stellar::{Context, Library, RemoteCalls, RemoteOutcome};
use serde_json::json;

/// A model that answers only when it is asked for the second time.
#[derive(Default)]
struct SlowModel {
    asked: usize,
}

impl RemoteCalls for SlowModel {
    fn call(&mut self, function: &'static str, _arguments: &[Value]) -> RemoteOutcome {
        if function != "MAAS_MODEL_APPLY" {
            return RemoteOutcome::Ready(Value::map(Map::new()));
        }
        self.asked += 1;
        if self.asked == 1 {
            return RemoteOutcome::Pending;
        }
        let mut answer = Map::new();
        answer.insert_str("verdict", Value::str("malicious"));
        RemoteOutcome::Ready(Value::map(answer))
    }
}

const MODEL: &str = "MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga'), {'host': host})";

fn enricher(config: serde_json::Value, settings: &EnrichmentSettings) -> Enricher {
    let config: SensorEnrichmentConfig = serde_json::from_value(config).unwrap();
    Enricher::compile("squid", &config, settings, &Library::metron()).unwrap()
}

fn event() -> Event {
    let json = br#"{"source.type":"squid","host":"cnn.com","is_alert":"true","empty":""}"#;
    Event::read_json(json, NumberStyle::Simple).unwrap()
}

fn asked_twice(config: serde_json::Value) -> Event {
    let enricher = enricher(config, &EnrichmentSettings::default());
    let mut model = SlowModel::default();
    let mut context = Context::new(&Value::Null, 1_571_163_620_277, &mut model);
    let mut event = event();
    let mut errors = Vec::new();
    let first = enricher.enrich(&mut event, &mut context, &mut errors);
    assert_eq!(first, EnrichOutcome::Pending);
    assert_eq!(event, self::event());
    assert_eq!(errors, []);
    let second = enricher.enrich(&mut event, &mut context, &mut errors);
    assert_eq!(second, EnrichOutcome::Done);
    assert_eq!(errors.len(), 1, "the failing group is told of once");
    event
}

#[test]
fn a_waiting_statement_leaves_the_event_as_it_was() {
    let event = asked_twice(json!({
        "enrichment": {"fieldMap": {"stellar": {"config": {
            "local": {"a": "1 + 1"},
            "failing": {"b": "1 / nothing"},
            "model": {"answer": MODEL},
        }}}},
    }));
    assert_eq!(event.get_str("answer.verdict"), Some("malicious"));
    assert_eq!(event.get("a"), Some(&Value::Int(2)));
    assert!(!event.contains("empty"));
}

#[test]
fn a_waiting_rule_leaves_the_event_as_it_was() {
    let event = asked_twice(json!({
        "enrichment": {"fieldMap": {"stellar": {"config": {"failing": {"b": "1 / nothing"}, "a": "2"}}}},
        "threatIntel": {"triageConfig": {"riskLevelRules": [
            {"rule": format!("MAP_GET('verdict', {MODEL}) == 'malicious'"), "score": 5},
        ]}},
    }));
    assert_eq!(event.get("threat.triage.score"), Some(&Value::Double(5.0)));
    assert_eq!(event.get("a"), Some(&Value::Int(2)));
}

/// A store that is down.
struct Down;

impl KeyValueStore for Down {
    fn get(&self, table: Table, _: &str, _: &str) -> Result<Option<Map>, StoreError> {
        Err(StoreError(format!("{} is down", table.name())))
    }
}

#[test]
fn a_store_that_is_down_costs_only_its_own_fields() {
    let settings = EnrichmentSettings {
        store: Some(Arc::new(Down)),
        ..EnrichmentSettings::default()
    };
    let types = json!({"host": ["malicious_host"]});
    let enricher = enricher(
        json!({
            "enrichment": {"fieldMap": {"hbaseEnrichment": ["host", "absent"]}, "fieldToTypeMap": types},
            "threatIntel": {"fieldMap": {"hbaseThreatIntel": ["host"]}, "fieldToTypeMap": types},
        }),
        &settings,
    );
    assert_eq!(enricher.warnings(), []);
    let mut model = SlowModel::default();
    let mut context = Context::new(&Value::Null, 0, &mut model);
    let mut event = event();
    let mut errors = Vec::new();
    enricher.enrich(&mut event, &mut context, &mut errors);
    let kinds: Vec<ErrorType> = errors.iter().map(|error| error.error_type).collect();
    assert_eq!(
        kinds,
        [ErrorType::EnrichmentError, ErrorType::ThreatIntelError]
    );
    let cause = errors[1].cause.as_deref().unwrap();
    assert_eq!(
        cause,
        "THREAT_INTEL error with hbaseThreatIntel failed: threatintel is down"
    );
    assert_eq!(event.get_str("host"), Some("cnn.com"));
    assert_eq!(event.get_str("is_alert"), Some("true"));
    assert!(!event.contains("adapter.threatinteladapter.end.ts"));
}

#[test]
fn adapters_without_their_data_are_told_of() {
    let enricher = enricher(
        json!({
            "enrichment": {"fieldMap": {"geo": ["host"], "hbaseEnrichment": ["host"], "host": []}},
            "threatIntel": {
                "fieldMap": {"hbaseThreatIntel": ["host"]},
                "config": {"typeToColumnFamily": {}},
            },
        }),
        &EnrichmentSettings::default(),
    );
    let paths: Vec<&str> = enricher
        .warnings()
        .iter()
        .map(|w| w.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "/enrichment/fieldMap/hbaseEnrichment",
            "/threatIntel/fieldMap/hbaseThreatIntel",
            "/threatIntel/config/typeToColumnFamily",
        ]
    );
    assert!(
        enricher.warnings()[0]
            .message
            .contains("not built yet: there is no key/value store behind it")
    );
}

#[test]
fn problems_name_their_place() {
    let config = json!({
        "enrichment": {"fieldMap": {
            "nosuch": ["a"], "host": {"type": "STELLAR", "config": {}}, "stellar": ["a"],
            "geo": ["a", 5],
        }},
        "threatIntel": {
            "fieldMap": {"stellar": {"type": "LIST", "config": {"x": "1"}}, "geo": ["a"]},
            "triageConfig": {"riskLevelRules": [
                {"rule": "true", "score": 1}, {"rule": "1 +", "score": "2 +", "reason": "3 +"},
            ]},
        },
    });
    let config: SensorEnrichmentConfig = serde_json::from_value(config).unwrap();
    let settings = EnrichmentSettings::default();
    let problems = Enricher::compile("squid", &config, &settings, &Library::metron())
        .err()
        .unwrap();
    let paths: Vec<&str> = problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "/enrichment/fieldMap/nosuch",
            "/enrichment/fieldMap/host",
            "/enrichment/fieldMap/stellar",
            "/enrichment/fieldMap/geo/1",
            "/threatIntel/fieldMap/stellar/config",
            "/threatIntel/fieldMap/geo",
            "/threatIntel/triageConfig/riskLevelRules/1/rule",
            "/threatIntel/triageConfig/riskLevelRules/1/score",
            "/threatIntel/triageConfig/riskLevelRules/1/reason",
        ]
    );
    assert!(problems[6..].iter().all(|problem| problem.span.is_some()));
}
