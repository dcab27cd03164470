//! Evaluation. Values are borrowed from the program, the scope and the frames as long as nobody changes them.

use std::borrow::Cow;
use std::sync::Arc;

use alidade_event::{Map, Value};

use crate::EvalError;
use crate::compiler::insert_first;
use crate::convert::{is_void, to_bool};
use crate::frame::{Frame, call_lambda};
use crate::lambda::Lambda;
use crate::library::Call;
use crate::node::{Branches, CallNode, Chain, FieldByName, InNode, LambdaNode, Node};
use crate::operators::{arithmetic, compare, contains, described};
use crate::runtime::{Runtime, size, weight};
use crate::syntax::{ArithmeticOperator, Comparison, Connective, Span};

pub(crate) type Evaluated<'e> = Result<Cow<'e, Value>, EvalError>;

/// What stands in for an argument until it is evaluated.
const NOTHING: Cow<'_, Value> = Cow::Borrowed(&Value::Null);

pub(crate) fn evaluate<'e, 'r: 'e>(
    node: &'e Node,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Evaluated<'e> {
    match node {
        Node::Constant(value) | Node::Closed(value) => Ok(Cow::Borrowed(value)),
        Node::Field(at) => Ok(Cow::Borrowed(runtime.variable(*at))),
        Node::Parameter(at) => Ok(frame.parameter(*at)),
        Node::AllFields => all_fields(runtime).map(Cow::Owned),
        Node::Call(call) => call_function(call, frame, runtime),
        Node::FieldByName(access) => field_by_name(access, frame, runtime),
        Node::List(members) => list(members, frame, runtime),
        Node::Map(entries) => map(entries, frame, runtime),
        Node::Lambda(lambda) => Ok(Cow::Owned(closure(lambda, frame))),
        Node::Arithmetic(chain) => arithmetic_chain(chain, frame, runtime),
        Node::FieldExists(_)
        | Node::ParameterExists(_)
        | Node::Not(_)
        | Node::Compare(_)
        | Node::In(_)
        | Node::Logic(_) => Ok(truth(
            evaluate_truth(node, frame, runtime)?.unwrap_or_default(),
        )),
        Node::Choose(branches) => choose(branches, frame, runtime),
        Node::Match(branches) => match_table(branches, frame, runtime),
    }
}

/// The value of a node that can give nothing but true and false; nothing for every other node. A condition is decided
/// without making values of what its parts give.
fn evaluate_truth<'e, 'r: 'e>(
    node: &'e Node,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Result<Option<bool>, EvalError> {
    let truth = match node {
        Node::FieldExists(at) => !runtime.variable(*at).is_null(),
        Node::ParameterExists(at) => !frame.value(*at).is_null(),
        Node::Not(inner) => !holds_loosely(inner, frame, runtime)?,
        Node::Compare(chain) => comparison_chain(chain, frame, runtime)?,
        Node::In(node) => membership(node, frame, runtime)?,
        Node::Logic(chain) => logic_chain(chain, frame, runtime)?,
        _ => return Ok(None),
    };
    Ok(Some(truth))
}

/// Whether a node gives something that counts as true.
fn holds_loosely<'e, 'r: 'e>(
    node: &'e Node,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Result<bool, EvalError> {
    match evaluate_truth(node, frame, runtime)? {
        Some(truth) => Ok(truth),
        None => {
            let value = evaluate(node, frame, runtime)?;
            Ok(to_bool(&value).unwrap_or(false))
        }
    }
}

/// What is there without an evaluation: most operands are fields, constants and parameters.
#[inline]
fn at_hand<'e, 'r: 'e>(
    node: &'e Node,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Option<&'e Value> {
    match node {
        Node::Constant(value) => Some(value),
        Node::Parameter(at) => frame.kept(*at),
        Node::Field(at) => Some(runtime.variable(*at)),
        _ => None,
    }
}

fn truth<'e>(truth: bool) -> Cow<'e, Value> {
    Cow::Borrowed(match truth {
        true => &Value::Bool(true),
        false => &Value::Bool(false),
    })
}

