//! The tree that is evaluated: names are resolved, constants are values.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use alidade_event::{FieldName, Value};

use crate::library::Function;
use crate::membership::Members;
use crate::syntax::{ArithmeticOperator, Comparison, Connective, Span};

/// What a function has made of its constant arguments at compile time.
pub(crate) type Prepared = Box<dyn Any + Send + Sync>;

#[derive(Debug)]
pub(crate) enum Node {
    Constant(Value),
    /// A lambda outside of all others: it captures nothing, so that one value serves all evaluations.
    Closed(Value),
    /// A variable of the scope, by its place among the program's variables.
    Field(usize),
    /// A parameter of a lambda, by its place in the frame.
    Parameter(usize),
    /// `_`: every variable.
    AllFields,
    FieldExists(usize),
    ParameterExists(usize),
    Call(Box<CallNode>),
    /// `MAP_GET(key, _)`, answered without joining all variables.
    FieldByName(Box<FieldByName>),
    List(Box<[Node]>),
    Map(Box<[(Node, Node)]>),
    Lambda(Arc<LambdaNode>),
    Not(Box<Node>),
    Arithmetic(Box<Chain<ArithmeticOperator>>),
    Compare(Box<Chain<Comparison>>),
    In(Box<InNode>),
    Logic(Box<Chain<Connective>>),
    Choose(Box<Branches>),
    Match(Box<Branches>),
}

#[derive(Debug)]
pub(crate) struct CallNode {
    pub function: Arc<Function>,
    pub arguments: Box<[Node]>,
    pub prepared: Option<PreparedArguments>,
    pub span: Span,
}

pub(crate) struct PreparedArguments(pub Prepared);

impl std::fmt::Debug for PreparedArguments {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("prepared")
    }
}

#[derive(Debug)]
pub(crate) struct FieldByName {
    pub key: Node,
    pub default: Option<Node>,
}

/// The variables of a program by their numbers, known when all of it is compiled. Where it stands in memory tells the program.
pub(crate) type Home = Arc<OnceLock<Box<[FieldName]>>>;

#[derive(Debug)]
pub(crate) struct LambdaNode {
    /// How deep its body nests.
    pub depth: usize,
    pub home: Home,
    /// Number of values of the surrounding frame that the body may refer to; they come first in its own frame.
    pub captured: usize,
    /// For each parameter, whether the body uses it exactly once, and not from inside another lambda.
    pub used_once: Box<[bool]>,
    pub body: Node,
}

#[derive(Debug)]
pub(crate) struct Chain<O> {
    pub first: Node,
    pub rest: Box<[(O, Node)]>,
    pub span: Span,
}

#[derive(Debug)]
pub(crate) struct InNode {
    pub member: Node,
    pub negated: bool,
    pub container: Node,
    /// The members of a large constant list, prepared for being searched.
    pub members: Option<Members>,
}

/// Conditions with their values, and the value when none holds.
#[derive(Debug)]
pub(crate) struct Branches {
    pub branches: Box<[Branch]>,
    pub otherwise: Node,
}

#[derive(Debug)]
pub(crate) struct Branch {
    pub condition: Node,
    pub condition_span: Span,
    pub value: Node,
}
