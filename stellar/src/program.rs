use std::sync::Arc;

use alidade_event::{FieldName, Value};

use crate::compiler::Compiler;
use crate::evaluate::{Env, Runtime, evaluate};
use crate::node::Node;
use crate::operators::described;
use crate::parser::parse;
use crate::{Context, Diagnostic, EvalError, Library, Scope};

/// A compiled expression. Cheap to clone, shared by threads.
#[derive(Debug, Clone)]
pub struct Program(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: String,
    root: Node,
    variables: Vec<FieldName>,
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
        let env = Env::new(scope);
        let value = evaluate(&self.0.root, env, &mut Runtime::new(context))?;
        Ok(value.into_owned())
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
        let env = Env::new(scope);
        let value = evaluate(&self.0.root, env, &mut Runtime::new(context))?;
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
