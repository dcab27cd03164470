//! Which version of a model is called when a call names none, and which versions are tried out beside it.
//!
//! The document lives in the state tree (`<state root>/routing/<model name>`), where upstream's programs never look: to
//! them the newest version stays the one that is called.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{MaasError, UnreadableNode, check_model_version, lenient};

/// Most versions of one model that a document may speak of.
const MAX_VERSIONS: usize = 100;
/// Longest document that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// From 0 to 100 percent, in steps of a tenth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent {
    tenths: u16,
}

impl Percent {
    const HUNDRED: u32 = 1000;

    /// Reads a number such as `10` or `0.5`.
    ///
    /// # Errors
    /// When it is no number from 0 to 100 with at most one decimal. The text says so.
    pub fn parse(text: &str) -> Result<Percent, String> {
        let wrong = || {
            format!("a share must be a number from 0 to 100 with at most one decimal, not {text:?}")
        };
        let (whole, tenth) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        let are_digits = |part: &str, longest: usize| {
            (1..=longest).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !are_digits(whole, 3) || !are_digits(tenth, 1) {
            return Err(wrong());
        }
        let whole: u16 = whole.parse().map_err(|_| wrong())?;
        let tenth: u16 = tenth.parse().map_err(|_| wrong())?;
        let tenths = whole * 10 + tenth;
        if u32::from(tenths) > Percent::HUNDRED {
            return Err(wrong());
        }
        Ok(Percent { tenths })
    }

    /// The share in thousandths of the whole, 0 to 1000.
    pub fn tenths(self) -> u16 {
        self.tenths
    }

    fn read(value: &Value) -> Result<Percent, String> {
        match value {
            Value::Number(number) => Percent::parse(&number.to_string()),
            Value::String(text) => Percent::parse(text),
            _ => Err("a share must be a number from 0 to 100".to_owned()),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tenths / 10, self.tenths % 10) {
            (whole, 0) => write!(formatter, "{whole}"),
            (whole, tenth) => write!(formatter, "{whole}.{tenth}"),
        }
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.tenths.is_multiple_of(10) {
            return serializer.serialize_u16(self.tenths / 10);
        }
        serializer.serialize_f64(f64::from(self.tenths) / 10.0)
    }
}

/// What one version of a model gets of the calls that name no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Share {
    /// The share of the calls that it answers. Nothing: it may be the default version, which answers what is left over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Percent>,
    /// The share of the calls that are sent to it as well, only to count and to compare its answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Percent>,
}

impl Share {
    /// Whether nothing is said at all.
    pub fn is_empty(&self) -> bool {
        *self == Share::default()
    }
}

/// The shares of a model's versions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Routing {
    versions: BTreeMap<String, Share>,
}

impl Routing {
    /// Whether every call goes where it would go without this document.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// The shares by version, in the order of their texts.
    pub fn versions(&self) -> &BTreeMap<String, Share> {
        &self.versions
    }

    /// The share of a version; an empty one where nothing is said.
    pub fn share(&self, version: &str) -> Share {
        self.versions.get(version).copied().unwrap_or_default()
    }

    /// The same with another share of one version; an empty share takes the version out.
    ///
    /// # Errors
    /// When the version cannot be one, there are too many of them, or the weights are more than 100 percent together.
    pub fn with(&self, version: &str, share: Share) -> Result<Routing, MaasError> {
        check_model_version(version)?;
        let mut changed = self.clone();
        if share.is_empty() {
            changed.versions.remove(version);
        } else {
            changed.versions.insert(version.to_owned(), share);
        }
        changed.check().map_err(MaasError::BadRequest)?;
        Ok(changed)
    }

    fn check(&self) -> Result<(), String> {
        if self.versions.len() > MAX_VERSIONS {
            return Err(format!(
                "it speaks of more than {MAX_VERSIONS} versions of one model"
            ));
        }
        let weights = self
            .versions
            .iter()
            .filter_map(|(version, share)| Some((version, share.weight?)));
        let total: u32 = weights
            .clone()
            .map(|(_, weight)| u32::from(weight.tenths))
            .sum();
        if total <= Percent::HUNDRED {
            return Ok(());
        }
        let named: Vec<String> = weights
            .map(|(version, weight)| format!("{version}: {weight}"))
            .collect();
        Err(format!(
            "the weights of a model may be 100 percent together, and these are {} ({}); lower one of them first",
            f64::from(total) / 10.0,
            named.join(", ")
        ))
    }

    /// The node's bytes.
    ///
    /// # Errors
    /// None in practice: every field can be written.
    pub fn write(&self) -> Result<Vec<u8>, MaasError> {
        serde_json::to_vec(self).map_err(|error| MaasError::malformed("the routing", error))
    }

    /// Reads a node; an empty one says nothing. Unknown fields are ignored.
    ///
    /// # Errors
    /// When it is not what [`Routing::write`] gives, is too large, or gives more than 100 percent away.
    pub fn read(node: &[u8]) -> Result<Routing, MaasError> {
        Self::read_fields(node).map_err(|reason| MaasError::malformed("the routing", reason))
    }

