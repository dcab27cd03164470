use std::fmt;

use alidade_event::{NumberStyle, Value};
use alidade_stellar::conversion;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};

use crate::Aggregator;
use crate::text::{null_as_default, optional_scalar_text, scalar_text};

/// The `triageConfig` of a sensor, as it is written in the document.
///
/// Upstream: `ThreatTriageConfig.java`. Unknown keys are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ThreatTriageConfig {
    pub risk_level_rules: Vec<RiskLevelRule>,
    pub aggregator: Aggregator,
    /// Known key: `negativeValuesTrump`.
    #[serde(deserialize_with = "null_as_default")]
    pub aggregation_config: serde_json::Map<String, serde_json::Value>,
}

impl ThreatTriageConfig {
    /// Whether one negative score makes the whole score negative infinity. True unless switched off by something that
    /// reads as false; what cannot be read counts as true, as upstream has it.
    pub fn negative_values_trump(&self) -> bool {
        self.aggregation_config
            .get("negativeValuesTrump")
            .map(|written| Value::from_serde(written, NumberStyle::Jackson))
            .and_then(|written| conversion::to_bool(&written))
            .unwrap_or(true)
    }
}

/// One rule: an alert for which `rule` holds gets `score`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskLevelRule {
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "optional_scalar_text"
    )]
    pub name: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "optional_scalar_text"
    )]
    pub comment: Option<String>,
    /// A Stellar condition. A blank one always holds.
    #[serde(deserialize_with = "scalar_text")]
    pub rule: String,
    pub score: RuleScore,
    /// A Stellar expression whose value, as text, tells why the rule fired.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "optional_scalar_text"
    )]
    pub reason: Option<String>,
}

/// The score of a rule: a number, or a Stellar expression that gives one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RuleScore {
    Number(serde_json::Number),
    Expression(String),
}

impl<'de> Deserialize<'de> for RuleScore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScoreVisitor)
    }
}

struct ScoreVisitor;

impl Visitor<'_> for ScoreVisitor {
    type Value = RuleScore;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number, or a Stellar expression as a string, for `score`")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<RuleScore, E> {
        Ok(RuleScore::Number(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<RuleScore, E> {
        Ok(RuleScore::Number(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<RuleScore, E> {
        serde_json::Number::from_f64(number)
            .map(RuleScore::Number)
            .ok_or_else(|| E::custom("a score must be a finite number"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RuleScore, E> {
        Ok(RuleScore::Expression(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(document: serde_json::Value) -> Result<ThreatTriageConfig, serde_json::Error> {
        serde_json::from_value(document)
    }

    #[test]
    fn an_empty_object_is_max_without_rules() {
        let config = read(json!({})).unwrap();
        assert_eq!(config, ThreatTriageConfig::default());
        assert_eq!(config.aggregator, Aggregator::Max);
        assert!(config.negative_values_trump());
    }

    #[test]
    fn a_score_is_a_number_or_an_expression() {
        let config = read(json!({"riskLevelRules": [
            {"rule": "a", "score": 100}, {"rule": "b", "score": 1.5}, {"rule": "c", "score": "x * 2"},
        ]}))
        .unwrap();
        let scores: Vec<&RuleScore> = config.risk_level_rules.iter().map(|r| &r.score).collect();
        assert_eq!(scores[0], &RuleScore::Number(100.into()));
        assert!(matches!(scores[1], RuleScore::Number(n) if n.as_f64() == Some(1.5)));
        assert_eq!(scores[2], &RuleScore::Expression("x * 2".to_owned()));
        let again = read(serde_json::to_value(&config).unwrap()).unwrap();
        assert_eq!(again, config);
    }

    #[test]
    fn what_upstream_refuses_is_refused() {
        for (document, word) in [
            (json!({"riskLevelRules": [{"score": 5}]}), "rule"),
            (
                json!({"riskLevelRules": [{"rule": null, "score": 5}]}),
                "text",
            ),
            (json!({"riskLevelRules": [{"rule": "a"}]}), "score"),
            (
                json!({"riskLevelRules": [{"rule": "a", "score": null}]}),
                "score",
            ),
            (
                json!({"riskLevelRules": [{"rule": "a", "score": true}]}),
                "score",
            ),
            (
                json!({"riskLevelRules": [{"rule": "a", "score": [1]}]}),
                "score",
            ),
            (
                json!({"riskLevelRules": [{"rule": "a", "score": 1, "comments": "x"}]}),
                "comments",
            ),
            (json!({"riskLevelRules": null}), "null"),
            (json!({"aggregator": "max"}), "max"),
            (json!({"aggregator": null}), "null"),
            (json!({"rules": []}), "rules"),
        ] {
            let error = read(document.clone()).expect_err("refused").to_string();
            assert!(error.contains(word), "{document}: {error}");
        }
    }

    #[test]
    fn scalars_are_read_as_text() {
        let config =
            read(json!({"riskLevelRules": [{"name": 1, "comment": null, "rule": 5, "score": 1}]}))
                .unwrap();
        assert_eq!(config.risk_level_rules[0].name.as_deref(), Some("1"));
        assert_eq!(config.risk_level_rules[0].comment, None);
        assert_eq!(config.risk_level_rules[0].rule, "5");
    }

    #[test]
    fn negatives_trump_unless_that_is_clearly_switched_off() {
        for (written, trump) in [
            (json!(false), false),
            (json!("false"), false),
            (json!("no"), false),
            (json!(0), false),
            (json!(true), true),
            (json!("bogus"), true),
            (json!(null), true),
        ] {
            let config =
                read(json!({"aggregationConfig": {"negativeValuesTrump": written}})).unwrap();
            assert_eq!(config.negative_values_trump(), trump, "{written}");
        }
    }
}
