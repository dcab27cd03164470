//! Evaluation. Values are borrowed from the program, the scope and the frames as long as nobody changes them.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use alidade_event::{Event, Map, Value};

use crate::compiler::insert_first;
use crate::convert::{is_void, to_bool};
use crate::lambda::Lambda;
use crate::library::Call;
use crate::node::{Branches, CallNode, Chain, FieldByName, InNode, LambdaNode, Node};
use crate::operators::{arithmetic, compare, contains, described};
use crate::syntax::{ArithmeticOperator, Comparison, Connective, Span};
use crate::{Context, EvalError, RemoteCalls, Scope};

pub(crate) type Evaluated<'e> = Result<Cow<'e, Value>, EvalError>;

/// Where names are looked up.
#[derive(Clone, Copy)]
pub(crate) struct Env<'e> {
    pub scope: &'e dyn Scope,
    /// The parameters of the lambdas around, outermost first.
    pub frame: &'e [Value],
    /// The parameters of the innermost lambda that are used only once.
    own: Own<'e>,
}

/// Parameters that their only use takes away, so that a function may change them without a copy.
#[derive(Clone, Copy)]
struct Own<'e> {
    /// Where the parameters of the innermost lambda begin in the frame.
    start: usize,
    values: &'e [Cell<Value>],
    used_once: &'e [bool],
}

impl<'e> Env<'e> {
    pub fn new(scope: &'e dyn Scope) -> Self {
        Env {
            scope,
            frame: &[],
            own: Own {
                start: 0,
                values: &[],
                used_once: &[],
            },
        }
    }

    fn parameter(&self, at: usize) -> Cow<'e, Value> {
        if let Some(own) = at.checked_sub(self.own.start)
            && self.own.used_once.get(own) == Some(&true)
            && let Some(value) = self.own.values.get(own)
        {
            return Cow::Owned(value.take());
        }
        present(self.frame.get(at))
    }
}

/// What an evaluation shares over its whole run.
pub(crate) struct Runtime<'r> {
    pub now_ms: i64,
    pub global: &'r Value,
    pub remote: &'r mut dyn RemoteCalls,
    steps: usize,
    lambda_depth: u32,
}

/// Most steps of one evaluation: bounds what a hostile list can cost. A step is a call of a lambda, or a piece of the work
/// that is done inside of one.
const MAX_STEPS: usize = 1_000_000;
/// Members or bytes that make a step.
const STEP_SIZE: usize = 32;
/// Deepest nesting of running lambdas.
const MAX_LAMBDA_DEPTH: u32 = 32;

impl<'r> Runtime<'r> {
    pub fn new<'x: 'r>(context: &'r mut Context<'x>) -> Self {
        Runtime {
            now_ms: context.now_ms,
            global: context.global,
            remote: &mut *context.remote,
            steps: 0,
            lambda_depth: 0,
        }
    }

    /// Counts work on something of a size, if it may be repeated by a lambda.
    pub fn charge(&mut self, size: usize) -> Result<(), EvalError> {
        if self.lambda_depth == 0 || size < STEP_SIZE {
            return Ok(());
        }
        self.count(size / STEP_SIZE)
    }

    fn count(&mut self, steps: usize) -> Result<(), EvalError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS {
            return Err(EvalError::failed(format!(
                "the evaluation takes more than {MAX_STEPS} steps"
            )));
        }
        Ok(())
    }
}

/// Number of members or bytes of a value.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.len(),
        Value::List(members) => members.len(),
        Value::Set(members) => members.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    }
}

pub(crate) fn evaluate<'e>(
    node: &'e Node,
    env: Env<'e>,
    runtime: &mut Runtime<'_>,
) -> Evaluated<'e> {
    match node {
        Node::Constant(value) => Ok(Cow::Borrowed(value)),
        Node::Field(name) => Ok(present(env.scope.get(name))),
        Node::Parameter(at) => Ok(env.parameter(*at)),
        Node::AllFields => Ok(Cow::Owned(all_fields(env.scope.all()))),
        Node::FieldExists(name) => Ok(truth(exists(env.scope.get(name)))),
        Node::ParameterExists(at) => Ok(truth(exists(env.frame.get(*at)))),
        Node::Call(call) => call_function(call, env, runtime),
        Node::FieldByName(access) => field_by_name(access, env, runtime),
        Node::List(members) => list(members, env, runtime),
        Node::Map(entries) => map(entries, env, runtime),
        Node::Lambda(lambda) => Ok(Cow::Owned(closure(lambda, env.frame))),
        Node::Not(inner) => {
            let value = evaluate(inner, env, runtime)?;
            Ok(truth(!to_bool(&value).unwrap_or(false)))
        }
        Node::Arithmetic(chain) => arithmetic_chain(chain, env, runtime),
        Node::Compare(chain) => comparison_chain(chain, env, runtime),
        Node::In(node) => membership(node, env, runtime),
        Node::Logic(chain) => logic_chain(chain, env, runtime),
        Node::Choose(branches) => choose(branches, env, runtime),
        Node::Match(branches) => match_table(branches, env, runtime),
    }
}

