//! The STELLAR transformation: named expressions, evaluated in the order of the document.

use alidade_event::{Event, FieldName, Value};
use alidade_stellar::{
    ConfigProblem, Context, EvalError, Layers, Library, Program, Scope, compile, config_code,
};

use super::{Entry, Locals, Progress, Surroundings, Visible, cause};
use crate::lenient::plain_text;

/// The compiled statements of one entry.
#[derive(Debug)]
pub(crate) struct StellarStatements {
    input: Vec<FieldName>,
    statements: Vec<Statement>,
}

#[derive(Debug)]
struct Statement {
    name: FieldName,
    program: Program,
    /// A result becomes a field; anything else is only a variable for the statements that follow.
    is_result: bool,
}

impl StellarStatements {
    pub fn compile(
        entry: &Entry<'_>,
        library: &Library,
        warnings: &mut Vec<ConfigProblem>,
    ) -> Result<Self, Vec<ConfigProblem>> {
        let everything_is_output = entry.output.is_empty();
        if everything_is_output {
            warnings.push(
                ConfigProblem::warning(
                    config_code::OUTPUT_WITHOUT_EXPRESSION,
                    entry.path,
                    "`output` is missing: every name in `config` becomes a field",
                )
                .with_help("list the fields in `output`"),
            );
        }
        let mut statements = Vec::with_capacity(entry.settings.len());
        let mut problems = Vec::new();
        for (name, source) in entry.settings {
            if source.is_null() {
                continue;
            }
            let path = entry.config_path(name);
            match compile(&plain_text(source), library) {
                Ok(program) => {
                    warnings.extend(ConfigProblem::from_diagnostics(&path, program.warnings()));
                    statements.push(Statement {
                        name: FieldName::from(name),
                        program,
                        is_result: everything_is_output
                            || entry.output.iter().any(|output| output == name),
                    });
                }
                Err(diagnostics) => {
                    problems.extend(ConfigProblem::from_diagnostics(&path, &diagnostics));
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        for (at, output) in entry.output.iter().enumerate() {
            if !entry.settings.contains_key(output.as_str()) {
                warnings.push(
                    ConfigProblem::warning(
                        config_code::OUTPUT_WITHOUT_EXPRESSION,
                        format!("{}/output/{at}", entry.path),
                        format!("`{output}` has no expression in `config`"),
                    )
                    .with_help("give it one, or take it out of `output`"),
                );
            }
        }
        Ok(StellarStatements {
            input: entry.input.clone(),
            statements,
        })
    }

    pub fn apply(
        &self,
        event: &mut Event,
        surroundings: &Surroundings<'_>,
        locals: &mut Locals,
        context: &mut Context<'_>,
    ) -> Result<Progress, String> {
        locals.results.0.clear();
        locals.intermediates.0.clear();
        for statement in &self.statements {
            let visible = Visible {
                event,
                input: &self.input,
            };
            let layers: [&dyn Scope; 5] = [
                &locals.results,
                &locals.intermediates,
                &visible,
                surroundings.parser_config,
                surroundings.metadata,
            ];
            let value = match statement.program.evaluate(&Layers(&layers), context) {
                Ok(value) => value,
                Err(EvalError::Pending) => return Ok(Progress::Pending),
                Err(failure) => {
                    return Err(format!(
                        "Unable to process transformation: {} for {} because {}",
                        statement.program.source(),
                        statement.name,
                        cause(&failure)
                    ));
                }
            };
            if statement.is_result {
                locals.results.set(&statement.name, value);
            } else if value.is_null() {
                locals.intermediates.forget(&statement.name);
            } else {
                locals.intermediates.set(&statement.name, value);
            }
        }
        for (name, value) in locals.results.0.drain(..) {
            match value {
                Value::Null => {
                    event.remove(&name);
                }
                value => {
                    event.set(name, value);
                }
            }
        }
        Ok(Progress::Done)
    }
}
