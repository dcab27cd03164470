//! What can be told at compile time is not evaluated again for every message.
//!
//! Folding changes neither a value nor the place or time of an error: what fails stays as it is, and so does what looks at
//! anything besides its arguments, what gives a value with a state of its own, and what gives a large value.

use std::time::{Duration, Instant};

use alidade_event::{Event, Value};

use crate::evaluate::{condition, decided, evaluate};
use crate::frame::Frame;
use crate::membership::Members;
use crate::node::{Branches, CallNode, Chain, InNode, Node};
use crate::operators::{arithmetic, compare, contains};
use crate::runtime::{Runtime, Variables};
use crate::syntax::{Connective, Span};
use crate::{Context, EvalError, NoRemote, Scope};

/// Most bytes, about, of the arguments of a call that is made at compile time, and of its value.
const MAX_BYTES: usize = 4 << 10;
/// Most bytes of all such values of a program.
const MAX_BYTES_TOGETHER: usize = 256 << 10;
/// How long the calls that a program makes at compile time may take together.
const MAX_TIME: Duration = Duration::from_millis(100);

/// What a program may still spend at compile time.
pub(crate) struct Folding {
    bytes: usize,
    time: Duration,
    /// Calls that fail with the constants that they are given, with the reasons.
    pub failures: Vec<(Span, String)>,
}

/// Most of them that are kept.
const MAX_FAILURES: usize = 20;

impl Folding {
    pub fn new() -> Self {
        Folding {
            bytes: MAX_BYTES_TOGETHER,
            time: MAX_TIME,
            failures: Vec::new(),
        }
    }

    /// The same in fewer steps. What the node is made of has been folded already.
    pub fn fold(&mut self, node: Node) -> Node {
        match node {
            Node::Call(call) => self.call(call),
            Node::Not(inner) if is_constant(&inner) => self.try_now(Node::Not(inner)),
            Node::Arithmetic(chain) => shortened(*chain, Node::Arithmetic, |operator, a, b| {
                arithmetic(*operator, a, b).ok()
            }),
            Node::Compare(chain) => shortened(*chain, Node::Compare, |operator, a, b| {
                compare(*operator, a, b).ok().map(Value::Bool)
            }),
            Node::In(node) => membership(node),
            Node::Logic(chain) => logic(*chain),
            Node::Choose(branches) => match reachable(*branches) {
                branches if branches.branches.is_empty() => branches.otherwise,
                branches => Node::Choose(Box::new(branches)),
            },
            Node::Match(branches) => match reachable(*branches) {
                // Anything but a constant might turn out to be a lambda, which a match calls.
                branches if branches.branches.is_empty() && is_constant(&branches.otherwise) => {
                    branches.otherwise
                }
                branches => Node::Match(Box::new(branches)),
            },
            other => other,
        }
    }

    fn call(&mut self, call: Box<CallNode>) -> Node {
        let function = &call.function;
        let depends_on_arguments_only = function.spec.deterministic
            && !function.spec.remote
            && function.host.is_none()
            && call.arguments.len() >= function.spec.clock_below;
        if !depends_on_arguments_only {
            return Node::Call(call);
        }
        let mut left = MAX_BYTES;
        for argument in &call.arguments {
            let known = match argument {
                Node::Constant(value) => take(&mut left, value),
                _ => false,
            };
            if !known {
                return Node::Call(call);
            }
        }
        self.try_now(Node::Call(call))
    }

    /// The value in the place of a node that needs nothing but itself, if there is one and it is small.
    fn try_now(&mut self, node: Node) -> Node {
        if self.time.is_zero() {
            return node;
        }
        let started = Instant::now();
        let value = self.value(&node);
        self.time = self.time.saturating_sub(started.elapsed());
        value.map_or(node, Node::Constant)
    }

    fn value(&mut self, node: &Node) -> Option<Value> {
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 0, &mut remote).with_budget(self.time);
        let variables = Variables {
            home: None,
            names: &[],
            places: &[],
        };
        let mut runtime = Runtime::new(&Nothing, variables, &mut context);
        let value = match evaluate(node, Frame::EMPTY, &mut runtime) {
            Ok(value) => value.into_owned(),
            Err(error) => {
                // What came of the clock, or of the time that is granted here, may be otherwise at run time.
                if !runtime.looked_outside.get() && !runtime.has_looked_at_clock() {
                    self.note_failure(node, error);
                }
                return None;
            }
        };
        let mut left = MAX_BYTES.min(self.bytes);
        let before = left;
        if runtime.looked_outside.get() || !take(&mut left, &value) {
            return None;
        }
        self.bytes -= before - left;
        Some(value)
    }
}

