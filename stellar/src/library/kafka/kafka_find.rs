use super::{COUNT, PROPERTIES, TOPIC};
use crate::Availability;
use crate::library::prelude::*;

pub(super) const KAFKA_FIND: Function = Function::declared(
    "KAFKA_FIND",
    "Messages that arrive in a topic from now on and for which a condition holds.",
    &[
        TOPIC,
        required(
            "condition",
            "A lambda with one parameter: the message as a map. What is not JSON is skipped.",
        )
        .of(Types::LAMBDA),
        COUNT,
        PROPERTIES,
    ],
    "the list of messages",
    Availability::Shell,
)
.gives(Types::LIST)
.usage(&[
    "KAFKA_FIND('indexing', m -> MAP_GET('source.type', m) == 'squid')",
    "KAFKA_FIND('enrichments', m -> MAP_EXISTS('geo', m), 5)",
]);
