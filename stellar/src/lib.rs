//! Stellar, upstream's expression language: compiled once, evaluated often.
//!
//! [`compile`] turns a text into a [`Program`], or into [`Diagnostic`]s that point into the text. A program is evaluated
//! over a [`Scope`] (the fields of an event, usually several [`Layers`]) in a [`Context`] (global configuration, clock,
//! remote calls). The language follows upstream's `metron` dialect to the letter, including its unusual precedences.

mod character;
mod checker;
mod compiler;
pub mod config_code;
mod config_problem;
mod context;
mod convert;
mod diagnostic;
mod dialect;
mod error;
mod evaluate;
mod explain;
mod folding;
mod frame;
mod lambda;
mod lexer;
mod library;
mod membership;
mod node;
mod operators;
mod parser;
mod program;
mod runtime;
mod scope;
mod suggest;
mod syntax;
mod text;
mod tokens;
mod types;

pub use config_problem::ConfigProblem;
pub use context::{
    BUDGET_PROPERTY, Context, DEFAULT_BUDGET, NoRemote, RemoteCalls, RemoteOutcome, check_budget,
};
pub use diagnostic::{Diagnostic, Severity};
pub use dialect::{DIALECT, DIALECT_KEY, check_dialect};
pub use error::EvalError;
pub use explain::{Explanation, explain, explanations};
pub use library::{
    Availability, FunctionSpec, HostCall, HostFunction, Library, OnNull, Parameter, protocol_name,
};
pub use program::{Program, compile, compile_predicate};
pub use scope::{Layers, Place, Scope};
pub use tokens::{Token, TokenKind, tokens};
pub use types::Types;

/// Upstream's lenient conversions, for those who use what an expression gives.
pub mod conversion {
    pub use crate::convert::{to_bool, to_double, to_text};
    pub use crate::text::text;
}
