//! What nearly every function needs.

pub(crate) use alidade_event::{Map, Set, Str, Value};

pub(crate) use super::function::{Call, Function, Outcome, Refused};
pub(crate) use super::spec::Parameter;
pub(crate) use crate::Types;

/// What may stand for a number where conversion is lenient: a collection stands for its first member.
pub(crate) const NUMERIC: Types = Types::ANY.without(Types::MAP.or(Types::LAMBDA).or(Types::NULL));

pub(crate) const fn required(name: &'static str, description: &'static str) -> Parameter {
    Parameter::required(name, description)
}

pub(crate) const fn optional(name: &'static str, description: &'static str) -> Parameter {
    Parameter::optional(name, description)
}

pub(crate) const fn repeated(name: &'static str, description: &'static str) -> Parameter {
    Parameter::repeated(name, description)
}
