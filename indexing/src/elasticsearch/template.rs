//! Index templates: the form that upstream's documentation gives, made fit for the server that is there.

use bytes::Bytes;
use elasticsearch::http::Method;
use serde_json::{Map, Value};

use super::hosts::{Hosts, JSON};
use super::server;
use crate::{ElasticsearchGlobal, IndexingError};

const STORE: &str = "Elasticsearch";

/// Installs a template under a name, such as `squid_index`.
///
/// The body may be of either form: upstream's, with a type level `<sensor>_doc` and the key `template`, or the current
/// one. It is converted to what the server wants.
///
/// # Errors
/// When the body is not a template, or the server cannot be reached or refuses it.
pub async fn install_template(
    settings: &ElasticsearchGlobal,
    name: &str,
    body: &[u8],
) -> Result<(), IndexingError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if name.is_empty() || !name.bytes().all(is_plain) {
        return Err(refused(format!(
            "`{name}` is no name for a template: use letters, digits, _ - ."
        )));
    }
    let template: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| refused(format!("the template {name} is not a JSON object: {error}")))?;
    let mut hosts = Hosts::new(settings).await?;
    let server = server::detect(&mut hosts)
        .await
        .map_err(|cause| refused(cause.message.to_string()))?;
    let template = if server.is_typed {
        with_type(template, name)
    } else {
        without_type(template)
    };
    let body = Bytes::from(Value::Object(template).to_string());
    let path = format!("/_template/{name}");
    let answer = hosts
        .send(Method::Put, &path, JSON, Some(body))
        .await
        .map_err(|failure| refused(failure.into_cause().message.to_string()))?;
    if answer.status != 200 {
        let text = String::from_utf8_lossy(&answer.body);
        return Err(refused(format!(
            "the template {name} is refused with status {}: {text}",
            answer.status
        )));
    }
    Ok(())
}

/// The form of version 7 and later: no type level, `index_patterns` instead of `template`.
pub(super) fn without_type(mut template: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(mappings)) = template.get_mut("mappings")
        && let Some(inner) = type_level(mappings)
    {
        *mappings = inner;
    }
    if !template.contains_key("index_patterns")
        && let Some(pattern) = template.remove("template")
    {
        let patterns = match pattern {
            Value::Array(patterns) => Value::Array(patterns),
            other => Value::Array(vec![other]),
        };
        template.insert("index_patterns".to_owned(), patterns);
    }
    template
}

/// The form of version 5 and 6: a type level, named `<sensor>_doc` for a template named `<sensor>_index`.
pub(super) fn with_type(mut template: Map<String, Value>, name: &str) -> Map<String, Value> {
    let sensor = name.strip_suffix("_index").unwrap_or(name);
    if let Some(Value::Object(mappings)) = template.get_mut("mappings")
        && type_level(mappings).is_none()
        && !mappings.is_empty()
    {
        let inner = std::mem::take(mappings);
        mappings.insert(
            super::document_type(sensor).to_string(),
            Value::Object(inner),
        );
    }
    template
}

/// What stands below the type level, if there is one: a single key that ends in `_doc`.
fn type_level(mappings: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut entries = mappings.iter();
    match (entries.next(), entries.next()) {
        (Some((name, Value::Object(inner))), None) if name.ends_with("_doc") => Some(inner.clone()),
        _ => None,
    }
}

fn refused(message: String) -> IndexingError {
    IndexingError::Store {
        store: STORE,
        message,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("{other} is an object"),
        }
    }

    #[test]
    fn both_forms_become_what_the_server_wants() {
        let typed = json!({"template": "squid_index*", "mappings": {"squid_doc": {"properties": {"a": {"type": "ip"}}}}});
        let untyped = json!({"index_patterns": ["squid_index*"], "mappings": {"properties": {"a": {"type": "ip"}}}});
        assert_eq!(Value::Object(without_type(object(typed.clone()))), untyped);
        assert_eq!(
            Value::Object(without_type(object(untyped.clone()))),
            untyped
        );
        assert_eq!(
            Value::Object(with_type(object(typed.clone()), "squid_index")),
            typed
        );
        assert_eq!(
            Value::Object(with_type(object(untyped), "squid_index")),
            json!({"index_patterns": ["squid_index*"], "mappings": {"squid_doc": {"properties": {"a": {"type": "ip"}}}}})
        );
    }

    #[test]
    fn a_mapping_that_has_no_type_level_is_left_alone() {
        let template = json!({"index_patterns": ["x*"], "mappings": {"properties": {"my_doc": {"type": "text"}}}});
        assert_eq!(
            Value::Object(without_type(object(template.clone()))),
            template
        );
        let bare = json!({"template": ["a", "b"]});
        assert_eq!(
            Value::Object(without_type(object(bare))),
            json!({"index_patterns": ["a", "b"]})
        );
    }
}
