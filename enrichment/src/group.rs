use alidade_event::{Event, FieldName, Value};
use alidade_stellar::{Context, EvalError, Place, Program, Scope, conversion};
use smol_str::format_smolstr;

use crate::stage::{Additions, UnitError};

/// Stellar statements that run one after the other and see each other's results: one unit of work.
#[derive(Debug)]
pub(crate) struct Group {
    /// The name in the configuration; empty for the default group. Never part of a field's name.
    pub(crate) name: FieldName,
    pub(crate) statements: Vec<Statement>,
    /// Why the group cannot run at all.
    pub(crate) broken: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) variable: FieldName,
    /// Nothing for a blank expression, which gives null.
    pub(crate) program: Option<Program>,
}

/// Values of the configuration that statements find as variables.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    /// `enrichment.config`, for the statements of both stages.
    pub(crate) enrichment: Event,
    /// `threatIntel.config`, for triage rules only.
    pub(crate) threat_intel: Event,
    /// The sensor's `configuration`.
    pub(crate) sensor: Event,
}

/// What a statement sees: results of its group, the event as it entered the stage, then the configuration.
struct GroupScope<'a> {
    assigned: &'a Event,
    message: &'a Event,
    variables: &'a Variables,
}

impl GroupScope<'_> {
    /// The event's value, or what the group has put in its place. A null put there hides the event's value.
    fn current(&self, name: &str) -> Option<&Value> {
        let value = self.assigned.get(name).or_else(|| self.message.get(name))?;
        (!value.is_null()).then_some(value)
    }

    fn configured(&self, name: &str) -> Option<&Value> {
        Event::get(&self.variables.enrichment, name)
            .filter(|value| !value.is_null())
            .or_else(|| Event::get(&self.variables.sensor, name))
    }
}

impl Scope for GroupScope<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.current(name).or_else(|| self.configured(name))
    }

    fn get_at(&self, name: &FieldName, place: &Place) -> Option<&Value> {
        let assigned = self.assigned.get_at(name, place);
        let current = assigned.or_else(|| self.message.get_at(name, place));
        current
            .filter(|value| !value.is_null())
            .or_else(|| self.configured(name))
    }

    fn all(&self) -> Event {
        let mut joined = self.message.clone();
        // Upstream asks the event for every variable that a group mentions, `_` among them.
        if !joined.contains("_") {
            joined.set("_", Value::Null);
        }
        for (name, value) in self.assigned.iter() {
            joined.set(name.clone(), value.clone());
        }
        for layer in [&self.variables.enrichment, &self.variables.sensor] {
            for (name, value) in layer.iter() {
                if joined.get(name).is_none_or(Value::is_null) {
                    joined.set(name.clone(), value.clone());
                }
            }
        }
        joined
    }
}

impl Group {
    pub(crate) fn has_remote_calls(&self) -> bool {
        let mut programs = self.statements.iter().filter_map(|s| s.program.as_ref());
        programs.any(Program::has_remote_calls)
    }

    /// Runs the statements. All or nothing: when one fails, the group adds nothing.
    pub(crate) fn run(
        &self,
        message: &Event,
        variables: &Variables,
        context: &mut Context<'_>,
        out: &mut Additions,
    ) -> Result<(), UnitError> {
        if let Some(why) = &self.broken {
            return Err(UnitError::Failed(why.clone()));
        }
        let mut assigned = Event::with_capacity(self.statements.len());
        for statement in &self.statements {
            let scope = GroupScope {
                assigned: &assigned,
                message,
                variables,
            };
            let value = statement.evaluate(&scope, context)?;
            assigned.set(statement.variable.clone(), value);
        }
        for (name, value) in assigned {
            unfold(name, value, out);
        }
        Ok(())
    }

    /// The part of the event that the group works on, as it goes into an error record.
    pub(crate) fn part(&self, message: &Event) -> Value {
        let mut part = alidade_event::Map::new();
        let programs = self.statements.iter().filter_map(|s| s.program.as_ref());
        for name in programs.flat_map(Program::variables) {
            if name == "_" {
                for (name, value) in message.iter() {
                    part.insert(Value::Str(name.clone()), value.clone());
                }
                continue;
            }
            let value = message.get(name).cloned().unwrap_or_default();
            part.insert(Value::Str(name.clone()), value);
        }
        Value::map(part)
    }
}

impl Statement {
    fn evaluate(
        &self,
        scope: &GroupScope<'_>,
        context: &mut Context<'_>,
    ) -> Result<Value, UnitError> {
        let Some(program) = &self.program else {
            return Ok(Value::Null);
        };
        program
            .evaluate(scope, context)
            .map_err(|error| match error {
                EvalError::Pending => UnitError::Waiting,
                failure => UnitError::Failed(format!(
                    "`{} := {}`: {failure}",
                    self.variable,
                    program.source()
                )),
            })
    }
}

/// Null adds nothing, a map gives one field per key, anything else is one field.
fn unfold(name: FieldName, value: Value, out: &mut Additions) {
    match value {
        Value::Null => {}
        Value::Map(map) => {
            for (key, value) in map.iter() {
                // A key too long to be a name names no field.
                if let Ok(key) = conversion::text(key) {
                    out.push((format_smolstr!("{name}.{key}"), value.clone()));
                }
            }
        }
        single => out.push((name, single)),
    }
}
