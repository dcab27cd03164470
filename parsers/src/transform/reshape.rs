//! REMOVE, RENAME and SELECT.

use alidade_event::{Event, FieldName, field};
use alidade_stellar::{
    ConfigProblem, Context, EvalError, Library, Program, compile_predicate, config_code,
};

use super::{Entry, Progress, Visible, cause};
use crate::lenient::plain_text;

/// Removes fields, always or when a condition holds.
#[derive(Debug)]
pub(crate) struct Remove {
    input: Vec<FieldName>,
    output: Vec<FieldName>,
    condition: Option<Program>,
}

impl Remove {
    pub fn compile(
        entry: &Entry<'_>,
        library: &Library,
        warnings: &mut Vec<ConfigProblem>,
    ) -> Result<Self, Vec<ConfigProblem>> {
        if entry.output.is_empty() {
            return Err(vec![
                ConfigProblem::new(entry.path, "REMOVE has neither `input` nor `output`")
                    .with_code(config_code::MISSING_KEY)
                    .with_help("list the fields to remove in `output`"),
            ]);
        }
        let condition = match entry.settings.get("condition") {
            None | Some(serde_json::Value::Null) => None,
            // Upstream takes a condition that is not text for none at all.
            Some(source) if !source.is_string() => None,
            Some(source) => {
                let path = entry.config_path("condition");
                let program = compile_predicate(&plain_text(source), library)
                    .map_err(|diagnostics| ConfigProblem::from_diagnostics(&path, &diagnostics))?;
                warnings.extend(ConfigProblem::from_diagnostics(&path, program.warnings()));
                Some(program)
            }
        };
        Ok(Remove {
            input: entry.input.clone(),
            output: entry.output.clone(),
            condition,
        })
    }

    pub fn apply(&self, event: &mut Event, context: &mut Context<'_>) -> Result<Progress, String> {
        if let Some(condition) = &self.condition {
            let visible = Visible {
                event,
                input: &self.input,
            };
            match condition.evaluate_predicate(&visible, context) {
                Ok(true) => {}
                Ok(false) => return Ok(Progress::Done),
                Err(EvalError::Pending) => return Ok(Progress::Pending),
                Err(failure) => {
                    return Err(format!(
                        "Unable to process transformation: condition {} because {}",
                        condition.source(),
                        cause(&failure)
                    ));
                }
            }
        }
        for name in &self.output {
            event.remove(name);
        }
        Ok(Progress::Done)
    }
}

/// Gives fields other names.
#[derive(Debug)]
pub(crate) struct Rename {
    input: Vec<FieldName>,
    names: Vec<(FieldName, FieldName)>,
    /// Nothing is configured: nothing changes.
    is_empty: bool,
}

impl Rename {
    pub fn compile(entry: &Entry<'_>) -> Self {
        let named = entry.settings.iter().filter(|(_, new)| !new.is_null());
        Rename {
            input: entry.input.clone(),
            is_empty: entry.settings.is_empty(),
            names: named
                .map(|(old, new)| (FieldName::from(old), FieldName::from(plain_text(new))))
                .collect(),
        }
    }

    /// All names change at once, so that two fields can swap theirs. As upstream, fields that hold null vanish.
    pub fn apply(&self, event: &mut Event) {
        if self.is_empty {
            return;
        }
        let mut renamed = Vec::with_capacity(self.names.len());
        for (old, new) in &self.names {
            if !is_visible(&self.input, old) {
                continue;
            }
            if let Some(value) = event.remove(old) {
                renamed.push((old, new, value));
            }
        }
        for (old, new, value) in renamed {
            if old != new && !value.is_null() {
                event.set(new.clone(), value);
            }
        }
        remove_nulls(event, &self.input);
    }
}

/// Keeps some fields and the standard ones.
#[derive(Debug)]
pub(crate) struct Select {
    input: Vec<FieldName>,
    output: Vec<FieldName>,
}

impl Select {
    pub fn compile(entry: &Entry<'_>) -> Result<Self, Vec<ConfigProblem>> {
        if entry.output.is_empty() {
            return Err(vec![
                ConfigProblem::new(entry.path, "SELECT has neither `input` nor `output`")
                    .with_code(config_code::MISSING_KEY)
                    .with_help("list the fields to keep in `output`"),
            ]);
        }
        Ok(Select {
            input: entry.input.clone(),
            output: entry.output.clone(),
        })
    }

    pub fn apply(&self, event: &mut Event) {
        event.retain(|name, value| {
            if !is_visible(&self.input, name) {
                return true;
            }
            let wanted = [field::TIMESTAMP, field::ORIGINAL_STRING, field::SOURCE_TYPE]
                .contains(&name.as_str())
                || self.output.contains(name);
            wanted && !value.is_null()
        });
    }
}

fn is_visible(input: &[FieldName], name: &FieldName) -> bool {
    input.is_empty() || input.contains(name)
}

fn remove_nulls(event: &mut Event, input: &[FieldName]) {
    event.retain(|name, value| !value.is_null() || !is_visible(input, name));
}
