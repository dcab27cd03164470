use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use alidade_event::{FieldName, Value};

use crate::checker::{Purpose, check};
use crate::compiler::Compiler;
use crate::evaluate::evaluate;
use crate::frame::Frame;
use crate::node::{Home, Node};
use crate::operators::described;
use crate::parser::parse;
use crate::runtime::{Runtime, Variables};
use crate::scope::Place;
use crate::syntax::Span;
use crate::{Context, Diagnostic, EvalError, Library, Scope, Severity};

/// A compiled expression. Cheap to clone, shared by threads.
#[derive(Debug, Clone)]
pub struct Program(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: String,
    root: Node,
    variables: Vec<FieldName>,
    home: Home,
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
    compile_for(source, library, Purpose::Value)
}

fn compile_for(
    source: &str,
    library: &Library,
    purpose: Purpose,
) -> Result<Program, Vec<Diagnostic>> {
    let tree = parse(source).map_err(|finding| vec![finding])?;
    let checked = check(&tree, source, library, purpose);
    let mut compiler = Compiler::new(library);
    let root = compiler.compile(tree);
    let mut warnings = sorted_out(checked, &mut compiler.errors);
    if !compiler.errors.is_empty() {
        return Err(compiler.errors);
    }
    warn_of_failures(compiler.failing_calls(), &mut warnings);
    Ok(program(source, root, compiler, warnings))
}

fn program(source: &str, root: Node, compiler: Compiler<'_>, warnings: Vec<Diagnostic>) -> Program {
    // Nothing has set it before.
    let _ = compiler.home.set(compiler.variables.as_slice().into());
    Program(Arc::new(Inner {
        source: source.to_owned(),
        root,
        home: compiler.home,
        places: compiler
            .variables
            .iter()
            .map(|_| Place::default())
            .collect(),
        variables: compiler.variables,
        warnings,
        remote: compiler.remote,
        deterministic: compiler.deterministic,
    }))
}

/// Compiles a condition. A blank text is a condition that always holds.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn compile_predicate(source: &str, library: &Library) -> Result<Program, Vec<Diagnostic>> {
    if !source.trim().is_empty() {
        return compile_for(source, library, Purpose::Condition);
    }
    Ok(Program(Arc::new(Inner {
        source: source.to_owned(),
        root: Node::Constant(Value::Bool(true)),
        variables: Vec::new(),
        home: Home::default(),
        places: Vec::new(),
        warnings: Vec::new(),
        remote: false,
        deterministic: true,
    })))
}

/// The program without a look at what the checker has to say about it.
#[cfg(test)]
pub(crate) fn compile_unchecked(source: &str, library: &Library) -> Option<Program> {
    let mut compiler = Compiler::new(library);
    let root = compiler.compile(parse(source).ok()?);
    let is_sound = compiler.errors.is_empty();
    is_sound.then(|| program(source, root, compiler, Vec::new()))
}

/// Warns of calls that fail with the constants that they are given, unless something has been said of them already.
fn warn_of_failures(failures: Vec<(Span, String)>, warnings: &mut Vec<Diagnostic>) {
    for (span, message) in failures {
        let place = span.range();
        let is_told = warnings
            .iter()
            .any(|told| told.span.start < place.end && place.start < told.span.end);
        if !is_told {
            warnings.push(
                Diagnostic::warning("S204", place, message, "fails whenever it is reached")
                    .with_help("give arguments that the function takes"),
            );
        }
    }
}

/// Adds the errors among the findings of a check to those of the compiler, and gives the warnings. Of two errors about one
/// place the compiler's own is kept: it says more.
fn sorted_out(checked: Vec<Diagnostic>, errors: &mut Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    let places: HashSet<Range<usize>> = errors.iter().map(|error| error.span.clone()).collect();
    for finding in checked {
        if finding.severity == Severity::Warning {
            warnings.push(finding);
        } else if !places.contains(&finding.span) {
            errors.push(finding);
        }
    }
    errors.sort_by_key(|error| error.span.start);
    warnings
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
            home: Some(&self.0.home),
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
