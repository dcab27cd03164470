use super::NO_PROFILER;
use crate::library::prelude::*;

pub(super) const PROFILE_FIXED: Function = Function::declared(
    "PROFILE_FIXED",
    "The periods of a profile from some time ago until now.",
    &[
        required("durationAgo", "How long ago the first period is.")
            .of_present(Types::NUMBER.or(Types::TEXT)),
        required(
            "units",
            "The unit of the duration: `DAYS`, `HOURS`, `MINUTES`, `SECONDS` and so on.",
        )
        .of_present(Types::TEXT),
        optional(
            "config",
            "Settings that count before those of the global configuration.",
        )
        .of(Types::MAP)
        .defaults_to("{}"),
    ],
    "the list of periods",
    NO_PROFILER,
)
.gives(Types::LIST)
.usage(&["PROFILE_FIXED(4, 'HOURS')"]);
