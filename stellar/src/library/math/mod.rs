//! Functions on numbers.

mod bin;
mod extremum;
mod is_nan;
mod it_entropy;
mod unary;

pub(super) use bin::bin;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    bin::BIN,
    extremum::MAX,
    extremum::MIN,
    is_nan::IS_NAN,
    it_entropy::IT_ENTROPY,
    unary::ABS,
    unary::CEILING,
    unary::COS,
    unary::EXP,
    unary::FLOOR,
    unary::LN,
    unary::LOG10,
    unary::LOG2,
    unary::ROUND,
    unary::SIN,
    unary::SQRT,
    unary::TAN,
];
