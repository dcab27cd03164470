//! The shape of the profiler document. Nothing here runs profiles; the shape is checked so that a misspelled field is
//! found where upstream finds it, when the document is pushed.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProfilerConfig {
    #[serde(default, rename = "timestampField")]
    _timestamp_field: Option<String>,
    #[serde(default, rename = "profiles")]
    _profiles: Vec<Profile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    #[serde(rename = "profile")]
    _profile: String,
    #[serde(rename = "foreach")]
    _foreach: String,
    #[serde(default, rename = "onlyif")]
    _onlyif: Option<String>,
    #[serde(default, rename = "init")]
    _init: BTreeMap<String, Expression>,
    #[serde(default, rename = "update")]
    _update: BTreeMap<String, Expression>,
    #[serde(default, rename = "groupBy")]
    _group_by: Vec<String>,
    #[serde(rename = "result")]
    _result: ProfileResult,
    #[serde(default, rename = "expires")]
    _expires: Option<serde_json::Number>,
}

/// A Stellar text; a number is taken as its text.
#[derive(Debug)]
struct Expression;

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Array(_) | Value::Object(_) => Err(serde::de::Error::custom(
                "an expression must be a string or a number",
            )),
            _ => Ok(Expression),
        }
    }
}

/// An expression, or one for the profile and some for triage.
#[derive(Debug)]
struct ProfileResult;

impl<'de> Deserialize<'de> for ProfileResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let Value::Object(members) = value else {
            return match value {
                Value::String(_) | Value::Number(_) => Ok(ProfileResult),
                _ => Err(serde::de::Error::custom(
                    "`result` must be an expression or an object with `profile` and `triage`",
                )),
            };
        };
        let unknown = members
            .keys()
            .find(|key| !["profile", "triage"].contains(&key.as_str()));
        match unknown {
            Some(key) => Err(serde::de::Error::unknown_field(key, &["profile", "triage"])),
            None => Ok(ProfileResult),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_shapes_pass_and_bad_ones_do_not() {
        let good = [
            "{}",
            r#"{"timestampField":"ts","profiles":[{"profile":"p","foreach":"ip","onlyif":"true","init":{"n":0},
                "update":{"n":"n+1"},"groupBy":["DAY_OF_WEEK()"],"result":"n","expires":30}]}"#,
            r#"{"profiles":[{"profile":"p","foreach":"'x'","result":{"profile":"n","triage":{"mean":"m"}}}]}"#,
        ];
        for text in good {
            serde_json::from_str::<ProfilerConfig>(text).unwrap();
        }
        let bad = [
            r#"{"profilez":[]}"#,
            r#"{"profiles":[{"profile":"p","foreach":"x"}]}"#,
            r#"{"profiles":[{"profile":"p","foreach":"x","result":"n","onlyIf":"true"}]}"#,
            r#"{"profiles":[{"profile":"p","foreach":"x","result":{"profiel":"n"}}]}"#,
            r#"{"profiles":[{"profile":"p","foreach":"x","result":"n","init":{"a":[]}}]}"#,
        ];
        for text in bad {
            assert!(
                serde_json::from_str::<ProfilerConfig>(text).is_err(),
                "{text}"
            );
        }
    }
}
