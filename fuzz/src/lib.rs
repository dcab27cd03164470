//! Hostile inputs for everything that reads text from outside: made, run, judged, and shrunk when they break something.
//!
//! A [`Target`] takes bytes and says whether what they were read by kept its promises. [`engine`] makes the bytes: written
//! anew by a grammar, or altered from a corpus that grows by every input that shows something new. [`supervisor`] runs
//! that in processes of their own, so that an overflowing stack or an endless loop is a finding as well.

pub mod engine;
mod grammar;
mod mutate;
mod observed;
mod random;
mod scope;
pub mod supervisor;
pub mod targets;

pub use observed::Observed;
pub use random::Random;
pub use targets::{Target, Violation};
