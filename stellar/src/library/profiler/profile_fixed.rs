use super::period::{in_milliseconds, period_ms, periods};
use crate::convert::to_long;
use crate::library::prelude::*;

pub(super) const PROFILE_FIXED: Function = Function::new(
    "PROFILE_FIXED",
    "The periods of a profile from some time ago until now. How long a period is, is said by the settings \
     `profiler.client.period.duration` and `profiler.client.period.duration.units`: 15 MINUTES where they are absent.",
    &[
        required("durationAgo", "How long ago the first period is.").of_present(NUMERIC),
        required(
            "units",
            "The unit of the duration: `DAYS`, `HOURS`, `MINUTES`, `SECONDS`, `MILLISECONDS`.",
        )
        .of_present(Types::TEXT),
        optional(
            "config",
            "Settings that count before those of the global configuration.",
        )
        .of(Types::MAP)
        .defaults_to("{}"),
    ],
    "the list of periods, each a map with period, which is its number, period.start and period.end in epoch milliseconds",
    profile_fixed,
)
.gives(Types::LIST)
.clock_below(usize::MAX)
.examples(&[
    ("LENGTH(PROFILE_FIXED(4, 'HOURS'))", "17"),
    (
        "LENGTH(PROFILE_FIXED(4, 'HOURS', {'profiler.client.period.duration': 60}))",
        "5",
    ),
]);

fn profile_fixed(call: &mut Call) -> Outcome {
    let Some(duration) = to_long(call.get(0)) else {
        return call.wrong(0, "a whole number");
    };
    let Some(units) = call.text_or_null(1)? else {
        return call.wrong(1, "a unit of time");
    };
    let Some(ago) = in_milliseconds(duration, units) else {
        return call.wrong(1, "a unit of time such as `HOURS`");
    };
    let length = period_ms(call, 2)?;
    let now = call.now_ms();
    periods(call, now.saturating_sub(ago), now, length, |_| true)
}
