//! The functions that read and write topics. What they do happens in the shell.

mod kafka_find;
mod kafka_get;
mod kafka_props;
mod kafka_put;
mod kafka_seek;

use super::function::Function;
use super::prelude::{Parameter, Types, optional, required};

const TOPIC: Parameter = required("topic", "The name of the topic.").of(Types::TEXT);
const COUNT: Parameter = optional("count", "How many messages are wanted.")
    .of(Types::NUMBER.or(Types::TEXT))
    .defaults_to("1");
const PROPERTIES: Parameter = optional(
    "properties",
    "Kafka properties that count before those of the global configuration. \
     `stellar.kafka.message.view` is `simple` for the values of the messages, `rich` for maps that tell \
     topic, partition, offset, timestamp, key and value.",
)
.of(Types::MAP)
.defaults_to("{}");

pub(super) const FUNCTIONS: &[Function] = &[
    kafka_find::KAFKA_FIND,
    kafka_get::KAFKA_GET,
    kafka_get::KAFKA_TAIL,
    kafka_props::KAFKA_PROPS,
    kafka_put::KAFKA_PUT,
    kafka_seek::KAFKA_SEEK,
];
