//! The parser stage: bytes of a record become events, events are transformed, filtered and validated.
//!
//! A sensor's document ([`SensorParserConfig`]) is compiled once into a [`SensorParser`], which is shared by threads. Each
//! thread keeps a [`Scratch`] and calls [`SensorParser::parse`] for one [`Record`] after another.

mod charset;
mod config;
mod csv_line;
mod dates;
mod filter;
mod given;
mod grok;
mod java_order;
mod json;
mod lenient;
pub mod offline;
mod raw;
mod regex;
mod sensor;
mod sensors;
mod transform;
mod validate;

pub use alidade_stellar::ConfigProblem;
pub use config::{FieldTransformationConfig, RawMessageStrategy, SensorParserConfig, Settings};
pub use given::GivenFields;
pub use grok::{BuiltInPatterns, GrokExpression, PatternSource, predict_grok};
pub use sensor::{DropReason, ParsedRecord, PendingEvent, Record, Scratch, SensorParser};
pub use validate::GlobalParserSettings;
