use crate::Availability;
use crate::library::prelude::*;

pub(super) const KAFKA_FIND: Function = Function::declared(
    "KAFKA_FIND",
    "Messages that arrive in a topic from now on and for which a condition holds.",
    &[
        required("topic", "The name of the topic.").of(Types::TEXT),
        required(
            "condition",
            "A lambda with one parameter: the message as a map.",
        )
        .of(Types::LAMBDA),
        optional("count", "How many messages are wanted; 1 when absent.").of(Types::NUMBER),
        optional(
            "properties",
            "Kafka properties that count before those of the global configuration.",
        )
        .of(Types::MAP),
    ],
    "the list of messages",
    Availability::Shell,
)
.gives(Types::LIST);
