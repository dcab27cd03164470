//! Upstream's test vectors for triage, and what happens to rules that fail.

use alidade_event::{ErrorRecord, ErrorType, Event, NumberStyle, Value};
use alidade_stellar::{Context, Layers, Library, NoRemote, Scope};
use alidade_triage::{Findings, Score, ThreatTriageConfig, Triage};
use serde_json::{Value as Json, json};

const ADMIN: &str = "user.type in ['admin', 'power'] and asset.type == 'web'";
const WEB: &str = "asset.type == 'web'";
const NORMAL: &str = "user.type == 'normal' and asset.type == 'web'";
const WHITELISTED: &str = "user.type in whitelist";

fn event(fields: &Json) -> Event {
    Event::read_json(fields.to_string().as_bytes(), NumberStyle::Simple).unwrap()
}

fn triage(config: Json) -> (Triage, Findings) {
    let config: ThreatTriageConfig = serde_json::from_value(config).unwrap();
    let mut findings = Findings::default();
    let library = Library::metron();
    let triage = Triage::compile("squid", &config, "/triageConfig", &library, &mut findings);
    (triage, findings)
}

fn score(config: Json, fields: Json) -> (Option<Score>, Vec<ErrorRecord>) {
    let (triage, _) = triage(config);
    let event = event(&fields);
    let threat_intel_config = self::event(&json!({"whitelist": ["abnormal"]}));
    let layers: [&dyn Scope; 2] = [&event, &threat_intel_config];
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, 0, &mut remote);
    let mut errors = Vec::new();
    let score = triage.score(&event, &Layers(&layers), &mut context, &mut errors);
    (score.unwrap(), errors)
}

fn total(config: Json, fields: Json) -> Option<f64> {
    let (score, errors) = score(config, fields);
    assert_eq!(errors, []);
    score.map(|score| score.total)
}

fn rules(aggregator: &str, with_whitelist: bool) -> Json {
    let mut rules = vec![
        json!({"rule": ADMIN, "score": 10}),
        json!({"rule": WEB, "score": 5}),
        json!({"rule": NORMAL, "score": 0}),
    ];
    if with_whitelist {
        rules.push(json!({"rule": WHITELISTED, "score": -1}));
    }
    json!({"riskLevelRules": rules, "aggregator": aggregator})
}

fn user(user: &str, asset: &str) -> Json {
    json!({"user.type": user, "asset.type": asset})
}

#[test]
fn the_largest_score_counts() {
    assert_eq!(total(rules("MAX", true), user("admin", "web")), Some(10.0));
    assert_eq!(total(rules("MAX", true), user("normal", "web")), Some(5.0));
    assert_eq!(total(rules("MAX", true), user("foo", "bar")), None);
    let whitelisted = total(rules("MAX", true), user("abnormal", "bar"));
    assert_eq!(whitelisted, Some(f64::NEG_INFINITY));
}

#[test]
fn the_mean_of_positive_scores_leaves_zeros_out() {
    assert_eq!(
        total(rules("POSITIVE_MEAN", false), user("normal", "web")),
        Some(5.0)
    );
    assert_eq!(
        total(rules("POSITIVE_MEAN", false), user("admin", "web")),
        Some(7.5)
    );
    assert_eq!(
        total(rules("MEAN", false), user("normal", "web")),
        Some(2.5)
    );
}

#[test]
fn a_score_may_be_an_expression() {
    let config = |score: Json| json!({"riskLevelRules": [{"rule": "true", "score": score}]});
    let priority = json!({"priority": 100, "text": "7.5d", "list": [5, 6], "yes": true});
    for (expression, number, written) in [
        ("priority * 10.1", 1010.0, Value::Double(1010.0)),
        ("priority", 100.0, Value::Long(100)),
        ("text", 7.5, Value::Double(7.5)),
        ("list", 5.0, Value::Double(5.0)),
        ("yes", 1.0, Value::Double(1.0)),
    ] {
        let (score, errors) = score(config(json!(expression)), priority.clone());
        assert_eq!(errors, []);
        let score = score.unwrap();
        assert_eq!(score.total, number, "{expression}");
        assert_eq!(score.fired[0].score, written, "{expression}");
    }
    let (score, _) = score(config(json!(3_000_000_000_u64)), priority);
    assert_eq!(score.unwrap().fired[0].score, Value::Long(3_000_000_000));
}

