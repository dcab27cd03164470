use crate::Availability;
use crate::library::prelude::*;

pub(super) const GROK_PREDICT: Function = Function::declared(
    "GROK_PREDICT",
    "A Grok pattern that may fit a text.",
    &[required("input", "The text.").null_gives("null")],
    "the pattern; null when the argument is not text",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&["GROK_PREDICT('1467011157.401 415 127.0.0.1 TCP_MISS/200')"]);
