use super::{PROPERTIES, TOPIC};
use crate::Availability;
use crate::library::prelude::*;

pub(super) const KAFKA_PUT: Function = Function::declared(
    "KAFKA_PUT",
    "Writes messages to a topic.",
    &[
        TOPIC,
        required("messages", "A message as text, or a list of them.")
            .of(Types::TEXT.or(Types::LIST)),
        PROPERTIES,
    ],
    "the number of messages written; in the rich view, a list with the place of each",
    Availability::Shell,
)
.gives(Types::INTEGER.or(Types::LIST))
.usage(&[
    "KAFKA_PUT('bro', '{\"ip_src_addr\": \"10.0.0.1\"}')",
    "KAFKA_PUT('bro', KAFKA_GET('bro', 3))",
]);