#[test]
fn a_rule_that_fails_costs_only_itself() {
    let config = json!({"riskLevelRules": [
        {"rule": "a == 1", "score": 3, "name": "good"},
        {"rule": "1 / 0 == 1", "score": 1},
        {"rule": "5", "score": 1},
        {"rule": "missing", "score": 1},
        {"rule": "a == 1 and 1 == 1", "score": "missing"},
        {"rule": "a == 1 and 2 == 2", "score": "'x'"},
        {"rule": "a == 1 and 3 == 3", "score": 1, "reason": "1 / 0"},
        {"rule": "a == 2", "score": "1 / 0", "reason": "1 / 0"},
    ]});
    let (score, errors) = score(config, json!({"a": 1}));
    let score = score.unwrap();
    assert_eq!(score.total, 3.0);
    assert_eq!(score.fired.len(), 1);
    assert_eq!(errors.len(), 6);
    for (error, word) in errors
        .iter()
        .zip(["1 / 0", "`5`", "null", "missing", "String", "1 / 0"])
    {
        assert_eq!(error.error_type, ErrorType::ThreatIntelError);
        assert_eq!(error.sensor.as_deref(), Some("squid"));
        let cause = error.cause.as_deref().unwrap();
        assert!(cause.contains(word), "{cause}");
    }
}

#[test]
fn blank_rules_hold_and_blank_reasons_are_none() {
    let config = json!({"riskLevelRules": [
        {"rule": " ", "score": 1, "reason": ""}, {"rule": "true", "score": 1, "reason": "missing"},
    ]});
    let (score, errors) = score(config, json!({}));
    assert_eq!(errors, []);
    let reasons: Vec<Value> = score
        .unwrap()
        .fired
        .into_iter()
        .map(|rule| rule.reason)
        .collect();
    assert_eq!(reasons, [Value::Null, Value::Null]);
}

#[test]
fn a_score_is_written_into_the_event() {
    let (triage, findings) = triage(json!({"riskLevelRules": [
        {"rule": "a == 2", "score": 50},
        {"rule": "a == 1", "score": 7, "name": "n", "comment": "c", "reason": "a"},
        {"rule": "a == 1", "score": 70, "name": "same text"},
    ]}));
    assert_eq!(findings.problems, []);
    assert_eq!(
        findings.warnings[0].path,
        "/triageConfig/riskLevelRules/2/rule"
    );
    let mut event = event(&json!({"a": 1}));
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, 0, &mut remote);
    let score = triage.score(&event, &event, &mut context, &mut Vec::new());
    triage.write(score.unwrap().unwrap(), &mut event);
    assert_eq!(
        event.to_json(),
        concat!(
            r#"{"a":1,"threat.triage.rules.0.name":"n","threat.triage.rules.0.comment":"c","#,
            r#""threat.triage.rules.0.score":7,"threat.triage.rules.0.reason":"1","#,
            r#""threat.triage.score":7.0}"#
        )
    );
}

#[test]
fn what_cannot_be_read_is_named_with_its_place() {
    let (_, findings) = triage(json!({"riskLevelRules": [
        {"rule": "a ==", "score": "1 +", "reason": "(2"}, {"rule": "true", "score": ""},
    ]}));
    let paths: Vec<&str> = findings.problems.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/triageConfig/riskLevelRules/0/rule",
            "/triageConfig/riskLevelRules/0/score",
            "/triageConfig/riskLevelRules/0/reason",
            "/triageConfig/riskLevelRules/1/score",
        ]
    );
}