fn present(value: Option<&Value>) -> Cow<'_, Value> {
    Cow::Borrowed(value.unwrap_or(&Value::Null))
}

fn exists(value: Option<&Value>) -> bool {
    value.is_some_and(|value| !value.is_null())
}

fn truth<'e>(truth: bool) -> Cow<'e, Value> {
    Cow::Borrowed(match truth {
        true => &Value::Bool(true),
        false => &Value::Bool(false),
    })
}

fn all_fields(event: Event) -> Value {
    let mut map = Map::with_capacity(event.len());
    for (name, value) in event {
        map.insert(Value::Str(name), value);
    }
    Value::map(map)
}

fn closure(lambda: &Arc<LambdaNode>, frame: &[Value]) -> Value {
    Value::Object(Arc::new(Lambda {
        node: Arc::clone(lambda),
        captured: frame.iter().take(lambda.captured).cloned().collect(),
    }))
}

#[inline(never)]
fn list<'e>(members: &'e [Node], env: Env<'e>, runtime: &mut Runtime<'_>) -> Evaluated<'e> {
    let mut values = Vec::with_capacity(members.len());
    for member in members {
        values.push(evaluate(member, env, runtime)?.into_owned());
    }
    Ok(Cow::Owned(Value::list(values)))
}

#[inline(never)]
fn map<'e>(entries: &'e [(Node, Node)], env: Env<'e>, runtime: &mut Runtime<'_>) -> Evaluated<'e> {
    let mut map = Map::with_capacity(entries.len());
    for (key, value) in entries {
        let key = evaluate(key, env, runtime)?.into_owned();
        let value = evaluate(value, env, runtime)?.into_owned();
        insert_first(&mut map, key, value);
    }
    Ok(Cow::Owned(Value::map(map)))
}

#[inline(never)]
fn field_by_name<'e>(
    access: &'e FieldByName,
    env: Env<'e>,
    runtime: &mut Runtime<'_>,
) -> Evaluated<'e> {
    let key = evaluate(&access.key, env, runtime)?;
    let found = match &*key {
        Value::Str(name) => env.scope.get(name).filter(|value| !value.is_null()),
        _ => None,
    };
    match (found, &access.default) {
        (Some(value), _) => Ok(Cow::Borrowed(value)),
        (None, Some(default)) => evaluate(default, env, runtime),
        (None, None) => Ok(Cow::Borrowed(&Value::Null)),
    }
}

#[inline(never)]
fn arithmetic_chain<'e>(
    chain: &'e Chain<ArithmeticOperator>,
    env: Env<'e>,
    runtime: &mut Runtime<'_>,
) -> Evaluated<'e> {
    let mut left = evaluate(&chain.first, env, runtime)?;
    for (operator, right) in &chain.rest {
        let right = evaluate(right, env, runtime)?;
        let value = arithmetic(*operator, &left, &right).map_err(|error| error.at(chain.span))?;
        left = Cow::Owned(value);
    }
    Ok(left)
}

#[inline(never)]
fn comparison_chain<'e>(
    chain: &'e Chain<Comparison>,
    env: Env<'e>,
    runtime: &mut Runtime<'_>,
) -> Evaluated<'e> {
    let mut left = evaluate(&chain.first, env, runtime)?;
    for (operator, right) in &chain.rest {
        let right = evaluate(right, env, runtime)?;
        runtime.charge(size(&left).min(size(&right)))?;
        left = truth(compare(*operator, &left, &right).map_err(|error| error.at(chain.span))?);
    }
    Ok(left)
}

#[inline(never)]
fn membership<'e>(node: &'e InNode, env: Env<'e>, runtime: &mut Runtime<'_>) -> Evaluated<'e> {
    let member = evaluate(&node.member, env, runtime)?;
    let container = evaluate(&node.container, env, runtime)?;
    runtime.charge(size(&container))?;
    Ok(truth(contains(&container, &member) != node.negated))
}

/// `and` and `or`, grouped to the right. A left side that is a boolean, null or an empty collection may decide alone, and
/// then nothing to its right is evaluated.
#[inline(never)]
fn logic_chain<'e>(
    chain: &'e Chain<Connective>,
    env: Env<'e>,
    runtime: &mut Runtime<'_>,
) -> Evaluated<'e> {
    // Sides that could not decide alone, waiting for what stands to their right.
    let mut waiting: Vec<(bool, Connective)> = Vec::new();
    let mut operand = &chain.first;
    let mut rest = chain.rest.iter();
    let mut outcome = loop {
        let value = evaluate(operand, env, runtime)?;
        let Some((connective, next)) = rest.next() else {
            break condition(&value);
        };
        operand = next;
        match decided(&value) {
            Some(false) if *connective == Connective::And => break false,
            Some(true) if *connective == Connective::Or => break true,
            // `true and x` is x, `false or x` is x, each as a boolean: nothing to remember.
            Some(_) => {}
            None => waiting.push((condition(&value), *connective)),
        }
    };
    while let Some((left, connective)) = waiting.pop() {
        outcome = match connective {
            Connective::And => left && outcome,
            Connective::Or => left || outcome,
        };
    }
    Ok(truth(outcome))
}

