use std::sync::Arc;

use alidade_event::{FieldName, Value};

use crate::compiler::Compiler;
use crate::evaluate::evaluate;
use crate::frame::Frame;
use crate::node::Node;
use crate::operators::described;
use crate::parser::parse;
use crate::runtime::{Runtime, Variables};
use crate::scope::Place;
use crate::{Context, Diagnostic, EvalError, Library, Scope};

/// A compiled expression. Cheap to clone, shared by threads.
#[derive(Debug, Clone)]
pub struct Program(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: String,
    root: Node,
    variables: Vec<FieldName>,
    /// Where each variable was found last.
    places: Vec<Place>,
    warnings: Vec<Diagnostic>,
    remote: bool,
    deterministic: bool,
}

/// Compiles an expression.
///
/// # Errors
/// Everything that is wrong with the text. A blank text is an error.
pub fn compile(source: &str, library: &Library) -> Result<Program, Vec<Diagnostic>> {
    let tree = parse(source).map_err(|finding| vec![finding])?;
    let mut compiler = Compiler::new(library);
    let root = compiler.compile(tree);
    if !compiler.errors.is_empty() {
        return Err(compiler.errors);
    }
    Ok(Program(Arc::new(Inner {
        source: source.to_owned(),
        root,
        places: compiler
            .variables
            .iter()
            .map(|_| Place::default())
            .collect(),
        variables: compiler.variables,
        warnings: compiler.warnings,
        remote: compiler.remote,
        deterministic: compiler.deterministic,
    })))
}

/// Compiles a condition. A blank text is a condition that always holds.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn compile_predicate(source: &str, library: &Library) -> Result<Program, Vec<Diagnostic>> {
    if !source.trim().is_empty() {
        return compile(source, library);
    }
    Ok(Program(Arc::new(Inner {
        source: source.to_owned(),
        root: Node::Constant(Value::Bool(true)),
        variables: Vec::new(),
        places: Vec::new(),
        warnings: Vec::new(),
        remote: false,
        deterministic: true,
    })))
}

impl Program {
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The variables that the expression mentions, `_` among them if it does. Parameters of lambdas are not variables.
    pub fn variables(&self) -> &[FieldName] {
        &self.0.variables
    }

    /// What the author of the expression may want to look at again.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.0.warnings
    }

    /// Whether the expression calls a function that [`crate::RemoteCalls`] answers.
    pub fn has_remote_calls(&self) -> bool {
        self.0.remote
    }

    /// Whether the same variables always give the same value.
    pub fn is_deterministic(&self) -> bool {
        self.0.deterministic
    }

    /// The value of the expression.
    ///
    /// # Errors
    /// [`EvalError::Pending`] when a remote call has been noted down, otherwise what went wrong.
    pub fn evaluate(
        &self,
        scope: &dyn Scope,
        context: &mut Context<'_>,
    ) -> Result<Value, EvalError> {
        let mut runtime = self.runtime(scope, context);
        Ok(evaluate(&self.0.root, Frame::EMPTY, &mut runtime)?.into_owned())
    }

    fn runtime<'r>(&'r self, scope: &'r dyn Scope, context: &'r mut Context<'_>) -> Runtime<'r> {
        let variables = Variables {
            names: &self.0.variables,
            places: &self.0.places,
        };
        Runtime::new(scope, variables, context)
    }

    /// The value of a condition; null is false.
    ///
    /// # Errors
    /// As [`Program::evaluate`]; also when the value is neither a boolean nor null.
    pub fn evaluate_predicate(
        &self,
        scope: &dyn Scope,
        context: &mut Context<'_>,
    ) -> Result<bool, EvalError> {
        let mut runtime = self.runtime(scope, context);
        let value = evaluate(&self.0.root, Frame::EMPTY, &mut runtime)?;
        match &*value {
            Value::Null => Ok(false),
            Value::Bool(truth) => Ok(*truth),
            other => Err(EvalError::failed(format!(
                "the condition gives {}, not true or false",
                described(other)
            ))),
        }
    }
}
