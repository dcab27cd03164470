//! The `stellar` entry of an enrichment document.

use alidade_config::Kind;
use alidade_enrichment::SensorEnrichmentConfig;
use alidade_event::{Str, Value};
use alidade_stellar::{EvalError, HostCall};
use serde_json::{Map, Value as Json};

use super::document::{Document, member};
use super::parser::shown;
use crate::functions::arguments::{text, text_members, texts};
use crate::functions::body::{Outcome, fail, wrong};
use crate::table::table;

const HEADERS: [&str; 3] = ["Group", "Field", "Transformation"];
/// What stands for the group of expressions that are in none.
const DEFAULT_GROUP: &str = "(default)";

pub(super) fn print(call: &mut dyn HostCall) -> Outcome {
    let config = text(call, 0)?.filter(|config| !config.is_empty());
    let Some(config) = config else {
        return Ok(Value::str(&table(&HEADERS, &[])));
    };
    let document = Document::of_type::<SensorEnrichmentConfig>(Kind::Enrichment, config)?;
    let stage = stage(call)?;
    let expressions = ["fieldMap", "stellar", "config"]
        .iter()
        .try_fold(document.members.get(stage), |value, key| {
            Some(value?.get(key))
        })
        .flatten();
    let mut rows = Vec::new();
    match expressions {
        Some(Json::Object(members)) => {
            for (name, value) in members {
                match value {
                    Json::Object(group) => rows.extend(
                        group
                            .iter()
                            .map(|(field, text)| vec![name.clone(), field.clone(), shown(text)]),
                    ),
                    Json::Array(group) => rows.extend(statements(name, group)),
                    text => rows.push(vec![DEFAULT_GROUP.to_owned(), name.clone(), shown(text)]),
                }
            }
        }
        Some(Json::Array(members)) => rows.extend(statements(DEFAULT_GROUP, members)),
        _ => {}
    }
    Ok(Value::str(&table(&HEADERS, &rows)))
}

/// The rows of a list of statements, `field := expression`.
fn statements<'a>(group: &'a str, list: &'a [Json]) -> impl Iterator<Item = Vec<String>> + 'a {
    list.iter().map(move |statement| {
        let text = shown(statement);
        let (field, expression) = match text.split_once(":=") {
            Some((field, expression)) => (field.trim().to_owned(), expression.trim().to_owned()),
            None => (String::new(), text),
        };
        vec![group.to_owned(), field, expression]
    })
}

pub(super) fn add(call: &mut dyn HostCall) -> Outcome {
    let (mut document, stage, group) = read(call)?;
    let Some(added) = text_members(call, 2)? else {
        return wrong(call, 2, "a map from names to expressions");
    };
    edit(&mut document, stage, group.as_deref(), |expressions| {
        for (field, expression) in added {
            expressions.insert(field.to_string(), Json::from(expression.as_str()));
        }
    })?;
    Ok(document.into_text())
}

pub(super) fn remove(call: &mut dyn HostCall) -> Outcome {
    let (mut document, stage, group) = read(call)?;
    let Some(removed) = texts(call, 2)? else {
        return wrong(call, 2, "a list of texts");
    };
    let is_empty = edit(&mut document, stage, group.as_deref(), |expressions| {
        for field in &removed {
            expressions.shift_remove(field.as_str());
        }
    })?;
    if is_empty {
        let mut path = String::new();
        let stage = member(Kind::Enrichment, &mut document.members, &mut path, stage)?;
        let field_map = member(Kind::Enrichment, stage, &mut path, "fieldMap")?;
        field_map.shift_remove("stellar");
    }
    Ok(document.into_text())
}

fn read(call: &dyn HostCall) -> Result<(Document, &'static str, Option<Str>), EvalError> {
    let Some(config) = text(call, 0)?.filter(|config| !config.is_empty()) else {
        return fail("there is no configuration: argument 1 is empty or null");
    };
    let document = Document::of_type::<SensorEnrichmentConfig>(Kind::Enrichment, config)?;
    Ok((document, stage(call)?, text(call, 3)?.cloned()))
}

