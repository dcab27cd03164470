use crate::Availability;
use crate::library::prelude::*;

pub(super) const ENRICHMENT_OBJECT_GET: Function = Function::declared(
    "ENRICHMENT_OBJECT_GET",
    "What a map that is stored as a file in HDFS says about an indicator.",
    &[
        required("path", "The path of the file.")
            .of(Types::TEXT)
            .null_gives("null"),
        required("indicator", "The key in the map.")
            .of(Types::TEXT)
            .null_gives("null"),
    ],
    "the value; null when there is none",
    Availability::Nowhere("stored objects are Java's own and are not read here"),
)
.exact()
.usage(&["ENRICHMENT_OBJECT_GET('/apps/metron/objects/alexa.ser', domain)"]);
