//! The functions that read and write topics. What they do happens in the shell.

mod kafka_find;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[kafka_find::KAFKA_FIND];
