use std::sync::Arc;

use alidade_event::{FieldName, Value};

use crate::{Context, Diagnostic, EvalError, Library, Scope};

/// A compiled expression. Cheap to clone, shared by threads.
#[derive(Debug, Clone)]
pub struct Program(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: String,
    variables: Vec<FieldName>,
    remote: bool,
    deterministic: bool,
}

/// Compiles an expression.
///
/// # Errors
/// Everything that is wrong with the text. A blank text is an error.
pub fn compile(source: &str, library: &Library) -> Result<Program, Vec<Diagnostic>> {
    let _ = library.names();
    Err(vec![Diagnostic::error(
        "S001",
        0..source.len(),
        "not an expression",
        "",
    )])
}

/// Compiles a condition. A blank text is a condition that always holds.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn compile_predicate(source: &str, library: &Library) -> Result<Program, Vec<Diagnostic>> {
    if source.trim().is_empty() {
        return compile("true", library);
    }
    compile(source, library)
}

impl Program {
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The variables that the expression mentions, `_` among them if it does.
    pub fn variables(&self) -> &[FieldName] {
        &self.0.variables
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
        let _ = (scope.all(), context.now_ms);
        Err(EvalError::failed("not an expression"))
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
        match self.evaluate(scope, context)? {
            Value::Null => Ok(false),
            Value::Bool(truth) => Ok(truth),
            other => Err(EvalError::failed(format!(
                "the condition gives {}, not true or false",
                other.type_name()
            ))),
        }
    }
}
