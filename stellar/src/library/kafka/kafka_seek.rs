use super::{PROPERTIES, TOPIC};
use crate::Availability;
use crate::library::prelude::*;

const NUMBER: Types = Types::NUMBER.or(Types::TEXT);

pub(super) const KAFKA_SEEK: Function = Function::declared(
    "KAFKA_SEEK",
    "The message at a place of a topic.",
    &[
        TOPIC,
        required("partition", "The number of the partition.").of(NUMBER),
        required("offset", "The offset in the partition.").of(NUMBER),
        PROPERTIES,
    ],
    "the message: a text, or a map in the rich view; null when there is none",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::MAP).or(Types::NULL))
.usage(&["KAFKA_SEEK('bro', 0, 125)"]);