    fn read_fields(node: &[u8]) -> Result<Routing, String> {
        if node.is_empty() {
            return Ok(Routing::default());
        }
        if node.len() > MAX_BYTES {
            return Err(format!("it is longer than {MAX_BYTES} bytes"));
        }
        let json = lenient::first_value(node)?;
        let versions = match json.as_object().map(|fields| fields.get("versions")) {
            Some(Some(Value::Object(versions))) => versions,
            Some(None | Some(Value::Null)) => return Ok(Routing::default()),
            Some(Some(_)) => return Err("\"versions\" must be an object".to_owned()),
            None => return Err("it must be a JSON object".to_owned()),
        };
        let mut routing = Routing::default();
        for (version, fields) in versions {
            check_model_version(version).map_err(|error| error.to_string())?;
            if !fields.is_object() {
                return Err(format!(
                    "what is said of version {version} must be an object"
                ));
            }
            let percent = |field: &str| match fields.get(field) {
                None | Some(Value::Null) => Ok(None),
                Some(value) => Percent::read(value)
                    .map(Some)
                    .map_err(|reason| format!("\"{field}\" of version {version}: {reason}")),
            };
            let share = Share {
                weight: percent("weight")?,
                shadow: percent("shadow")?,
            };
            if !share.is_empty() {
                routing.versions.insert(version.clone(), share);
            }
        }
        routing.check()?;
        Ok(routing)
    }
}

/// The routing of every model.
#[derive(Debug, Clone, Default)]
pub struct Routings {
    pub models: BTreeMap<String, Routing>,
    /// Nodes that cannot be read, by the model's name.
    pub unreadable: BTreeMap<String, UnreadableNode>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(text: &str) -> Percent {
        Percent::parse(text).unwrap()
    }

    fn canary() -> Routing {
        let weight = |weight| Share {
            weight: Some(percent(weight)),
            shadow: None,
        };
        let shadow = Share {
            weight: None,
            shadow: Some(percent("5")),
        };
        let routing = Routing::default().with("1.1", weight("10")).unwrap();
        let routing = routing.with("1.2", weight("0.5")).unwrap();
        routing.with("2.0", shadow).unwrap()
    }

    #[test]
    fn the_node_keeps_its_form() {
        let golden = include_bytes!("../tests/data/routing.json");
        let written = canary().write().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&written),
            String::from_utf8_lossy(golden)
        );
        assert_eq!(Routing::read(golden).unwrap(), canary());
    }

    #[test]
    fn percents_have_one_decimal_at_most() {
        for (text, tenths) in [
            ("0", 0),
            ("0.1", 1),
            ("10", 100),
            (" 99.9 ", 999),
            ("100.0", 1000),
        ] {
            assert_eq!(percent(text).tenths(), tenths, "{text}");
        }
        assert_eq!(
            percent("12.50".strip_suffix('0').unwrap()).to_string(),
            "12.5"
        );
        assert_eq!(percent("7.0").to_string(), "7");
        for bad in [
            "",
            "-1",
            "100.1",
            "101",
            "1.25",
            ".5",
            "5.",
            "1e1",
            "٣",
            "none",
            "99999999999",
        ] {
            assert!(Percent::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_weights_are_a_hundred_together_at_most() {
        let ninety = Share {
            weight: Some(percent("90")),
            shadow: Some(percent("100")),
        };
        let refused = canary().with("1.0", ninety).unwrap_err().to_string();
        assert!(
            refused.contains("100.5 (1.0: 90, 1.1: 10, 1.2: 0.5)"),
            "{refused}"
        );
        let without = canary().with("1.2", Share::default()).unwrap();
        assert_eq!(without.with("1.0", ninety).unwrap().share("1.0"), ninety);
        assert!(canary().with("a\nb", ninety).is_err());
    }

    #[test]
    fn reading_is_lenient_where_it_is_harmless() {
        let node = br#"{"versions":{"1":{"weight":"10","later":1},"2":{"weight":null},"3":{"shadow":5.0}},"x":0} "#;
        let routing = Routing::read(node).unwrap();
        assert_eq!(routing.share("1").weight, Some(percent("10")));
        assert_eq!(routing.share("3").shadow, Some(percent("5")));
        assert!(!routing.versions().contains_key("2"));
        for nothing in ["", "{}", r#"{"versions":null}"#] {
            assert!(
                Routing::read(nothing.as_bytes()).unwrap().is_empty(),
                "{nothing}"
            );
        }
    }

    #[test]
    fn what_is_no_routing_is_refused() {
        let many: Vec<String> = (0..=MAX_VERSIONS)
            .map(|version| format!("\"{version}\":{{\"weight\":0}}"))
            .collect();
        let many = format!("{{\"versions\":{{{}}}}}", many.join(","));
        let long = format!("{{\"x\":\"{}\"}}", "x".repeat(MAX_BYTES));
        for bad in [
            "{",
            "[]",
            "7",
            r#"{"versions":[]}"#,
            r#"{"versions":{"1":10}}"#,
            r#"{"versions":{"1":{"weight":101}}}"#,
            r#"{"versions":{"1":{"weight":-1}}}"#,
            r#"{"versions":{"1":{"weight":true}}}"#,
            r#"{"versions":{"1":{"weight":60},"2":{"weight":60}}}"#,
            r#"{"versions":{"":{"weight":60}}}"#,
            &many,
            &long,
        ] {
            assert!(Routing::read(bad.as_bytes()).is_err(), "{bad:.80}");
        }
    }
}
