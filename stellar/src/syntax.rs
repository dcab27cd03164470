//! The tree that the parser builds: names are still names.

use std::ops::Range;

use alidade_event::{Str, Value};

/// A place in the source, in bytes. Sources are far below 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Self {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            start: narrow(start),
            end: narrow(end),
        }
    }

    pub fn to(self, other: Span) -> Self {
        Span {
            start: self.start,
            end: other.end,
        }
    }

    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArithmeticOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connective {
    And,
    Or,
}

#[derive(Debug)]
pub(crate) struct Expr {
    pub kind: Box<Kind>,
    pub span: Span,
    /// Stands in parentheses of its own.
    pub enclosed: bool,
}

impl Expr {
    pub fn new(kind: Kind, span: Span) -> Self {
        Expr {
            kind: Box::new(kind),
            span,
            enclosed: false,
        }
    }
}

/// What an expression is. Chains of one level are kept flat, so that a long chain is not a deep tree.
#[derive(Debug)]
pub(crate) enum Kind {
    Literal(Value),
    Variable(Str),
    Exists(Str),
    Call {
        name: Str,
        name_span: Span,
        arguments: Vec<Expr>,
    },
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    Lambda {
        parameters: Vec<(Str, Span)>,
        body: Box<Expr>,
    },
    Not(Box<Expr>),
    /// Left-associative.
    Arithmetic {
        first: Box<Expr>,
        rest: Vec<(ArithmeticOperator, Expr)>,
    },
    /// Left-associative.
    Compare {
        first: Box<Expr>,
        rest: Vec<(Comparison, Expr)>,
    },
    In {
        member: Box<Expr>,
        negated: bool,
        container: Box<Expr>,
    },
    /// Right-associative, `and` and `or` on one level.
    Logic {
        first: Box<Expr>,
        rest: Vec<(Connective, Expr)>,
    },
    /// `if a then b else if c then d else e`, and `a ? b : c`.
    Choose {
        branches: Vec<(Expr, Expr)>,
        otherwise: Box<Expr>,
    },
    Match {
        clauses: Vec<(Expr, Expr)>,
        default: Box<Expr>,
    },
}
