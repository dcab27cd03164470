//! Filters: which events go on.

use alidade_event::{Event, Str, Value};
use alidade_stellar::{
    ConfigProblem, Context, EvalError, Library, Program, compile_predicate, config_code,
};

use crate::config::SensorParserConfig;
use crate::lenient::plain_text;
use crate::sensors::setting_problem;
use crate::transform::{cause, short_name};

const SUPPORTED: &str = "STELLAR, BRO, DEFAULT";
/// Where the condition of the STELLAR filter stands.
const QUERY: &str = "/parserConfig/filter.query";

/// A compiled filter.
#[derive(Debug)]
pub(crate) enum Filter {
    Everything,
    Stellar(Program),
    /// The field that must hold one of the texts; without it, nothing goes on.
    OneOf {
        field: Option<String>,
        known: Vec<Str>,
    },
}

impl Filter {
    pub fn compile(
        config: &SensorParserConfig,
        library: &Library,
        warnings: &mut Vec<ConfigProblem>,
    ) -> Result<Filter, Vec<ConfigProblem>> {
        let name = config.filter_class_name.as_deref().unwrap_or_default();
        match short_name(name) {
            "" | "DEFAULT" => Ok(Filter::Everything),
            "STELLAR" | "StellarFilter" => {
                let query = config
                    .parser_config
                    .get("filter.query")
                    .filter(|query| !query.is_null())
                    .map(plain_text)
                    .unwrap_or_default();
                let program = compile_predicate(&query, library)
                    .map_err(|diagnostics| ConfigProblem::from_diagnostics(QUERY, &diagnostics))?;
                warnings.extend(ConfigProblem::from_diagnostics(QUERY, program.warnings()));
                Ok(Filter::Stellar(program))
            }
            "BRO" | "BroMessageFilter" => Self::bro(config).map_err(|problem| vec![problem]),
            _ => Err(vec![
                ConfigProblem::new("/filterClassName", format!("there is no filter `{name}`"))
                    .with_code(config_code::UNKNOWN_NAME)
                    .with_help(format!("one of {SUPPORTED}")),
            ]),
        }
    }

    fn bro(config: &SensorParserConfig) -> Result<Filter, ConfigProblem> {
        const KNOWN: &str = "bro.filter.source.known.protocols";
        let known = match config.parser_config.get(KNOWN) {
            None | Some(serde_json::Value::Null) => Vec::new(),
            Some(serde_json::Value::String(one)) => vec![Str::from(one)],
            Some(serde_json::Value::Array(names)) => names
                .iter()
                .map(|name| Str::from(plain_text(name)))
                .collect(),
            Some(_) => {
                return Err(setting_problem(KNOWN, "expected a name or a list of names")
                    .with_code(config_code::WRONG_TYPE));
            }
        };
        let field = config
            .parser_config
            .get("bro.filter.source.key")
            .filter(|name| !name.is_null())
            .map(plain_text);
        Ok(Filter::OneOf { field, known })
    }

    /// Whether an event goes on.
    ///
    /// # Errors
    /// When that cannot be said, or not yet.
    pub fn keeps(&self, event: &Event, context: &mut Context<'_>) -> Result<bool, EvalError> {
        match self {
            Filter::Everything => Ok(true),
            Filter::Stellar(query) => query.evaluate_predicate(event, context),
            Filter::OneOf { field, known } => {
                let value = field.as_ref().and_then(|field| event.get(field));
                Ok(matches!(value, Some(Value::Str(text)) if known.contains(text)))
            }
        }
    }

    /// The text for a filter that failed.
    pub fn failure_text(failure: &EvalError) -> String {
        format!("the filter failed: {}", cause(failure))
    }
}