/// A value that is a truth value by itself.
fn decided(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        other if is_void(other) => Some(false),
        _ => None,
    }
}

/// What a side of `and` and `or` counts as.
fn condition(value: &Value) -> bool {
    decided(value).unwrap_or_else(|| to_bool(value).unwrap_or(false))
}

fn holds(value: &Value, span: Span) -> Result<bool, EvalError> {
    decided(value).ok_or_else(|| {
        EvalError::failed(format!(
            "a condition must be true, false, null or empty, not {}",
            described(value)
        ))
        .at(span)
    })
}

#[inline(never)]
fn chosen<'e>(
    branches: &'e Branches,
    env: Env<'e>,
    runtime: &mut Runtime<'_>,
) -> Result<&'e Node, EvalError> {
    for branch in &branches.branches {
        let value = evaluate(&branch.condition, env, runtime)?;
        if holds(&value, branch.condition_span)? {
            return Ok(&branch.value);
        }
    }
    Ok(&branches.otherwise)
}

fn choose<'e>(branches: &'e Branches, env: Env<'e>, runtime: &mut Runtime<'_>) -> Evaluated<'e> {
    let node = chosen(branches, env, runtime)?;
    evaluate(node, env, runtime)
}

/// As [`choose`]; a lambda that is chosen is called without arguments.
fn match_table<'e>(
    branches: &'e Branches,
    env: Env<'e>,
    runtime: &mut Runtime<'_>,
) -> Evaluated<'e> {
    let node = chosen(branches, env, runtime)?;
    let value = evaluate(node, env, runtime)?;
    match Lambda::of(&value) {
        Some(lambda) => call_lambda(lambda, &mut std::iter::empty(), env, runtime).map(Cow::Owned),
        None => Ok(value),
    }
}

#[inline(never)]
fn call_function<'e>(call: &'e CallNode, env: Env<'e>, runtime: &mut Runtime<'_>) -> Evaluated<'e> {
    let outcome = match &*call.arguments {
        [] => run(call, &mut [], env, runtime),
        [one] => {
            let mut arguments = [evaluate(one, env, runtime)?];
            run(call, &mut arguments, env, runtime)
        }
        [one, two] => {
            let mut arguments = [evaluate(one, env, runtime)?, evaluate(two, env, runtime)?];
            run(call, &mut arguments, env, runtime)
        }
        many => {
            let mut arguments = Vec::with_capacity(many.len());
            for argument in many {
                arguments.push(evaluate(argument, env, runtime)?);
            }
            run(call, &mut arguments, env, runtime)
        }
    };
    match outcome {
        Ok(value) => Ok(Cow::Owned(value)),
        Err(error) => Err(error.at(call.span)),
    }
}

fn run<'e>(
    call: &'e CallNode,
    arguments: &mut [Cow<'e, Value>],
    env: Env<'e>,
    runtime: &mut Runtime<'_>,
) -> Result<Value, EvalError> {
    if runtime.lambda_depth > 0 && !call.function.quick {
        runtime.charge(arguments.iter().map(|argument| size(argument)).sum())?;
    }
    (call.function.code)(&mut Call {
        name: call.function.spec.name,
        arguments,
        env,
        runtime,
        prepared: call.prepared.as_ref().map(|prepared| &prepared.0),
        host: call.function.host.as_deref(),
    })
}

/// Calls a lambda. Parameters without an argument are null, surplus arguments are dropped.
pub(crate) fn call_lambda(
    lambda: &Lambda,
    arguments: &mut dyn Iterator<Item = Value>,
    env: Env<'_>,
    runtime: &mut Runtime<'_>,
) -> Result<Value, EvalError> {
    runtime.count(1)?;
    if runtime.lambda_depth >= MAX_LAMBDA_DEPTH {
        return Err(EvalError::failed(format!(
            "lambdas call each other deeper than {MAX_LAMBDA_DEPTH} levels"
        )));
    }
    let node = &*lambda.node;
    let mut frame = Vec::with_capacity(node.captured + node.used_once.len());
    frame.extend_from_slice(&lambda.captured);
    frame.resize(node.captured, Value::Null);
    let mut own: Vec<Cell<Value>> = Vec::new();
    for used_once in &node.used_once {
        let mut argument = arguments.next().unwrap_or_default();
        if *used_once {
            own.resize_with(frame.len() - node.captured, Cell::default);
            own.push(Cell::new(std::mem::take(&mut argument)));
        }
        frame.push(argument);
    }
    let env = Env {
        scope: env.scope,
        frame: &frame,
        own: Own {
            start: node.captured,
            values: &own,
            used_once: &node.used_once,
        },
    };
    runtime.lambda_depth += 1;
    let outcome = evaluate(&node.body, env, runtime).map(Cow::into_owned);
    runtime.lambda_depth -= 1;
    outcome
}