/// The key of the stage that is named.
fn stage(call: &dyn HostCall) -> Result<&'static str, EvalError> {
    let name = text(call, 1)?.map_or("", |name| name.as_str());
    match name.to_ascii_uppercase().as_str() {
        "ENRICHMENT" => Ok("enrichment"),
        "THREAT_INTEL" | "THREATINTEL" => Ok("threatIntel"),
        _ => fail(format!(
            "argument 2 is {name:?}; write ENRICHMENT or THREAT_INTEL"
        )),
    }
}

/// Changes the expressions of a group; one that is empty afterwards goes. Gives whether there is no expression left at all.
fn edit(
    document: &mut Document,
    stage: &str,
    group: Option<&str>,
    change: impl FnOnce(&mut Map<String, Json>),
) -> Result<bool, EvalError> {
    let mut path = String::new();
    let mut members = &mut document.members;
    for key in [stage, "fieldMap", "stellar", "config"] {
        members = member(Kind::Enrichment, members, &mut path, key)?;
    }
    match group {
        None => change(members),
        Some(group) => {
            let expressions = member(Kind::Enrichment, members, &mut path, group)?;
            change(expressions);
            if expressions.is_empty() {
                members.shift_remove(group);
            }
        }
    }
    Ok(members.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::{call, quoted};

    const STAGES: [(&str, &str); 3] = [
        ("ENRICHMENT", "enrichment"),
        ("THREAT_INTEL", "threatIntel"),
        ("THREATINTEL", "threatIntel"),
    ];

    fn add_to(config: &str, stage: &str, map: &str, group: &str) -> String {
        call(&[&quoted(config), &quoted(stage), map, group], add).text()
    }

    fn at<'a>(json: &'a Json, stage: &str) -> &'a Json {
        &json[stage]["fieldMap"]
    }

    #[test]
    fn expressions_come_and_go() {
        for (stage, key) in STAGES {
            for group in ["null", r#""group""#] {
                let map = r#"{"upper": "TO_UPPER('foo')", "lower": "TO_LOWER('FOO')"}"#;
                let added = add_to("{}", stage, map, group);
                let json: Json = serde_json::from_str(&added).unwrap();
                let expected: Json = serde_json::from_str(map).unwrap();
                let config = &at(&json, key)["stellar"]["config"];
                let found = if group == "null" {
                    config
                } else {
                    &config["group"]
                };
                assert_eq!(*found, expected);
                assert_eq!(add_to(&added, stage, map, group), added);

                let removed = |fields: &str| {
                    call(&[&quoted(&added), &quoted(stage), fields, group], remove).text()
                };
                assert_eq!(removed(r#"["other"]"#), added);
                assert!(!removed(r#"["upper"]"#).contains("upper"));
                let json: Json = serde_json::from_str(&removed(r#"["upper", "lower"]"#)).unwrap();
                assert_eq!(*at(&json, key), Json::Object(Map::new()));
            }
        }
    }

    #[test]
    fn the_rest_of_the_document_stays() {
        let config = r#"{"threatIntel": {"triageConfig": null}, "enrichment":
            {"fieldMap": {"geo": ["ip_dst_addr"], "stellar": {"type": "STELLAR", "config": {"b": "1", "g": {"x": "2"}}}}}}"#;
        let added = add_to(config, "ENRICHMENT", r#"{"a": "3"}"#, r#""g""#);
        assert_eq!(
            added,
            r#"{
  "threatIntel" : {
    "triageConfig" : null
  },
  "enrichment" : {
    "fieldMap" : {
      "geo" : [ "ip_dst_addr" ],
      "stellar" : {
        "type" : "STELLAR",
        "config" : {
          "b" : "1",
          "g" : {
            "x" : "2",
            "a" : "3"
          }
        }
      }
    }
  }
}"#
        );
        // Without a group, a whole one goes by its name.
        let removed = call(&[&quoted(&added), r#""ENRICHMENT""#, r#"["g"]"#], remove).text();
        assert!(
            !removed.contains("\"g\"") && removed.contains("\"b\""),
            "{removed}"
        );
        // An empty group leaves nothing behind.
        let same = add_to(config, "ENRICHMENT", "{}", r#""new""#);
        assert!(!same.contains("new"), "{same}");
    }

    #[test]
    fn the_table_is_upstreams() {
        let print = |config: &str| call(&[&quoted(config), r#""ENRICHMENT""#], print).text();
        let map = r#"{"upper": "TO_UPPER('foo')"}"#;
        assert_eq!(
            print(&add_to("{}", "ENRICHMENT", map, r#""group""#)),
            "╔═══════╤═══════╤═════════════════╗
║ Group │ Field │ Transformation  ║
╠═══════╪═══════╪═════════════════╣
║ group │ upper │ TO_UPPER('foo') ║
╚═══════╧═══════╧═════════════════╝
"
        );
        assert_eq!(
            print(&add_to("{}", "ENRICHMENT", map, "null")),
            "╔═══════════╤═══════╤═════════════════╗
║ Group     │ Field │ Transformation  ║
╠═══════════╪═══════╪═════════════════╣
║ (default) │ upper │ TO_UPPER('foo') ║
╚═══════════╧═══════╧═════════════════╝
"
        );
        let empty = "╔═══════╤═══════╤════════════════╗
║ Group │ Field │ Transformation ║
╠═══════╧═══════╧════════════════╣
║ (empty)                        ║
╚════════════════════════════════╝
";
        for config in ["{}", "", r#"{"enrichment": {"fieldMap": {"geo": ["a"]}}}"#] {
            assert_eq!(print(config), empty);
        }
        assert_eq!(call(&["null", "null"], super::print).text(), empty);
        let lists =
            r#"{"enrichment": {"fieldMap": {"stellar": {"config": ["a := 1", "b := 'x := y'"]}}}}"#;
        let shown = print(lists);
        assert!(shown.contains("║ (default) │ a     │ 1 "), "{shown}");
        assert!(shown.contains("│ b     │ 'x := y' "), "{shown}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let cases = [
            (
                ["null", r#""ENRICHMENT""#, "{}", "null"],
                "argument 1 is empty or null",
            ),
            (
                [r#""""#, r#""ENRICHMENT""#, "{}", "null"],
                "argument 1 is empty or null",
            ),
            (
                [r#""{}""#, r#""OTHER""#, "{}", "null"],
                "write ENRICHMENT or THREAT_INTEL",
            ),
            (
                [r#""{}""#, "null", "{}", "null"],
                "write ENRICHMENT or THREAT_INTEL",
            ),
            (
                [r#""{}""#, r#""ENRICHMENT""#, "null", "null"],
                "argument 3 must be a map",
            ),
            (
                [r#""{\"x\": 1}""#, r#""ENRICHMENT""#, "{}", "null"],
                "there is no field `x` here",
            ),
            (
                [
                    r#""{\"enrichment\":{\"fieldMap\":{\"stellar\":{\"config\":[\"a := 1\"]}}}}""#,
                    r#""ENRICHMENT""#,
                    "{}",
                    "null",
                ],
                "/enrichment/fieldMap/stellar/config of the enrichment configuration is a list",
            ),
            (
                [
                    r#""{\"enrichment\":{\"fieldMap\":{\"stellar\":{\"config\":{\"g\": \"1\"}}}}}""#,
                    r#""ENRICHMENT""#,
                    "{}",
                    r#""g""#,
                ],
                "/enrichment/fieldMap/stellar/config/g of the enrichment configuration is no object",
            ),
        ];
        for (arguments, part) in cases {
            let error = call(&arguments, add).error();
            assert!(error.contains(part), "{error}");
        }
        let error = call(&[r#""{}""#, r#""ENRICHMENT""#, "null"], remove).error();
        assert_eq!(error, "argument 3 must be a list of texts, not null");
    }
}
