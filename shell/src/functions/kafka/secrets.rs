//! What must not be shown.

use std::sync::Arc;

use alidade_event::{Map, Value};

/// What stands in the place of a secret.
const MASK: &str = "********";

/// Parts of names of settings whose values open doors.
const TELLTALES: [&str; 10] = [
    "password",
    "passwd",
    "secret",
    "credential",
    "token",
    "jaas",
    "key.pem",
    "keystore.key",
    "private",
    "oauthbearer.config",
];

pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // Where a secret is kept may be known.
    let is_place = name.ends_with(".file") || name.ends_with(".path") || name.ends_with(".url");
    !is_place && TELLTALES.iter().any(|part| name.contains(part))
}

/// The value with every secret in it masked.
pub(super) fn masked(name: &str, value: &Value) -> Value {
    if is_secret(name) && !value.is_null() {
        return Value::str(MASK);
    }
    match value {
        Value::Map(members) => {
            let mut shown = Map::with_capacity(members.len());
            for (key, member) in members.iter() {
                let name = key.as_str().unwrap_or_default();
                shown.insert(key.clone(), masked(name, member));
            }
            Value::map(shown)
        }
        Value::List(members)
            if members
                .iter()
                .any(|m| matches!(m, Value::Map(_) | Value::List(_))) =>
        {
            Value::List(Arc::new(members.iter().map(|m| masked("", m)).collect()))
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_any_spelling_are_secret() {
        for name in [
            "sasl.password",
            "ssl.key.password",
            "ssl.keystore.password",
            "SSL.Key.PEM",
            "sasl.jaas.config",
            "sasl.oauthbearer.client.secret",
            "xpack.password",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "bootstrap.servers",
            "sasl.username",
            "group.id",
            "xpack.password.file",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn secrets_inside_are_masked_too() {
        let mut inner = Map::new();
        inner.insert_str("xpack.password", Value::str("hunter2"));
        inner.insert_str("ssl.enabled", Value::Bool(true));
        let value = Value::list(vec![Value::map(inner)]);
        let shown = masked("es.client.settings", &value).to_json();
        assert_eq!(
            shown,
            r#"[{"xpack.password":"********","ssl.enabled":true}]"#
        );
    }
}
