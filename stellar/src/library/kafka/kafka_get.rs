use super::{COUNT, PROPERTIES, TOPIC};
use crate::Availability;
use crate::library::prelude::*;

pub(super) const KAFKA_GET: Function = Function::declared(
    "KAFKA_GET",
    "Messages of a topic, from where the last call has stopped. It waits `stellar.kafka.max.wait.millis` at most.",
    &[TOPIC, COUNT, PROPERTIES],
    "the list of messages: texts, or maps in the rich view",
    Availability::Shell,
)
.gives(Types::LIST)
.usage(&[
    "KAFKA_GET('bro')",
    "KAFKA_GET('bro', 10, {'auto.offset.reset': 'earliest'})",
]);

pub(super) const KAFKA_TAIL: Function = Function::declared(
    "KAFKA_TAIL",
    "Messages that arrive in a topic from now on. It waits `stellar.kafka.max.wait.millis` at most.",
    &[TOPIC, COUNT, PROPERTIES],
    "the list of messages: texts, or maps in the rich view",
    Availability::Shell,
)
.gives(Types::LIST)
.usage(&["KAFKA_TAIL('bro')", "KAFKA_TAIL('bro', 10)"]);
