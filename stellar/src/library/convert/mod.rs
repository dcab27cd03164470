//! Conversions that give null where they cannot convert.

mod is_integer;
mod to_number;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    is_integer::IS_INTEGER,
    to_number::TO_INTEGER,
    to_number::TO_LONG,
    to_number::TO_FLOAT,
    to_number::TO_DOUBLE,
];
