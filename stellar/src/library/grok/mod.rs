//! The functions that try Grok patterns. What they do happens in the shell.

mod grok_eval;
mod grok_predict;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[grok_eval::GROK_EVAL, grok_predict::GROK_PREDICT];
