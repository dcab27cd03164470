use crate::Availability;
use crate::library::prelude::*;

pub(super) const OBJECT_GET: Function = Function::declared(
    "OBJECT_GET",
    "An object that is stored as a file in HDFS.",
    &[optional("path", "The path of the file.")
        .of(Types::TEXT)
        .null_gives("null")],
    "the object",
    Availability::Nowhere("stored objects are Java's own and are not read here"),
)
.usage(&["OBJECT_GET('/apps/metron/objects/alexa.ser')"]);
