use super::format_date::format_date;
use super::pattern::DatePattern;
use super::zone::Zone;
use crate::library::prelude::*;
use crate::node::Prepared;

pub(super) const DATE_FORMAT: Function = Function::new(
    "DATE_FORMAT",
    "A time as text.",
    &[
        required("format", "A format of Java's SimpleDateFormat such as `yyyy-MM-dd HH:mm:ss`.").null_gives("null"),
        optional("time", "Epoch milliseconds, or the name of a time zone for the time that is now. Null gives null, or stands for now when a zone follows.").of(Types::INTEGER.or(Types::TEXT)).left_out("now"),
        optional("zone", "The name of a time zone; one that is unknown is GMT. Null is UTC.").of(Types::TEXT).left_out("UTC"),
    ],
    "the text",
    date_format,
)
.prepared(|arguments| Ok(known(arguments).map(|known| Box::new(known) as Prepared)))
.gives(Types::TEXT.or(Types::NULL))
.clock_below(3)
.examples(&[
    ("DATE_FORMAT('yyyy-MM-dd HH:mm:ss', 1571163620277L, 'America/New_York')", "\"2019-10-15 14:20:20\""),
    ("DATE_FORMAT('EEEE, d MMMM yyyy', 0L)", "\"Thursday, 1 January 1970\""),
    ("DATE_FORMAT('yyyy', null)", "null"),
]);

fn date_format(call: &mut Call) -> Outcome {
    let format = call.any_text(0)?;
    let (time, zone) = match (call.len(), call.get(1)) {
        (0 | 1, _) => (None, None),
        (2, Value::Null) => return Ok(Value::Null),
        (2, Value::Str(zone)) => (None, Some(zone)),
        (2, Value::Long(_) | Value::Int(_)) => (call.get(1).as_i64(), None),
        (2, _) => return call.wrong(1, "epoch milliseconds or a time zone"),
        (_, Value::Null) => (None, call.text_or_null(2)?),
        (_, Value::Long(_) | Value::Int(_)) => (call.get(1).as_i64(), call.text_or_null(2)?),
        _ => return call.wrong(1, "epoch milliseconds"),
    };
    let Some(format) = format else {
        return Ok(Value::Null);
    };
    let known = call.prepared::<Known>();
    let parsed;
    let pattern = match known {
        Some(known) => &known.pattern,
        None => match DatePattern::parse(&format) {
            Ok(pattern) => {
                parsed = pattern;
                &parsed
            }
            Err(reason) => return call.fail(reason),
        },
    };
    let named;
    let zone = match (zone, known.and_then(|known| known.zone.as_ref())) {
        (Some(_), Some(zone)) => zone,
        (zone, _) => {
            named = zone.map_or_else(Zone::utc, |name| Zone::named(name));
            &named
        }
    };
    let time = time.unwrap_or_else(|| call.now_ms());
    Ok(Value::from(format_date(pattern, time, zone)))
}

/// A constant format, and the zone if that is constant too.
struct Known {
    pattern: DatePattern,
    zone: Option<Zone>,
}

fn known(arguments: &[Option<&Value>]) -> Option<Known> {
    let zone_at = if arguments.len() == 2 { 1 } else { 2 };
    let zone = match arguments.get(zone_at) {
        Some(Some(Value::Str(name))) => Some(Zone::named(name)),
        _ => None,
    };
    let pattern = constant_pattern(arguments.first())?;
    Some(Known { pattern, zone })
}

/// A constant format, parsed. One that is malformed is left to the calls: some of them do not need it.
pub(super) fn constant_pattern(format: Option<&Option<&Value>>) -> Option<DatePattern> {
    match format {
        Some(Some(Value::Str(format))) => DatePattern::parse(format).ok(),
        _ => None,
    }
}

/// A constant format with a constant zone, parsed.
pub(super) fn prepare(
    format: Option<&Option<&Value>>,
    zone: Option<&Option<&Value>>,
) -> Result<Option<Prepared>, Refused> {
    let zone = match zone {
        None | Some(Some(Value::Null)) => Zone::utc(),
        Some(Some(Value::Str(name))) => Zone::named(name),
        Some(_) => return Ok(None),
    };
    match format {
        Some(Some(Value::Str(format))) => {
            let pattern = DatePattern::parse(format).map_err(Refused::at(1))?;
            Ok(Some(Box::new((pattern, zone))))
        }
        _ => Ok(None),
    }
}
