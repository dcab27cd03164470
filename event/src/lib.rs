//! What flows through Alidade: events, their values, where they came from, and what went wrong.
//!
//! An [`Event`] is one flat JSON object with ordered fields. A [`Value`] keeps the numeric width that upstream's Stellar
//! depends on (`Int` and `Long` are different types there). An [`Origin`] names the Kafka record an event came from, so
//! that a replay gives the same guid. An [`ErrorRecord`] is upstream's error message.

mod error_record;
mod event;
pub mod field;
mod json_read;
mod json_write;
mod origin;
mod value;

pub use error_record::{ErrorRecord, ErrorType, RawMessage};
pub use event::Event;
pub use json_read::{JsonError, NumberStyle, read_value};
pub use json_write::{write_double, write_float, write_string};
pub use origin::Origin;
pub use value::{Map, Object, Set, Str, Value};

/// Name of a field. Cheap to clone: inline up to 23 bytes, shared beyond.
pub type FieldName = smol_str::SmolStr;
