//! The functions that look something up in a store.

mod enrichment_get;
mod enrichment_object_get;
mod object_get;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    enrichment_get::ENRICHMENT_EXISTS,
    enrichment_get::ENRICHMENT_GET,
    enrichment_object_get::ENRICHMENT_OBJECT_GET,
    object_get::OBJECT_GET,
];
