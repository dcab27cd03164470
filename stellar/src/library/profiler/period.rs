use crate::EvalError;
use crate::convert::{to_long, to_text};
use crate::library::prelude::*;

/// Most periods that a call gives.
const MAX_PERIODS: i64 = 100_000;
/// How long a period is where nothing is configured, in milliseconds.
const USUAL_MS: i64 = 15 * 60 * 1_000;

/// The length of the periods, in milliseconds: as the settings at a place of the arguments have it, else as the global
/// configuration has it.
pub(super) fn period_ms(call: &Call, config_at: usize) -> Result<i64, EvalError> {
    let settings = call.map_or_null(config_at)?;
    let global = match call.runtime.global() {
        Value::Map(global) => Some(global),
        _ => None,
    };
    let setting = |key: &str| {
        let given = settings.and_then(|settings| settings.get_str(key));
        given.or_else(|| global.and_then(|global| global.get_str(key)))
    };
    let duration = setting("profiler.client.period.duration");
    let units = setting("profiler.client.period.duration.units");
    let duration = match duration {
        None => USUAL_MS / 60_000,
        Some(value) => match to_long(value) {
            Some(duration) => duration,
            None => return call.fail("`profiler.client.period.duration` must be a whole number"),
        },
    };
    let units = units.and_then(to_text);
    let milliseconds = match in_milliseconds(duration, units.as_deref().unwrap_or("MINUTES")) {
        Some(milliseconds) => milliseconds,
        None => {
            return call.fail("`profiler.client.period.duration.units` must be such as `MINUTES`");
        }
    };
    if milliseconds <= 0 {
        return call.fail("a period must be longer than 0 milliseconds");
    }
    Ok(milliseconds)
}

/// A duration in milliseconds, at the ends of the range when it is longer; nothing when there is no such unit.
pub(super) fn in_milliseconds(duration: i64, units: &str) -> Option<i64> {
    Some(match units {
        "NANOSECONDS" => duration / 1_000_000,
        "MICROSECONDS" => duration / 1_000,
        "MILLISECONDS" => duration,
        "SECONDS" => duration.saturating_mul(1_000),
        "MINUTES" => duration.saturating_mul(60 * 1_000),
        "HOURS" => duration.saturating_mul(60 * 60 * 1_000),
        "DAYS" => duration.saturating_mul(24 * 60 * 60 * 1_000),
        _ => return None,
    })
}

/// The periods from the one that holds `from` to the one that holds `to` and whose beginnings pass a test, as maps.
pub(super) fn periods(
    call: &Call,
    from: i64,
    to: i64,
    length: i64,
    test: impl Fn(i64) -> bool,
) -> Outcome {
    let (first, last) = (from / length, to.div_euclid(length));
    if first < 0 {
        return call.fail("there are no periods before 1970");
    }
    if last.saturating_sub(first) >= MAX_PERIODS {
        return call.fail(format_args!("more than {MAX_PERIODS} periods"));
    }
    let mut found = Vec::new();
    for number in first..=last {
        let start = number.saturating_mul(length);
        if !test(start) {
            continue;
        }
        let mut map = Map::with_capacity(3);
        map.insert_str("period", Value::Long(number));
        map.insert_str("period.start", Value::Long(start));
        map.insert_str("period.end", Value::Long(start.saturating_add(length)));
        found.push(Value::map(map));
    }
    Ok(Value::list(found))
}
