use super::NO_PROFILER;
use crate::library::prelude::*;

const PROFILE: Parameter = required("profile", "The name of the profile.").of(Types::TEXT);
const ENTITY: Parameter = required("entity", "The name of the entity.").of(Types::TEXT);
const PERIODS: Parameter = required(
    "periods",
    "The periods, such as PROFILE_FIXED and PROFILE_WINDOW give.",
)
.of(Types::LIST);
const GROUPS: Parameter = optional("groups", "The groups by which the profile is divided.")
    .of(Types::LIST.or(Types::TEXT))
    .defaults_to("[]");

pub(super) const PROFILE_GET: Function = Function::declared(
    "PROFILE_GET",
    "The values of a profile in some periods. A period without a value is left out, unless there is a \
     `profiler.default.value`.",
    &[
        PROFILE,
        ENTITY,
        PERIODS,
        GROUPS,
        optional("config", "Settings that count before those of the global configuration.")
            .of(Types::MAP.or(Types::TEXT))
            .defaults_to("{}"),
    ],
    "the list of values",
    NO_PROFILER,
)
.gives(Types::LIST)
.usage(&[
    "PROFILE_GET('logins', user, PROFILE_FIXED(4, 'HOURS'))",
    "PROFILE_GET('logins', user, PROFILE_FIXED(4, 'HOURS'), ['weekends'])",
]);

pub(super) const PROFILE_VERBOSE: Function = Function::declared(
    "PROFILE_VERBOSE",
    "The values of a profile in some periods, with all that is known of them.",
    &[PROFILE, ENTITY, PERIODS, GROUPS],
    "a list of maps with profile, entity, period, period.start, period.end, value and groups",
    NO_PROFILER,
)
.gives(Types::LIST)
.usage(&["PROFILE_VERBOSE('logins', user, PROFILE_FIXED(4, 'HOURS'))"]);
