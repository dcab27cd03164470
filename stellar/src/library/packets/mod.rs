//! The functions of the packet query.

mod bytearray_matcher;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[bytearray_matcher::BYTEARRAY_MATCHER];
