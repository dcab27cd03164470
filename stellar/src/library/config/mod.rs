//! The functions that read and change configurations. What they do happens in the shell.

mod config_get;
mod config_put;
mod enrichment_transform;
mod indexing;
mod parser_transform;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    config_get::CONFIG_GET,
    config_put::CONFIG_PUT,
    enrichment_transform::ENRICHMENT_STELLAR_TRANSFORM_ADD,
    enrichment_transform::ENRICHMENT_STELLAR_TRANSFORM_PRINT,
    enrichment_transform::ENRICHMENT_STELLAR_TRANSFORM_REMOVE,
    indexing::INDEXING_SET_BATCH,
    indexing::INDEXING_SET_ENABLED,
    indexing::INDEXING_SET_INDEX,
    parser_transform::PARSER_STELLAR_TRANSFORM_ADD,
    parser_transform::PARSER_STELLAR_TRANSFORM_PRINT,
    parser_transform::PARSER_STELLAR_TRANSFORM_REMOVE,
];
