use alidade_parsers::{FieldTransformationConfig, Settings};
use serde_json::Value as Json;

use super::known::Known;
use super::reads::{Check, Expression};
use crate::json::child;
use crate::snapshot::ParserEntry;

/// Walks through a parser document in the order of its work. Afterwards the fields are known that leave the parser.
pub(super) fn check(entry: &ParserEntry, known: &mut Known, check: &mut Check<'_>) {
    let settings: Vec<&String> = entry.config.parser_config.keys().collect();
    for (at, transformation) in entry.config.field_transformations.iter().enumerate() {
        let pointer = format!("/fieldTransformations/{at}");
        let name = transformation.transformation.as_deref().unwrap_or_default();
        let short = name.trim().rsplit('.').next().unwrap_or_default();
        match short {
            "STELLAR" | "StellarTransformation" => {
                stellar(transformation, &pointer, &settings, known, check);
            }
            "REMOVE" | "RemoveTransformation" => {
                outputs(transformation, &pointer, known, check);
                let condition = transformation
                    .config
                    .get("condition")
                    .and_then(Json::as_str);
                if let Some(source) = condition {
                    let expression = Expression {
                        source,
                        pointer: format!("{pointer}/config/condition"),
                        offset: 0,
                    };
                    check.expression(&expression, known, &[]);
                }
            }
            "SELECT" | "SelectTransformation" => {
                outputs(transformation, &pointer, known, check);
            }
            "RENAME" | "RenameTransformation" => {
                for (old, new) in &transformation.config {
                    check.listed(&child(&format!("{pointer}/config"), old), old, known);
                    known.add(&text_of(new));
                }
            }
            _ => {
                inputs(transformation, &pointer, known, check);
                for output in &transformation.output {
                    known.add(output);
                }
            }
        }
    }
    let query = entry.config.parser_config.get("filter.query");
    let is_stellar = |name: &str| name.contains("STELLAR") || name.ends_with("StellarFilter");
    let filter = entry.config.filter_class_name.as_deref();
    if let (Some(source), true) = (query.and_then(Json::as_str), filter.is_some_and(is_stellar)) {
        let expression = Expression {
            source,
            pointer: "/parserConfig/filter.query".to_owned(),
            offset: 0,
        };
        check.expression(&expression, known, &[]);
    }
}

fn stellar(
    transformation: &FieldTransformationConfig,
    pointer: &str,
    settings: &[&String],
    known: &mut Known,
    check: &mut Check<'_>,
) {
    let statements = written(&transformation.config);
    let names: Vec<&str> = statements.iter().map(|(name, _)| *name).collect();
    let mut visible = known.clone();
    visible.add_silent(settings.iter().copied());
    for (at, (name, source)) in statements.iter().enumerate() {
        let expression = Expression {
            source,
            pointer: child(&format!("{pointer}/config"), name),
            offset: 0,
        };
        let later = names.get(at + 1..).unwrap_or_default();
        check.expression(&expression, &visible, later);
        visible.add(name);
    }
    let is_result = |name: &str| {
        let outputs = &transformation.output;
        // Where `output` is missing, `input` stands in for it.
        let outputs = match outputs.is_empty() {
            true => &transformation.input,
            false => outputs,
        };
        outputs.is_empty() || outputs.iter().any(|output| output == name)
    };
    for name in names.into_iter().filter(|name| is_result(name)) {
        known.add(name);
    }
}

fn written(settings: &Settings) -> Vec<(&str, String)> {
    settings
        .iter()
        .filter(|(_, source)| !source.is_null())
        .map(|(name, source)| (name.as_str(), text_of(source)))
        .collect()
}

fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn inputs(
    transformation: &FieldTransformationConfig,
    pointer: &str,
    known: &Known,
    check: &mut Check<'_>,
) {
    for (at, name) in transformation.input.iter().enumerate() {
        check.listed(&format!("{pointer}/input/{at}"), name, known);
    }
}

/// The fields that REMOVE and SELECT work on: `output`, or else `input`.
fn outputs(
    transformation: &FieldTransformationConfig,
    pointer: &str,
    known: &Known,
    check: &mut Check<'_>,
) {
    if transformation.output.is_empty() {
        return inputs(transformation, pointer, known, check);
    }
    for (at, name) in transformation.output.iter().enumerate() {
        check.listed(&format!("{pointer}/output/{at}"), name, known);
    }
}
