//! The global `fieldValidations`: what every event of every sensor must satisfy.

use std::sync::Arc;

use jiff::tz::TimeZone;

use alidade_event::{Event, FieldName, NumberStyle, Str, Value};
use alidade_stellar::{
    ConfigProblem, Context, DIALECT, DIALECT_KEY, EvalError, Layers, Library, Program, Scope,
    check_dialect, compile_predicate, config_code,
};

use crate::config::Settings;
use crate::dates::JavaDateFormat;
use crate::lenient::{self, plain_text};
use crate::regex::{JavaRegex, NamedGroups};
use crate::transform::short_name;

/// The part of the global configuration that parsers use, compiled: the validations, and the values themselves.
#[derive(Debug, Clone, Default)]
pub struct GlobalParserSettings {
    validations: Arc<Vec<Validation>>,
    global: Arc<Event>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ValidationConfig {
    #[serde(deserialize_with = "lenient::text")]
    validation: Option<String>,
    #[serde(deserialize_with = "lenient::text_or_list")]
    input: Vec<String>,
    #[serde(deserialize_with = "lenient::map")]
    config: Settings,
}

/// One compiled validation.
#[derive(Debug)]
struct Validation {
    input: Vec<FieldName>,
    rule: Rule,
    config: Event,
}

#[derive(Debug)]
enum Rule {
    /// A condition over the inputs, the validation's own settings and the global ones.
    Condition(Program),
    /// Every field that is not null satisfies the condition.
    Each(Program),
    /// One field is null or satisfies one of the conditions.
    Any(Vec<Program>),
    Date(JavaDateFormat),
    Matches(JavaRegex),
    NotEmpty,
}

const SUPPORTED: &str = "STELLAR, IP, DOMAIN, EMAIL, URL, DATE, INTEGER, REGEX_MATCH, NOT_EMPTY";

impl GlobalParserSettings {
    /// Compiles the global configuration (a JSON object, or null where there is none).
    ///
    /// # Errors
    /// Everything that is wrong with `fieldValidations`.
    pub fn compile(
        global: &serde_json::Value,
        library: &Library,
    ) -> Result<Self, Vec<ConfigProblem>> {
        let values = match Value::from_serde(global, NumberStyle::Jackson) {
            Value::Map(map) => map
                .iter()
                .filter_map(|(name, value)| Some((FieldName::new(name.as_str()?), value.clone())))
                .collect(),
            _ => Event::new(),
        };
        check_dialect_of(global)?;
        let entries = match global.get("fieldValidations") {
            None | Some(serde_json::Value::Null) => &[],
            Some(serde_json::Value::Array(entries)) => entries.as_slice(),
            Some(_) => {
                return Err(vec![
                    ConfigProblem::new("/fieldValidations", "expected a list")
                        .with_code(config_code::WRONG_TYPE)
                        .with_help("write [{\"input\": [\"a_field\"], \"validation\": \"IP\"}]"),
                ]);
            }
        };
        let mut validations = Vec::with_capacity(entries.len());
        let mut problems = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            match Validation::compile(entry, &format!("/fieldValidations/{at}"), library) {
                Ok(validation) => validations.push(validation),
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(GlobalParserSettings {
            validations: Arc::new(validations),
            global: Arc::new(values),
        })
    }

    /// Runs every validation. Gives the inputs of those that failed, or nothing when none did.
    ///
    /// # Errors
    /// When a validation cannot be decided, or not yet.
    pub(crate) fn failing_inputs(
        &self,
        event: &Event,
        context: &mut Context<'_>,
    ) -> Result<Option<Vec<Str>>, EvalError> {
        let mut failing: Option<Vec<Str>> = None;
        for validation in self.validations.iter() {
            if validation.holds(event, &self.global, context)? {
                continue;
            }
            let inputs = failing.get_or_insert_default();
            for input in &validation.input {
                if !inputs.contains(input) {
                    inputs.push(input.clone());
                }
            }
        }
        Ok(failing)
    }
}

/// The expressions of all documents are in the dialect that the global one names.
fn check_dialect_of(global: &serde_json::Value) -> Result<(), Vec<ConfigProblem>> {
    let Some(name) = global.get(DIALECT_KEY).filter(|name| !name.is_null()) else {
        return Ok(());
    };
    check_dialect(&plain_text(name)).map_err(|reason| {
        let problem = ConfigProblem::new(format!("/{DIALECT_KEY}"), reason);
        let problem = problem.with_code(config_code::UNKNOWN_NAME);
        vec![problem.with_help(format!(
            "write `{DIALECT}`, leave it out, or use a version that knows the dialect"
        ))]
    })
}

impl Validation {
    fn compile(
        entry: &serde_json::Value,
        path: &str,
        library: &Library,
    ) -> Result<Self, Vec<ConfigProblem>> {
        let one = |problem: ConfigProblem| vec![problem];
        let config: ValidationConfig = serde_json::from_value(entry.clone())
            .map_err(|failure| one(ConfigProblem::new(path, failure.to_string())))?;
        let Some(name) = config.validation.as_deref() else {
            return Err(one(ConfigProblem::new(
                path,
                "the entry does not name its `validation`",
            )
            .with_code(config_code::MISSING_KEY)
            .with_help(format!("one of {SUPPORTED}"))));
        };
        let setting = |key: &str| -> Result<String, Vec<ConfigProblem>> {
            config
                .config
                .get(key)
                .filter(|value| !value.is_null())
                .map(plain_text)
                .ok_or_else(|| {
                    one(ConfigProblem::new(
                        format!("{path}/config/{key}"),
                        format!("{name} needs the setting `{key}`"),
                    )
                    .with_code(config_code::MISSING_KEY))
                })
        };
        let program = |source: &str, at: &str| {
            compile_predicate(source, library).map_err(|diagnostics| {
                diagnostics
                    .iter()
                    .map(|diagnostic| {
                        ConfigProblem::from_diagnostic(format!("{path}{at}"), diagnostic)
                    })
                    .collect::<Vec<_>>()
            })
        };
        let rule = match short_name(name) {
            "STELLAR" | "QueryValidation" => {
                Rule::Condition(program(&setting("condition")?, "/config/condition")?)
            }
            "IP" | "IPValidation" => Rule::Any(
                address_conditions(&config.config)
                    .map_err(|reason| {
                        one(ConfigProblem::new(format!("{path}/config/type"), reason)
                            .with_code(config_code::UNKNOWN_NAME))
                    })?
                    .into_iter()
                    .map(|source| program(source, ""))
                    .collect::<Result<_, _>>()?,
            ),
            "DOMAIN" | "DomainValidation" => Rule::Each(program("IS_DOMAIN(value)", "")?),
            "EMAIL" | "EmailValidation" => Rule::Each(program("IS_EMAIL(value)", "")?),
            "URL" | "URLValidation" => Rule::Each(program("IS_URL(value)", "")?),
            "INTEGER" | "IntegerValidation" => Rule::Each(program("IS_INTEGER(value)", "")?),
            "DATE" | "DateValidation" => Rule::Date(
                JavaDateFormat::compile(&setting("format")?, TimeZone::UTC).map_err(|reason| {
                    one(ConfigProblem::new(format!("{path}/config/format"), reason)
                        .with_code(config_code::BAD_PATTERN))
                })?,
            ),
            "REGEX_MATCH" | "RegExValidation" => Rule::Matches(
                JavaRegex::full(&setting("pattern")?, &NamedGroups::none()).map_err(|reason| {
                    one(ConfigProblem::new(format!("{path}/config/pattern"), reason)
                        .with_code(config_code::BAD_PATTERN))
                })?,
            ),
            "NOT_EMPTY" | "NotEmptyValidation" => Rule::NotEmpty,
            _ => {
                return Err(one(ConfigProblem::new(
                    format!("{path}/validation"),
                    format!("there is no validation `{name}`"),
                )
                .with_code(config_code::UNKNOWN_NAME)
                .with_help(format!("one of {SUPPORTED}"))));
            }
        };
        let settings = config.config.iter().map(|(name, value)| {
            (
                FieldName::from(name),
                Value::from_serde(value, NumberStyle::Jackson),
            )
        });
        Ok(Validation {
            config: settings.collect(),
            input: config.input.iter().map(FieldName::from).collect(),
            rule,
        })
    }