impl Folding {
    fn note_failure(&mut self, node: &Node, error: EvalError) {
        let (Node::Call(call), EvalError::Failed { message, .. }) = (node, error) else {
            return;
        };
        if self.failures.len() < MAX_FAILURES {
            self.failures.push((call.span, message));
        }
    }
}

/// No variables at all.
struct Nothing;

impl Scope for Nothing {
    fn get(&self, _name: &str) -> Option<&Value> {
        None
    }

    fn all(&self) -> Event {
        Event::new()
    }
}

fn is_constant(node: &Node) -> bool {
    matches!(node, Node::Constant(_))
}

/// Takes the bytes of a value, about, from those that are left. False when they do not suffice, or when the value has a
/// state of its own.
fn take(left: &mut usize, value: &Value) -> bool {
    let own = size_of::<Value>();
    let bytes = match value {
        Value::Str(text) | Value::BigInt(text) => own + text.len(),
        Value::Object(_) => return false,
        _ => own,
    };
    let Some(rest) = left.checked_sub(bytes) else {
        return false;
    };
    *left = rest;
    match value {
        Value::List(members) => members.iter().all(|member| take(left, member)),
        Value::Set(members) => members.iter().all(|member| take(left, member)),
        Value::Map(map) => map
            .iter()
            .all(|(key, value)| take(left, key) && take(left, value)),
        _ => true,
    }
}

/// A left-associative chain whose constant beginning is one value.
fn shortened<O>(
    chain: Chain<O>,
    node: fn(Box<Chain<O>>) -> Node,
    apply: fn(&O, &Value, &Value) -> Option<Value>,
) -> Node {
    let mut first = chain.first;
    let mut rest = chain.rest.into_vec().into_iter().peekable();
    while let Node::Constant(left) = &first
        && let Some((operator, Node::Constant(right))) = rest.peek()
        && let Some(value) = apply(operator, left, right)
    {
        first = Node::Constant(value);
        rest.next();
    }
    if rest.len() == 0 && is_constant(&first) {
        return first;
    }
    node(Box::new(Chain {
        first,
        rest: rest.collect(),
        span: chain.span,
    }))
}

fn membership(mut node: Box<InNode>) -> Node {
    let Node::Constant(container) = &node.container else {
        return Node::In(node);
    };
    if let Node::Constant(member) = &node.member {
        return Node::Constant(Value::Bool(contains(container, member) != node.negated));
    }
    node.members = Members::of(container);
    Node::In(node)
}

/// `and` and `or`, grouped to the right: constants that decide end the chain, those that decide nothing are left out.
fn logic(chain: Chain<Connective>) -> Node {
    let mut kept: Vec<(Node, Connective)> = Vec::new();
    let mut operand = chain.first;
    for (connective, next) in chain.rest {
        let known = match &operand {
            Node::Constant(value) => decided(value),
            _ => None,
        };
        match (known, connective) {
            (Some(false), Connective::And) | (Some(true), Connective::Or) => {
                return joined(kept, operand, chain.span);
            }
            (Some(_), _) => {}
            (None, connective) => kept.push((operand, connective)),
        }
        operand = next;
    }
    joined(kept, operand, chain.span)
}

/// The chain of some operands and a last one, which counts as a boolean.
fn joined(kept: Vec<(Node, Connective)>, last: Node, span: crate::syntax::Span) -> Node {
    let last = match last {
        Node::Constant(value) => Node::Constant(Value::Bool(condition(&value))),
        other => other,
    };
    if kept.is_empty() && is_constant(&last) {
        return last;
    }
    let mut operands = Vec::with_capacity(kept.len());
    let mut connectives = Vec::with_capacity(kept.len());
    for (operand, connective) in kept {
        operands.push(operand);
        connectives.push(connective);
    }
    operands.push(last);
    let mut operands = operands.into_iter();
    let first = operands.next().unwrap_or(Node::Constant(Value::Null));
    Node::Logic(Box::new(Chain {
        first,
        rest: connectives.into_iter().zip(operands).collect(),
        span,
    }))
}

/// Without branches that are never taken. A condition that is no truth value fails when it is reached, so it stays.
fn reachable(branches: Branches) -> Branches {
    let mut kept = Vec::with_capacity(branches.branches.len());
    for branch in branches.branches {
        let known = match &branch.condition {
            Node::Constant(value) => decided(value),
            _ => None,
        };
        match known {
            Some(false) => {}
            Some(true) => {
                return Branches {
                    branches: kept.into(),
                    otherwise: branch.value,
                };
            }
            None => kept.push(branch),
        }
    }
    Branches {
        branches: kept.into(),
        otherwise: branches.otherwise,
    }
}
