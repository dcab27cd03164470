//! Functions with regular expressions.

mod pattern;
mod plain;
mod regexp_group_val;
mod regexp_match;
mod regexp_replace;
mod translate;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    regexp_group_val::REGEXP_GROUP_VAL,
    regexp_match::REGEXP_MATCH,
    regexp_replace::REGEXP_REPLACE,
];