fn all_fields(runtime: &mut Runtime<'_>) -> Result<Value, EvalError> {
    let event = runtime.all_variables();
    let mut map = Map::with_capacity(event.len());
    for (name, value) in event {
        runtime.nest(&value)?;
        map.insert(Value::Str(name), value);
    }
    Ok(Value::map(map))
}

fn closure(lambda: &Arc<LambdaNode>, frame: Frame<'_>) -> Value {
    let captured = (0..lambda.captured).map(|at| frame.value(at).clone());
    Lambda::value(Arc::clone(lambda), captured.collect())
}

#[inline(never)]
fn list<'e, 'r: 'e>(
    members: &'e [Node],
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Evaluated<'e> {
    let mut values = Vec::with_capacity(members.len());
    for member in members {
        let value = evaluate(member, frame, runtime)?;
        runtime.nest(&value)?;
        values.push(value.into_owned());
    }
    Ok(Cow::Owned(Value::list(values)))
}

#[inline(never)]
fn map<'e, 'r: 'e>(
    entries: &'e [(Node, Node)],
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Evaluated<'e> {
    let mut map = Map::with_capacity(entries.len());
    for (key, value) in entries {
        let key = evaluate(key, frame, runtime)?;
        runtime.nest(&key)?;
        let value = evaluate(value, frame, runtime)?;
        runtime.nest(&value)?;
        insert_first(&mut map, key.into_owned(), value.into_owned());
    }
    Ok(Cow::Owned(Value::map(map)))
}

#[inline(never)]
fn field_by_name<'e, 'r: 'e>(
    access: &'e FieldByName,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Evaluated<'e> {
    let key = evaluate(&access.key, frame, runtime)?;
    let found = match &*key {
        Value::Str(name) => runtime.scope.get(name).filter(|value| !value.is_null()),
        _ => None,
    };
    match (found, &access.default) {
        (Some(value), _) => Ok(Cow::Borrowed(value)),
        (None, Some(default)) => evaluate(default, frame, runtime),
        (None, None) => Ok(Cow::Borrowed(&Value::Null)),
    }
}

#[inline(never)]
fn arithmetic_chain<'e, 'r: 'e>(
    chain: &'e Chain<ArithmeticOperator>,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Evaluated<'e> {
    let mut left = match at_hand(&chain.first, frame, runtime) {
        Some(left) => Cow::Borrowed(left),
        None => evaluate(&chain.first, frame, runtime)?,
    };
    for (operator, right) in &chain.rest {
        let value = match at_hand(right, frame, runtime) {
            Some(right) => arithmetic(*operator, &left, right),
            None => arithmetic(*operator, &left, &*evaluate(right, frame, runtime)?),
        };
        left = Cow::Owned(value.map_err(|error| error.at(chain.span))?);
    }
    Ok(left)
}

#[inline(never)]
fn comparison_chain<'e, 'r: 'e>(
    chain: &'e Chain<Comparison>,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Result<bool, EvalError> {
    let apply = |operator: &Comparison, left: &Value, right: &Value, runtime: &mut Runtime<'r>| {
        runtime.charge(weight(left).min(weight(right)))?;
        compare(*operator, left, right).map_err(|error| error.at(chain.span))
    };
    if let [(operator, right)] = &*chain.rest
        && let Some(left) = at_hand(&chain.first, frame, runtime)
        && let Some(right) = at_hand(right, frame, runtime)
    {
        return apply(operator, left, right, runtime);
    }
    let mut left = evaluate(&chain.first, frame, runtime)?;
    let mut outcome = false;
    for (operator, right) in &chain.rest {
        let right = evaluate(right, frame, runtime)?;
        outcome = apply(operator, &left, &right, runtime)?;
        left = truth(outcome);
    }
    Ok(outcome)
}

#[inline(never)]
fn membership<'e, 'r: 'e>(
    node: &'e InNode,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Result<bool, EvalError> {
    let member = evaluate(&node.member, frame, runtime)?;
    if let Some(members) = &node.members {
        return Ok(members.contains(&member) != node.negated);
    }
    let container = evaluate(&node.container, frame, runtime)?;
    runtime.charge(size(&container))?;
    Ok(contains(&container, &member) != node.negated)
}

