use super::period::{period_ms, periods};
use super::window::Window;
use super::window_text::parse;
use crate::convert::to_long;
use crate::library::prelude::*;

pub(super) const PROFILE_WINDOW: Function = Function::new(
    "PROFILE_WINDOW",
    "The periods of a profile that a sentence describes: `1 hour`, `from 2 hours ago to 1 hour ago`, \
     `30 minutes window every 1 hour from 8 hours ago including weekdays excluding date:2019/12/25`. Days are days of the \
     week, `weekdays`, `weekends`, `this day of the week` and dates, in UTC. How long a period is, is said by the settings \
     `profiler.client.period.duration` and `profiler.client.period.duration.units`: 15 MINUTES where they are absent.",
    &[
        required("selector", "The sentence.").of_present(Types::TEXT),
        optional(
            "now",
            "Epoch milliseconds that count as now. The settings may stand here instead.",
        )
        .of(Types::NUMBER.or(Types::MAP))
        .defaults_to("now"),
        optional(
            "config",
            "Settings that count before those of the global configuration.",
        )
        .of(Types::MAP)
        .defaults_to("{}"),
    ],
    "the list of periods, each a map with period, which is its number, period.start and period.end in epoch milliseconds",
    profile_window,
)
.gives(Types::LIST)
.clock_below(usize::MAX)
.prepared(|arguments| match arguments.first() {
    Some(Some(Value::Str(selector))) => {
        Ok(Some(Box::new(parse(selector).map_err(Refused::at(0))?)))
    }
    _ => Ok(None),
})
.examples(&[
    ("LENGTH(PROFILE_WINDOW('from 2 hours ago to 1 hour ago'))", "4"),
    (
        "LENGTH(PROFILE_WINDOW('1 hour window every 24 hours from 14 days ago including this day of the week'))",
        "8",
    ),
]);

fn profile_window(call: &mut Call) -> Outcome {
    let Some(selector) = call.text_or_null(0)? else {
        return call.wrong(0, "text");
    };
    let (now, config) = match call.get(1) {
        Value::Map(_) if call.get(2).is_null() => (None, 1),
        Value::Null | Value::Map(_) => (None, 2),
        number if number.is_number() => (to_long(number), 2),
        _ => return call.wrong(1, "epoch milliseconds or a map of settings"),
    };
    let length = period_ms(call, config)?;
    let read;
    let window = match call.prepared::<Window>() {
        Some(window) => window,
        None => match parse(selector) {
            Ok(window) => {
                read = window;
                &read
            }
            Err(reason) => return call.fail(reason),
        },
    };
    let now = now.unwrap_or(call.now_ms());
    let Some((beginnings, width)) = window.intervals(now) else {
        return call.fail("the window has too many intervals");
    };
    let is_inside = |time: i64| {
        let behind = beginnings.partition_point(|beginning| *beginning <= time);
        let beginning = behind.checked_sub(1).and_then(|at| beginnings.get(at));
        beginning.is_some_and(|beginning| time <= beginning.saturating_add(width))
    };
    let (start, end) = window.bounds(now);
    periods(call, start, end, length, is_inside)
}
