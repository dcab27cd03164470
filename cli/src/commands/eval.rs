//! `eval`: one Stellar expression, or a file of them.

use alidade_event::{Event, NumberStyle, Str, Value, read_value};
use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_shell::{evaluate, shown};
use alidade_stellar::Library;
use serde_json::{Value as Json, json};

use super::{jsonl, shell, stage_options as shared};
use crate::{CliError, logging, stage_process};

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    OptionSpec::value(
        "",
        "var",
        "name=value, a variable: JSON where it is JSON, else text; repeatable",
    ),
    OptionSpec::value("v", "variables", "File with a JSON map of variables"),
    OptionSpec::value(
        "",
        "jsonl",
        "File of objects with `expr` and `vars` (- is standard input); answers one object a line",
    ),
];

const TABLE: PosixOptions =
    PosixOptions::new("alidade eval EXPRESSION [OPTIONS]", OPTIONS).keeping_quotes();

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let parsed = TABLE.parse(arguments).map_err(|error| {
        CliError::Usage(format!(
            "{error} (an expression that begins with - goes after --)\n{}",
            TABLE.usage()
        ))
    })?;
    if parsed.has("help") {
        return super::print(&format!(
            "{}\nexample: alidade eval 'URL_TO_HOST(url)' --var url=http://cnn.com/\n",
            TABLE.usage()
        ));
    }
    logging::install(Some("error"));
    let runtime = stage_process::runtime()?;
    let services = shell::services(&runtime, None, None);
    let library = alidade_shell::install(Library::metron(), &services);
    if let Some(path) = parsed.value("jsonl") {
        return jsonl::answer_each(path, |case| eval_case(case, &library));
    }
    let source = match parsed.positionals() {
        [one] => one,
        [] => {
            return Err(CliError::Usage(format!(
                "which expression?\n{}",
                TABLE.usage()
            )));
        }
        several => {
            return Err(CliError::Usage(format!(
                "{} expressions are given; put one into quotes: alidade eval '{}'",
                several.len(),
                several.join(" ")
            )));
        }
    };
    let mut variables = Event::new();
    if let Some(path) = parsed.value("variables") {
        variables = read_variables(path)?;
    }
    for given in parsed.values("var") {
        let (name, value) = given
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| CliError::Usage(format!("--var {given}: write name=value")))?;
        variables.set(name, variable(value));
    }
    let value = evaluate(source, &variables, &Value::Null, &library).map_err(CliError::Failed)?;
    super::print(&format!("{}\n", shown(&value)))
}

/// The variables of a file.
pub fn read_variables(path: &str) -> Result<Event, CliError> {
    let bytes = std::fs::read(path).map_err(|error| CliError::file(path.as_ref(), error))?;
    Event::read_json(&bytes, NumberStyle::Jackson)
        .map_err(|error| CliError::Failed(format!("{path}: not a JSON map: {error}")))
}

fn variable(text: &str) -> Value {
    read_value(text.as_bytes(), NumberStyle::Jackson).unwrap_or_else(|_| Value::str(text))
}

/// Answers an object with `expr` and `vars` with `result` and `type`, or with `error`.
fn eval_case(case: &Json, library: &Library) -> Json {
    let Some(source) = case.get("expr").and_then(Json::as_str) else {
        return json!({ "error": "the case has no text `expr`" });
    };
    let mut variables = Event::new();
    if let Some(given) = case.get("vars").and_then(Json::as_object) {
        for (name, value) in given {
            variables.set(Str::new(name), case_variable(value));
        }
    }
    match evaluate(source, &variables, &Value::Null, library) {
        Ok(value) => json!({ "result": case_result(&value), "type": value.type_name() }),
        Err(message) => json!({ "error": message }),
    }
}

/// A variable as messages have it: whole numbers are 64 bits wide. `{"$int": 5}` and `{"$float": 1.5}` are the narrow types.
fn case_variable(json: &Json) -> Value {
    let narrow = |name: &str| {
        json.as_object()
            .filter(|map| map.len() == 1)
            .and_then(|map| map.get(name))
    };
    if let Some(number) = narrow("$int")
        .and_then(Json::as_i64)
        .and_then(|number| i32::try_from(number).ok())
    {
        return Value::Int(number);
    }
    if let Some(number) = narrow("$float").and_then(Json::as_f64) {
        return Value::Float(number as f32);
    }
    Value::from_serde(json, NumberStyle::Simple)
}

/// A value as JSON; numbers that JSON does not have are their Java names.
fn case_result(value: &Value) -> Json {
    match value {
        Value::Double(number) if !number.is_finite() => json!(shown(value)),
        Value::Float(number) if !number.is_finite() => json!(shown(value)),
        Value::List(members) => members.iter().map(case_result).collect(),
        Value::Set(members) => members.iter().map(case_result).collect(),
        Value::Map(map) => {
            let name = |key: &Value| key.as_str().map_or_else(|| shown(key), str::to_owned);
            map.iter()
                .map(|(key, value)| (name(key), case_result(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        other => other.to_serde(),
    }
}
