//! The STELLAR transformation of a parser document.

use alidade_config::Kind;
use alidade_event::{Str, Value};
use alidade_parsers::SensorParserConfig;
use alidade_stellar::{EvalError, HostCall};
use serde_json::{Map, Value as Json, json};

use super::document::{Document, member};
use crate::functions::arguments::{text, text_members, texts};
use crate::functions::body::Outcome;
use crate::table::table;

pub(super) fn print(call: &mut dyn HostCall) -> Outcome {
    let Some((_, document)) = read(call)? else {
        return Ok(Value::Null);
    };
    let mut rows = Vec::new();
    let last = transformations(&document)
        .iter()
        .rfind(|entry| is_stellar(entry));
    if let Some(Json::Object(config)) = last.and_then(|entry| entry.get("config")) {
        for (field, expression) in config {
            rows.push(vec![field.clone(), shown(expression)]);
        }
    }
    Ok(Value::str(&table(&["Field", "Transformation"], &rows)))
}

pub(super) fn add(call: &mut dyn HostCall) -> Outcome {
    let Some((config, mut document)) = read(call)? else {
        return Ok(Value::Null);
    };
    let added = text_members(call, 1)?.unwrap_or_default();
    if added.is_empty() {
        return Ok(Value::Str(config));
    }
    edit(&mut document, |expressions| {
        for (field, expression) in added {
            expressions.insert(field.to_string(), Json::from(expression.as_str()));
        }
    })?;
    Ok(document.into_text())
}

pub(super) fn remove(call: &mut dyn HostCall) -> Outcome {
    let Some((config, mut document)) = read(call)? else {
        return Ok(Value::Null);
    };
    let removed = texts(call, 1)?.unwrap_or_default();
    if removed.is_empty() {
        return Ok(Value::Str(config));
    }
    edit(&mut document, |expressions| {
        for field in &removed {
            expressions.shift_remove(field.as_str());
        }
    })?;
    if let Some(Json::Array(entries)) = document.members.get_mut("fieldTransformations") {
        entries.retain(|entry| !is_stellar(entry) || has_expressions(entry));
    }
    Ok(document.into_text())
}

fn read(call: &dyn HostCall) -> Result<Option<(Str, Document)>, EvalError> {
    let Some(config) = text(call, 0)? else {
        return Ok(None);
    };
    let document = Document::of_type::<SensorParserConfig>(Kind::Parser, config)?;
    Ok(Some((config.clone(), document)))
}

fn transformations(document: &Document) -> &[Json] {
    match document.members.get("fieldTransformations") {
        Some(Json::Array(entries)) => entries,
        _ => &[],
    }
}

/// By its name or its class.
fn is_stellar(entry: &Json) -> bool {
    let name = entry.get("transformation").and_then(Json::as_str);
    let short = name.map(|name| name.rsplit('.').next().unwrap_or(name));
    matches!(short, Some("STELLAR" | "StellarTransformation"))
}

fn has_expressions(entry: &Json) -> bool {
    let config = entry.get("config").and_then(Json::as_object);
    config.is_some_and(|config| !config.is_empty())
}

/// Changes the expressions of the last STELLAR entry, which is appended when there is none, and makes its outputs anew.
fn edit(
    document: &mut Document,
    change: impl FnOnce(&mut Map<String, Json>),
) -> Result<(), EvalError> {
    let mut path = "/fieldTransformations".to_owned();
    let entries = document.members.entry("fieldTransformations");
    let entries = entries.or_insert_with(|| json!([]));
    if entries.is_null() {
        *entries = json!([]);
    }
    let Json::Array(entries) = entries else {
        return document.unfit(&path, "is no list");
    };
    if !entries.iter().any(is_stellar) {
        entries.push(json!({"transformation": "STELLAR", "output": [], "config": {}}));
    }
    let last = entries
        .iter_mut()
        .enumerate()
        .rfind(|(_, entry)| is_stellar(entry));
    let Some((at, Json::Object(entry))) = last else {
        return document.unfit(&path, "holds something that is no object");
    };
    path.push_str(&format!("/{at}"));
    let expressions = member(Kind::Parser, entry, &mut path, "config")?;
    change(expressions);
    let outputs: Vec<Json> = expressions
        .keys()
        .map(|field| Json::from(field.as_str()))
        .collect();
    entry.insert("output".to_owned(), Json::Array(outputs));
    Ok(())
}

