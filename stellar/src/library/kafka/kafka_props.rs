use super::PROPERTIES;
use crate::Availability;
use crate::library::prelude::*;

pub(super) const KAFKA_PROPS: Function = Function::declared(
    "KAFKA_PROPS",
    "The Kafka properties that count: the usual ones, over them those of the global configuration, over them the argument.",
    &[PROPERTIES],
    "the map of properties",
    Availability::Shell,
)
.gives(Types::MAP)
.usage(&[
    "KAFKA_PROPS()",
    "KAFKA_PROPS({'stellar.kafka.message.view': 'rich'})",
]);
