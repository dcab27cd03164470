//! Configuration documents as JSON, read the way upstream reads them, with places kept so that a fault can be shown.

mod comments;
mod duplicates;
mod locate;
mod pretty;
mod reader;

pub use locate::{key_of, locate, raw_span_in_string};
pub use pretty::to_pretty;
pub use reader::{JsonDocument, MAX_DOCUMENT_BYTES, child};