/// An expression as a cell of a table.
pub(super) fn shown(expression: &Json) -> String {
    match expression {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::{call, quoted};

    const SQUID: &str = r#"{
      // comments are allowed
      "parserClassName": "org.apache.metron.parsers.GrokParser",
      "fieldTransformations": [
        {"transformation": "RENAME", "config": {"a": "b"}},
        {"output": ["full_hostname"], "transformation": "STELLAR",
         "config": {"full_hostname": "URL_TO_HOST(url)"}}
      ],
      "sensorTopic": "squid"
    }"#;

    const BRO: &str = r#"{"parserClassName": "org.apache.metron.parsers.bro.BasicBroParser", "sensorTopic": "bro"}"#;

    fn add_to(config: &str, map: &str) -> String {
        call(&[&quoted(config), map], add).text()
    }

    #[test]
    fn expressions_are_added_in_their_order() {
        let text = add_to(
            SQUID,
            r#"{"domain": "DOMAIN_REMOVE_SUBDOMAINS(full_hostname)", "a": "b"}"#,
        );
        assert_eq!(
            text,
            r#"{
  "parserClassName" : "org.apache.metron.parsers.GrokParser",
  "fieldTransformations" : [ {
    "transformation" : "RENAME",
    "config" : {
      "a" : "b"
    }
  }, {
    "output" : [ "full_hostname", "domain", "a" ],
    "transformation" : "STELLAR",
    "config" : {
      "full_hostname" : "URL_TO_HOST(url)",
      "domain" : "DOMAIN_REMOVE_SUBDOMAINS(full_hostname)",
      "a" : "b"
    }
  } ],
  "sensorTopic" : "squid"
}"#
        );
        // Added again it changes nothing.
        assert_eq!(add_to(&text, r#"{"a": "b"}"#), text);
    }

    #[test]
    fn an_entry_is_made_and_goes_again() {
        let added = add_to(BRO, r#"{"upper": "TO_UPPER('foo')"}"#);
        assert!(
            added.ends_with(
                r#""fieldTransformations" : [ {
    "transformation" : "STELLAR",
    "output" : [ "upper" ],
    "config" : {
      "upper" : "TO_UPPER('foo')"
    }
  } ]
}"#
            ),
            "{added}"
        );
        let kept = call(&[&quoted(&added), r#"["lower", ""]"#], remove).text();
        assert_eq!(kept, added);
        let removed = call(&[&quoted(&added), r#"["upper", "lower"]"#], remove).text();
        assert!(
            removed.ends_with("\"fieldTransformations\" : [ ]\n}"),
            "{removed}"
        );
    }

    #[test]
    fn the_last_of_several_entries_is_edited() {
        let config = r#"{"fieldTransformations": [
            {"transformation": "STELLAR", "config": {}},
            {"transformation": "org.apache.metron.common.field.transformation.StellarTransformation", "config": {"a": "1"}}]}"#;
        let added = add_to(config, r#"{"b": "2"}"#);
        assert!(
            added.contains("\"a\" : \"1\",\n      \"b\" : \"2\""),
            "{added}"
        );
        // All entries without an expression go.
        let removed = call(&[&quoted(&added), r#"["a"]"#], remove).text();
        assert!(!removed.contains("\"STELLAR\""), "{removed}");
        assert!(removed.contains(r#""output" : [ "b" ]"#), "{removed}");
    }

    #[test]
    fn nothing_to_do_changes_nothing() {
        let squid = quoted(SQUID);
        for nothing in ["null", "{}"] {
            assert_eq!(call(&[&squid, nothing], add).text(), SQUID);
        }
        for nothing in ["null", "[]"] {
            assert_eq!(call(&[&squid, nothing], remove).text(), SQUID);
        }
        for code in [add, remove, print] {
            assert_eq!(call(&["null", "null"], code).value(), "null");
        }
    }

    #[test]
    fn the_table_is_upstreams() {
        let added = add_to(BRO, r#"{"upper": "TO_UPPER('foo')"}"#);
        assert_eq!(
            call(&[&quoted(&added)], print).text(),
            "╔═══════╤═════════════════╗
║ Field │ Transformation  ║
╠═══════╪═════════════════╣
║ upper │ TO_UPPER('foo') ║
╚═══════╧═════════════════╝
"
        );
        assert_eq!(
            call(&[&quoted(BRO)], print).text(),
            "╔═══════╤════════════════╗
║ Field │ Transformation ║
╠═══════╧════════════════╣
║ (empty)                ║
╚════════════════════════╝
"
        );
    }

    #[test]
    fn what_is_no_parser_document_is_refused() {
        for (config, part) in [
            ("", "the document is empty"),
            ("[]", "must be an object"),
            (
                "{\n  \"parserClasName\": 1}",
                "line 2, column 3: there is no field `parserClasName`",
            ),
            (r#"{"fieldTransformations": {}}"#, "/fieldTransformations"),
        ] {
            let error = call(&[&quoted(config), r#"{"a": "b"}"#], add).error();
            assert!(error.contains(part), "{error}");
        }
        let squid = quoted(SQUID);
        let error = call(&[&squid, r#"{"a": 5}"#], add).error();
        assert!(error.contains("argument 2"), "{error}");
        let error = call(&[&squid, r#""a""#], remove).error();
        assert!(
            error.starts_with("argument 2 must be a list of texts"),
            "{error}"
        );
    }
}
