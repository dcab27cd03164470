//! Cases that upstream's own code has answered.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use alidade_enrichment::offline::enrich_case;
use alidade_enrichment::{SensorEnrichmentConfig, ThreatTriageConfig};
use serde_json::{Value, json};

use common::{differences, matches};

const CASES: &str = include_str!("data/enrich.jsonl");
const KEPT: &str = include_str!("data/kept_messages.json");
const KNOWN_DIFFERENCES: &str = include_str!("data/known_differences.txt");

const TIMING_FIELDS: [&str; 4] = [
    "parallelenricher.splitter.begin.ts",
    "parallelenricher.splitter.end.ts",
    "parallelenricher.enrich.begin.ts",
    "parallelenricher.enrich.end.ts",
];

#[test]
fn cases_agree_with_upstream_or_are_known_to_differ() {
    let kept: BTreeMap<String, Value> = serde_json::from_str(KEPT).unwrap();
    let known: BTreeSet<&str> = KNOWN_DIFFERENCES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let mut failures = BTreeMap::new();
    let mut count = 0;
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap().to_owned();
        let found = check(&case, kept.get(&id));
        count += 1;
        if !found.is_empty() {
            failures.insert(id, found);
        }
    }
    assert_eq!(count, 243);
    let mut report = String::new();
    for (id, found) in &failures {
        if !known.contains(id.as_str()) {
            report.push_str(&format!("{id}:\n  {}\n", found.join("\n  ")));
        }
    }
    for id in known.iter().filter(|id| !failures.contains_key(**id)) {
        report.push_str(&format!(
            "{id} is listed as a known difference but agrees\n"
        ));
    }
    assert!(report.is_empty(), "\n{report}");
}

/// What is wrong with our answer to one case.
fn check(case: &Value, kept: Option<&Value>) -> Vec<String> {
    let answer = enrich_case(&case["input"]);
    let expected = &case["expected"];
    if expected.get("config_error").is_some() {
        let refused = answer.get("config_error").is_some();
        return if refused {
            Vec::new()
        } else {
            vec![format!("not refused: {answer}")]
        };
    }
    let message = match kept {
        None => expected["message"].clone(),
        Some(kept) => kept_message(&case["input"]["message"], kept),
    };
    let (message, ours) = with_evaluated_scores(message, &answer["message"]);
    let mut found = differences(&message, &ours);
    found.extend(aggregate_again(
        &case["input"]["config"],
        &answer["message"],
    ));
    found.extend(compare_errors(expected, &answer));
    found
}

/// The message that upstream loses and we keep.
fn kept_message(input: &Value, kept: &Value) -> Value {
    let mut message = input.as_object().unwrap().clone();
    for field in kept["removed"].as_array().unwrap() {
        assert!(message.remove(field.as_str().unwrap()).is_some(), "{kept}");
    }
    for (field, value) in kept["added"].as_object().unwrap() {
        message.insert(field.clone(), value.clone());
    }
    for field in TIMING_FIELDS {
        message.insert(field.to_owned(), json!("<ts>"));
    }
    Value::Object(message)
}

/// Upstream writes a rule's score as the text of its expression, we write the number. Where the text is a plain number it
/// must be the same number; where it is an expression, ours must be a number (and `aggregate_again` looks at its value).
fn with_evaluated_scores(mut expected: Value, ours: &Value) -> (Value, Value) {
    let mut ours = ours.clone();
    let is_rule_score =
        |key: &str| key.starts_with("threat.triage.rules.") && key.ends_with(".score");
    for (key, value) in expected.as_object_mut().into_iter().flatten() {
        let (Some(text), Some(found)) = (value.as_str(), ours.get_mut(key)) else {
            continue;
        };
        if !is_rule_score(key) || !(found.is_number() || found.is_null()) {
            continue;
        }
        match text.parse::<f64>() {
            Ok(number) => {
                *value = json!(number);
                *found = json!(found.as_f64());
            }
            Err(_) => *value = found.clone(),
        }
    }
    (expected, ours)
}

/// The rule scores as written must give the overall score as written.
fn aggregate_again(config: &Value, message: &Value) -> Option<String> {
    let total = message.get("threat.triage.score")?;
    let config: SensorEnrichmentConfig = serde_json::from_value(config.clone()).ok()?;
    let triage: ThreatTriageConfig = config.threat_intel.triage_config?;
    let mut scores = Vec::new();
    while let Some(score) = message.get(format!("threat.triage.rules.{}.score", scores.len())) {
        // Infinity is written as null; then there is nothing to compare with.
        scores.push(score.as_f64()?);
    }
    // Scores that a message brought along are not rules of ours.
    scores.truncate(triage.risk_level_rules.len());
    let again = triage
        .aggregator
        .aggregate(&scores, triage.negative_values_trump());
    let agrees = match total.as_f64() {
        Some(total) => total == again,
        None => !again.is_finite(),
    };
    (!agrees).then(|| format!("the rules' scores {scores:?} give {again}, not {total}"))
}

fn compare_errors(expected: &Value, answer: &Value) -> Vec<String> {
    let none = Vec::new();
    let wanted = expected["errors"].as_array().unwrap_or(&none);
    let found = answer["errors"].as_array().unwrap_or(&none);
    if wanted.len() != found.len() {
        return vec![format!("expected {} errors, found {found:?}", wanted.len())];
    }
    let mut lines = Vec::new();
    for (wanted, found) in wanted.iter().zip(found) {
        let error_type = match wanted["stage"].as_str() {
            Some("threat_intel") => "threatintel_error",
            _ => "enrichments_error",
        };
        if found["error_type"] != error_type {
            lines.push(format!(
                "expected an error of type {error_type}, found {found}"
            ));
        }
        let raw = wanted.get("raw_message");
        if raw.is_some_and(|raw| !matches(raw, &found["raw_message"])) {
            lines.push(format!("expected {wanted}, found {found}"));
        }
    }
    lines
}
