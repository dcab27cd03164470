use super::NO_PROFILER;
use crate::library::prelude::*;

pub(super) const PROFILE_WINDOW: Function = Function::declared(
    "PROFILE_WINDOW",
    "The periods of a profile that a sentence describes.",
    &[
        required("selector", "The sentence, in a small part of English.").of_present(Types::TEXT),
        optional("now", "Epoch milliseconds that count as now. The settings may stand here instead.")
            .of(Types::NUMBER.or(Types::TEXT).or(Types::MAP)),
        optional("config", "Settings that count before those of the global configuration.")
            .of(Types::MAP)
            .defaults_to("{}"),
    ],
    "the list of periods",
    NO_PROFILER,
)
.gives(Types::LIST)
.usage(&[
    "PROFILE_WINDOW('1 hour window every 24 hours from 14 days ago including the current day of the week')",
]);