    fn holds(
        &self,
        event: &Event,
        global: &Event,
        context: &mut Context<'_>,
    ) -> Result<bool, EvalError> {
        if let Rule::Condition(condition) = &self.rule {
            let visible = crate::transform::Visible {
                event,
                input: &self.input,
            };
            let layers: [&dyn Scope; 3] = [&visible, &self.config, global];
            return condition.evaluate_predicate(&Layers(&layers), context);
        }
        let mut values: Vec<&Value> = Vec::with_capacity(self.input.len());
        if self.input.is_empty() {
            values.extend(event.iter().map(|(_, value)| value));
        } else {
            values.extend(
                self.input
                    .iter()
                    .map(|name| event.get(name).unwrap_or(&Value::Null)),
            );
        }
        match &self.rule {
            Rule::Condition(_) => Ok(true),
            Rule::NotEmpty => Ok(values
                .iter()
                .all(|value| !java_text(value).trim().is_empty())),
            Rule::Any(conditions) => {
                for value in &values {
                    if value.is_null() {
                        return Ok(true);
                    }
                    for condition in conditions {
                        if holds_for(condition, value, context)? {
                            return Ok(true);
                        }
                    }
                }
                Ok(values.is_empty())
            }
            Rule::Each(condition) => {
                for value in values.iter().filter(|value| !value.is_null()) {
                    if !holds_for(condition, value, context)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Rule::Date(format) => {
                for value in &values {
                    // Upstream stops at the first field that is missing.
                    if value.is_null() {
                        return Ok(true);
                    }
                    if !format.is_exactly(&java_text(value), context.now_ms) {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Rule::Matches(pattern) => {
                for value in values.iter().filter(|value| !value.is_null()) {
                    let matches = pattern.is_match(&java_text(value)).map_err(|message| {
                        EvalError::Failed {
                            message,
                            span: None,
                        }
                    })?;
                    if !matches {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }
}

/// The conditions of which one must hold for an address.
fn address_conditions(config: &Settings) -> Result<Vec<&'static str>, String> {
    let types: Vec<String> = match config.get("type") {
        None | Some(serde_json::Value::Null) => return Ok(vec!["IS_IP(value)"]),
        Some(serde_json::Value::Array(types)) => types.iter().map(plain_text).collect(),
        Some(one) => vec![plain_text(one)],
    };
    types
        .iter()
        .map(|name| match name.as_str() {
            "IPV4" => Ok("IS_IP(value, 'IPV4')"),
            "IPV6" => Ok("IS_IP(value, 'IPV6')"),
            // Upstream takes every other name for both.
            _ => Ok("IS_IP(value)"),
        })
        .collect()
}

/// The only variable of the conditions over single fields.
struct OneValue<'a>(&'a Value);

impl Scope for OneValue<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        (name == "value").then_some(self.0)
    }

    fn all(&self) -> Event {
        let mut event = Event::new();
        event.set("value", self.0.clone());
        event
    }
}

fn holds_for(
    condition: &Program,
    value: &Value,
    context: &mut Context<'_>,
) -> Result<bool, EvalError> {
    let text = match value {
        Value::Str(_) => None,
        other => Some(Value::from(java_text(other))),
    };
    condition.evaluate_predicate(&OneValue(text.as_ref().unwrap_or(value)), context)
}

/// Text as it is, everything else as its JSON, null as nothing.
fn java_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Str(text) => text.to_string(),
        other => other.to_json(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_dialect_that_is_not_known_is_refused() {
        let library = Library::metron();
        let known = json!({"stellar.dialect": "metron"});
        assert!(GlobalParserSettings::compile(&known, &library).is_ok());
        for name in [json!("strict"), json!(""), json!(2)] {
            let global = json!({"stellar.dialect": name});
            let problems = GlobalParserSettings::compile(&global, &library).unwrap_err();
            assert_eq!(problems[0].path, "/stellar.dialect");
        }
    }

    #[test]
    fn a_validation_must_be_a_condition() {
        let global = |condition: &str| {
            json!({"fieldValidations": [
                {"validation": "STELLAR", "input": ["a"], "config": {"condition": condition}},
            ]})
        };
        let library = Library::metron();
        assert!(GlobalParserSettings::compile(&global("a > 1"), &library).is_ok());
        let problems = GlobalParserSettings::compile(&global("LENGTH(a)"), &library).unwrap_err();
        assert_eq!(problems[0].code, "S106");
    }
}
