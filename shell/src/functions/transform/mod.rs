//! `PARSER_STELLAR_TRANSFORM_*` and `ENRICHMENT_STELLAR_TRANSFORM_*`: expressions in configuration documents.
//!
//! Text in, text out: whatever is not changed keeps its place and its value.

mod document;
mod enrichment;
mod parser;

use super::Bodies;
use super::body::body;
pub(super) use document::{Document, member};

pub(super) fn bodies() -> Bodies {
    vec![
        ("ENRICHMENT_STELLAR_TRANSFORM_ADD", body(enrichment::add)),
        (
            "ENRICHMENT_STELLAR_TRANSFORM_PRINT",
            body(enrichment::print),
        ),
        (
            "ENRICHMENT_STELLAR_TRANSFORM_REMOVE",
            body(enrichment::remove),
        ),
        ("PARSER_STELLAR_TRANSFORM_ADD", body(parser::add)),
        ("PARSER_STELLAR_TRANSFORM_PRINT", body(parser::print)),
        ("PARSER_STELLAR_TRANSFORM_REMOVE", body(parser::remove)),
    ]
}
