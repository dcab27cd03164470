//! The key of an answer, built into a buffer that is used again and again.

use std::borrow::Cow;

use alidade_event::{Map, Str, Value};

use crate::endpoints::ModelVersion;

/// How arguments reach the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a query, in which everything is text.
    Query,
    /// As JSON, in which 5 and "5" differ.
    Json,
}

/// Whom a call is addressed to, as far as the answer depends on it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Addressee<'a> {
    /// Any instance of a registered model.
    Model(&'a ModelVersion),
    /// A map that did not come from the registry: the address counts too.
    Other {
        url: &'a str,
        name: &'a str,
        version: &'a str,
    },
}

/// Writes the key of a call. Equal calls have equal keys, whatever the order of their arguments, and whichever instance
/// of a model they were drawn to.
pub(crate) fn write_key(
    key: &mut Vec<u8>,
    addressee: Addressee<'_>,
    path: &str,
    arguments: Option<&Map>,
    form: Form,
) {
    key.clear();
    match addressee {
        Addressee::Model(model) => {
            key.push(b'm');
            push_text(key, &model.name);
            push_text(key, &model.version);
        }
        Addressee::Other { url, name, version } => {
            key.push(b'o');
            push_text(key, name);
            push_text(key, version);
            push_text(key, url);
        }
    }
    push_text(key, path);
    let Some(arguments) = arguments else {
        return;
    };
    if arguments.len() == 1 {
        for (name, value) in arguments.iter() {
            push_argument(key, &text_of(name), value, form);
        }
        return;
    }
    for (name, value) in sorted_arguments(arguments) {
        push_argument(key, &name, value, form);
    }
}

/// The arguments by name: the order in which they were put into the map means nothing.
pub(crate) fn sorted_arguments(arguments: &Map) -> Vec<(Cow<'_, str>, &Value)> {
    let mut sorted: Vec<(Cow<'_, str>, &Value)> = arguments
        .iter()
        .map(|(name, value)| (text_of(name), value))
        .collect();
    sorted.sort_by(|(left, _), (right, _)| left.cmp(right));
    sorted
}

fn push_argument(key: &mut Vec<u8>, name: &str, value: &Value, form: Form) {
    push_text(key, name);
    if value.is_null() {
        key.push(b'n');
        return;
    }
    let is_text = matches!(value, Value::Str(_));
    key.push(match form {
        Form::Json if !is_text => b'j',
        _ => b't',
    });
    push_text(key, &text_of(value));
}

/// The length first, so that no two sequences of texts run together to the same bytes.
fn push_text(key: &mut Vec<u8>, text: &str) {
    key.extend_from_slice(&(text.len() as u64).to_le_bytes());
    key.extend_from_slice(text.as_bytes());
}

/// A value as it is sent: text as it stands, numbers and truth values as Java writes them, collections as JSON.
pub(crate) fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Str(text) => Cow::Borrowed(text.as_str()),
        Value::Object(object) => Cow::Owned(object.display()),
        other => Cow::Owned(other.to_json()),
    }
}

/// The path of a call. A function given by the caller is looked up among the model's aliases, and is a path itself where
/// it is none; without one it is the alias `apply`.
pub(crate) fn path_of<'a>(endpoint: &'a Map, function: Option<&'a Str>) -> &'a str {
    let alias = function.map_or(DEFAULT_ALIAS, Str::as_str);
    declared(endpoint, alias, "").unwrap_or(alias)
}

/// The path for many calls of a function at once, if the model has said that it can do that: with an alias that is the
/// function's and `:batch`.
pub(crate) fn batch_path_of<'a>(endpoint: &'a Map, function: Option<&Str>) -> Option<&'a str> {
    let alias = function.map_or(DEFAULT_ALIAS, Str::as_str);
    declared(endpoint, alias, ":batch")
}

const DEFAULT_ALIAS: &str = "apply";

/// The path that the endpoint's map declares under an alias.
fn declared<'a>(endpoint: &'a Map, alias: &str, suffix: &str) -> Option<&'a str> {
    let path = endpoint.iter().find_map(|(key, path)| {
        let declared_alias = key.as_str()?.strip_prefix("endpoint:")?;
        let declared_alias = declared_alias.strip_suffix(suffix)?;
        (declared_alias == alias).then_some(path)
    })?;
    path.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(path: &str, arguments: &[(&str, Value)]) -> Vec<u8> {
        let map: Map = arguments
            .iter()
            .map(|(name, value)| (Value::str(name), value.clone()))
            .collect();
        let addressee = Addressee::Other {
            url: "u",
            name: "n",
            version: "1",
        };
        let mut key = Vec::new();
        write_key(&mut key, addressee, path, Some(&map), Form::Query);
        key
    }

    #[test]
    fn equal_calls_have_equal_keys_and_others_do_not() {
        let text = |text: &str| Value::str(text);
        let a_b = key_of("p", &[("a", text("1")), ("b", text("2"))]);
        assert_eq!(a_b, key_of("p", &[("b", Value::Int(2)), ("a", text("1"))]));
        assert_ne!(a_b, key_of("q", &[("a", text("1")), ("b", text("2"))]));
        assert_ne!(
            key_of("p", &[("a", text("1b"))]),
            key_of("p", &[("a1", text("b"))])
        );
        assert_ne!(
            key_of("p", &[("a", Value::Null)]),
            key_of("p", &[("a", text(""))])
        );
        assert_ne!(
            key_of("p", &[("a", Value::Null)]),
            key_of("p", &[("a", text("null"))])
        );
    }

    #[test]
    fn a_function_is_an_alias_or_a_path() {
        let map: Map = [
            (Value::str("url"), Value::str("u")),
            (Value::str("endpoint:apply"), Value::str("/types")),
            (Value::str("endpoint:other"), Value::str("echo")),
            (Value::str("endpoint:other:batch"), Value::str("echoes")),
        ]
        .into_iter()
        .collect();
        assert_eq!(path_of(&map, None), "/types");
        assert_eq!(path_of(&map, Some(&Str::new("other"))), "echo");
        assert_eq!(path_of(&map, Some(&Str::new("/v2/x"))), "/v2/x");
        assert_eq!(path_of(&Map::new(), None), "apply");
        assert_eq!(
            batch_path_of(&map, Some(&Str::new("other"))),
            Some("echoes")
        );
        assert_eq!(batch_path_of(&map, None), None);
    }
}
