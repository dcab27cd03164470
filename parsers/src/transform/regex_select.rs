//! The REGEX_SELECT transformation: a field is set to the name of the first expression that another field matches.

use alidade_event::{Event, FieldName, Str, Value};
use alidade_stellar::{ConfigProblem, config_code};

use super::Entry;
use crate::regex::{JavaRegex, NamedGroups};

/// The compiled choices.
#[derive(Debug)]
pub(crate) struct RegexSelect {
    input: Option<FieldName>,
    output: Option<FieldName>,
    choices: Vec<(Str, Vec<JavaRegex>)>,
}

impl RegexSelect {
    /// Expressions that are none are left out with a warning, as upstream does with a line in its log.
    pub fn compile(entry: &Entry<'_>, warnings: &mut Vec<ConfigProblem>) -> Self {
        let mut choices = Vec::new();
        for (name, sources) in entry.settings {
            let sources: Vec<&str> = match sources {
                serde_json::Value::String(source) => vec![source],
                serde_json::Value::Array(members) => members
                    .iter()
                    .filter_map(|member| member.as_str())
                    .collect(),
                _ => Vec::new(),
            };
            let mut expressions = Vec::with_capacity(sources.len());
            for source in sources {
                match JavaRegex::find(source, &NamedGroups::none()) {
                    Ok(expression) => expressions.push(expression),
                    Err(reason) => warnings.push(
                        ConfigProblem::warning(
                            config_code::BAD_PATTERN,
                            entry.config_path(name),
                            reason,
                        )
                        .with_help("correct it; until then it is left out"),
                    ),
                }
            }
            choices.push((Str::from(name), expressions));
        }
        let input = match entry.input.as_slice() {
            [only] => Some(only.clone()),
            _ => {
                warnings.push(
                    ConfigProblem::warning(
                        config_code::NO_EFFECT,
                        format!("{}/input", entry.path),
                        "REGEX_SELECT takes exactly one input; with any other number it does nothing",
                    )
                    .with_help("name one field in `input`"),
                );
                None
            }
        };
        RegexSelect {
            input,
            output: entry.output.first().cloned(),
            choices,
        }
    }

    pub fn apply(&self, event: &mut Event) -> Result<(), String> {
        let (Some(input), Some(output)) = (&self.input, &self.output) else {
            return Ok(());
        };
        let text = match event.get(input) {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::Str(text)) => text.clone(),
            Some(other) => Str::from(other.to_json()),
        };
        for (name, expressions) in &self.choices {
            for expression in expressions {
                if expression.is_match(&text)? {
                    event.set(output.clone(), name.clone());
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
