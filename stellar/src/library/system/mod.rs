//! Functions that look at the process.

mod environment;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    environment::SYSTEM_ENV_GET,
    environment::SYSTEM_PROPERTY_GET,
];