/// `and` and `or`, grouped to the right. A left side that is a boolean, null or an empty collection may decide alone, and
/// then nothing to its right is evaluated.
#[inline(never)]
fn logic_chain<'e, 'r: 'e>(
    chain: &'e Chain<Connective>,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Result<bool, EvalError> {
    // Set by a side that has settled the outcome without being able to decide alone: what stands to its right is evaluated
    // nevertheless, and may fail.
    let mut settled = None;
    let mut operand = &chain.first;
    let mut rest = chain.rest.iter();
    let outcome = loop {
        let (side, decides) = match evaluate_truth(operand, frame, runtime)? {
            Some(truth) => (truth, true),
            None => {
                let value = evaluate(operand, frame, runtime)?;
                (condition(&value), decided(&value).is_some())
            }
        };
        let Some((connective, next)) = rest.next() else {
            break side;
        };
        operand = next;
        // `true and x` is x, `false or x` is x, each as a boolean: nothing to remember.
        let settles = side == (*connective == Connective::Or);
        if settles && decides {
            break side;
        }
        if settles {
            settled = settled.or(Some(side));
        }
    };
    Ok(settled.unwrap_or(outcome))
}

/// A value that is a truth value by itself.
pub(crate) fn decided(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        other if is_void(other) => Some(false),
        _ => None,
    }
}

/// What a side of `and` and `or` counts as.
pub(crate) fn condition(value: &Value) -> bool {
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
fn chosen<'e, 'r: 'e>(
    branches: &'e Branches,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Result<&'e Node, EvalError> {
    for branch in &branches.branches {
        let condition = match evaluate_truth(&branch.condition, frame, runtime)? {
            Some(truth) => truth,
            None => {
                let value = evaluate(&branch.condition, frame, runtime)?;
                holds(&value, branch.condition_span)?
            }
        };
        if condition {
            return Ok(&branch.value);
        }
    }
    Ok(&branches.otherwise)
}

fn choose<'e, 'r: 'e>(
    branches: &'e Branches,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Evaluated<'e> {
    let node = chosen(branches, frame, runtime)?;
    evaluate(node, frame, runtime)
}

/// As [`choose`]; a lambda that is chosen is called without arguments.
fn match_table<'e, 'r: 'e>(
    branches: &'e Branches,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Evaluated<'e> {
    let node = chosen(branches, frame, runtime)?;
    let value = evaluate(node, frame, runtime)?;
    match Lambda::of(&value) {
        Some(lambda) => call_lambda(lambda, &mut [], runtime).map(Cow::Owned),
        None => Ok(value),
    }
}

#[inline(never)]
fn call_function<'e, 'r: 'e>(
    call: &'e CallNode,
    frame: Frame<'e>,
    runtime: &mut Runtime<'r>,
) -> Evaluated<'e> {
    let outcome = match &*call.arguments {
        [] => run(call, &mut [], runtime),
        [one] => run(call, &mut [evaluate(one, frame, runtime)?], runtime),
        [one, two] => {
            let mut arguments = [
                evaluate(one, frame, runtime)?,
                evaluate(two, frame, runtime)?,
            ];
            run(call, &mut arguments, runtime)
        }
        // No allocation for the arguments of an ordinary call.
        few if few.len() <= 4 => {
            let mut arguments = [NOTHING; 4];
            for (argument, node) in arguments.iter_mut().zip(few) {
                *argument = evaluate(node, frame, runtime)?;
            }
            run(call, &mut arguments[..few.len()], runtime)
        }
        many => {
            let mut arguments = Vec::with_capacity(many.len());
            for argument in many {
                arguments.push(evaluate(argument, frame, runtime)?);
            }
            run(call, &mut arguments, runtime)
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
    runtime: &mut Runtime<'_>,
) -> Result<Value, EvalError> {
    if !call.function.quick {
        runtime.charge(arguments.iter().map(|argument| weight(argument)).sum())?;
    }
    (call.function.code)(&mut Call {
        name: call.function.spec.name,
        arguments,
        runtime,
        prepared: call.prepared.as_ref().map(|prepared| &prepared.0),
        host: call.function.host.as_deref(),
    })
}
