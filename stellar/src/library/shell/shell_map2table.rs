use crate::Availability;
use crate::library::prelude::*;

pub(super) const SHELL_MAP2TABLE: Function = Function::declared(
    "SHELL_MAP2TABLE",
    "A map as a table that people can read.",
    &[optional("map", "The map; of null the table is empty.").of(Types::MAP)],
    "a table of keys and values, as text; null without an argument",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&["SHELL_MAP2TABLE({'host': 'cnn.com', 'port': 443})"]);
