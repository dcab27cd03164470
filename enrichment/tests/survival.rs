//! Whatever the message and the configuration are: nothing panics, and the message survives.

use alidade_enrichment::{
    EnrichOutcome, Enricher, EnrichmentSettings, MemoryStore, SensorEnrichmentConfig,
};
use alidade_event::{Event, NumberStyle, Value};
use alidade_stellar::{Context, Library, NoRemote};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::sync::Arc;

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,12}".prop_map(Json::from),
        Just(json!("true")),
        Just(json!("")),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec(("[a-c]{1,2}", inner), 0..4)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

fn any_message() -> impl Strategy<Value = serde_json::Map<String, Json>> {
    let name = prop_oneof![
        4 => "[a-f]",
        1 => Just("is_alert".to_owned()),
        1 => Just("source.type".to_owned()),
        1 => Just("threatintels.x".to_owned()),
        1 => ".{0,6}",
    ];
    prop::collection::vec((name, any_json()), 0..10).prop_map(|fields| fields.into_iter().collect())
}

/// Expressions, most of which can be read, some of which can be evaluated.
fn any_expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-f]",
        "[0-9]{1,4}",
        Just("-1.5".to_owned()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("'text'".to_owned()),
        Just("[]".to_owned()),
        Just("{'k': a}".to_owned()),
        Just("_".to_owned()),
        ".{0,8}",
    ];
    leaf.prop_recursive(3, 16, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            (two.clone(), "( / | \\* | \\+ | == | < | and | or | in )")
                .prop_map(|((left, right), operator)| format!("{left}{operator}{right}")),
            two.clone()
                .prop_map(|(left, right)| format!("if {left} then {right} else 1")),
            inner
                .clone()
                .prop_map(|argument| format!("TO_UPPER({argument})")),
            inner
                .clone()
                .prop_map(|argument| format!("exists({argument})")),
            inner.prop_map(|argument| format!("not({argument})")),
        ]
    })
}

fn any_config() -> impl Strategy<Value = Json> {
    let rule = (
        any_expression(),
        prop_oneof![
            any::<i32>().prop_map(Json::from),
            any_expression().prop_map(Json::from)
        ],
        any_expression(),
    )
        .prop_map(|(rule, score, reason)| json!({"rule": rule, "score": score, "reason": reason}));
    let rules = prop::collection::vec(rule, 0..4);
    let aggregator = prop::sample::select(vec!["MAX", "MIN", "SUM", "MEAN", "POSITIVE_MEAN"]);
    let statements = prop::collection::vec(any_expression(), 0..3);
    (statements, rules, aggregator, any::<bool>()).prop_map(
        |(statements, rules, aggregator, broken)| {
            let statements: Vec<String> = statements
                .iter()
                .enumerate()
                .map(|(at, expression)| format!("out{at} := {expression}"))
                .collect();
            let mut adapters = json!({
                "stellar": {"config": {"group": statements, "single": "a"}},
                "host": ["a", "b"],
                "hbaseEnrichment": ["c"],
            });
            if broken {
                adapters["nosuchadapter"] = json!(["a"]);
            }
            json!({
                "enrichment": {"fieldMap": adapters, "fieldToTypeMap": {"c": ["kind"]}},
                "threatIntel": {
                    "fieldMap": {"stellar": {"config": statements}},
                    "triageConfig": {"riskLevelRules": rules, "aggregator": aggregator},
                },
                "configuration": {"f": [1, 2]},
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_message_survives(message in any_message(), config in any_config()) {
        let config: SensorEnrichmentConfig = serde_json::from_value(config).unwrap();
        let settings = EnrichmentSettings {
            store: Some(Arc::new(MemoryStore::new())),
            ..EnrichmentSettings::default()
        };
        let library = Library::metron();
        let (enricher, problems) =
            Enricher::compile_what_works("squid", &config, &settings, &library);
        let strict = Enricher::compile("squid", &config, &settings, &library);
        prop_assert_eq!(strict.is_err(), !problems.is_empty());
        let read = |json: &Json| Value::from_serde(json, NumberStyle::Simple);
        let before: Event =
            message.iter().map(|(name, value)| (name.as_str().into(), read(value))).collect();
        let mut event = before.clone();
        let mut errors = Vec::new();
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 1_571_163_620_277, &mut remote);
        let outcome = enricher.enrich(&mut event, &mut context, &mut errors);
        prop_assert_eq!(outcome, EnrichOutcome::Done);
        for (name, value) in before.iter() {
            let is_empty = value.is_null() || value.as_str() == Some("");
            if is_empty || name == "is_alert" {
                continue;
            }
            prop_assert_eq!(event.get(name), Some(value), "{}", name);
        }
        for error in &errors {
            prop_assert!(error.cause.as_ref().is_some_and(|cause| !cause.is_empty()));
        }
        prop_assert!(Event::read_json(event.to_json().as_bytes(), NumberStyle::Simple).is_ok());
    }
}
