use super::NO_PROFILER;
use crate::library::prelude::*;

const PROFILER: Parameter =
    required("profiler", "What PROFILER_INIT gives.").of_present(Types::OBJECT);

pub(super) const PROFILER_INIT: Function = Function::declared(
    "PROFILER_INIT",
    "A profiler to try a definition of profiles with.",
    &[required("config", "The definition of the profiles, as JSON.").of_present(Types::TEXT)],
    "the profiler",
    NO_PROFILER,
)
.gives(Types::OBJECT)
.usage(&["PROFILER_INIT(CONFIG_GET('PROFILER'))"]);

pub(super) const PROFILER_APPLY: Function = Function::declared(
    "PROFILER_APPLY",
    "Gives messages to a profiler.",
    &[
        required(
            "messages",
            "A message as JSON or as a map, or a list of them.",
        )
        .of(Types::TEXT.or(Types::MAP).or(Types::LIST)),
        PROFILER,
    ],
    "the profiler",
    NO_PROFILER,
)
.gives(Types::OBJECT)
.usage(&["PROFILER_APPLY('{\"ip_src_addr\": \"10.0.0.1\"}', profiler)"]);

pub(super) const PROFILER_FLUSH: Function = Function::declared(
    "PROFILER_FLUSH",
    "Ends the current period of a profiler.",
    &[PROFILER],
    "a list of maps, one for each value of a profile",
    NO_PROFILER,
)
.gives(Types::LIST)
.usage(&["PROFILER_FLUSH(profiler)"]);
