use super::pattern::DatePattern;
use super::read_date::{Reading, read_date};
use super::zone::Zone;
use crate::library::prelude::*;

pub(super) const TO_EPOCH_TIMESTAMP: Function = Function::new(
    "TO_EPOCH_TIMESTAMP",
    "The time that a text names. Values beyond their ranges roll over; what follows the time is ignored.",
    &[
        required("time", "The text.").null_gives("null"),
        required("format", "A format of Java's SimpleDateFormat such as `yyyy-MM-dd HH:mm:ss`. A year of two digits is one from 80 years ago to 20 years ahead.").null_gives("null"),
        optional("zone", "The name of a time zone; one that is unknown is GMT.").defaults_to("UTC"),
    ],
    "epoch milliseconds; null when the text does not fit the format",
    to_epoch_timestamp,
)
.gives(Types::INTEGER.or(Types::NULL))
.prepared(|arguments| super::date_format::prepare(arguments.get(1), arguments.get(2)))
.examples(&[
    ("TO_EPOCH_TIMESTAMP('2016-01-05 17:02:30', 'yyyy-MM-dd HH:mm:ss', 'UTC')", "1452013350000"),
    ("TO_EPOCH_TIMESTAMP('2019-10-15 18:20:20', 'yyyy-MM-dd HH:mm:ss', 'Europe/Paris')", "1571156420000"),
    ("TO_EPOCH_TIMESTAMP('bad', 'yyyy')", "null"),
]);

fn to_epoch_timestamp(call: &mut Call) -> Outcome {
    let (Some(text), Some(format)) = (call.any_text(0)?, call.any_text(1)?) else {
        return Ok(Value::Null);
    };
    let parsed;
    let (pattern, zone) = match call.prepared::<(DatePattern, Zone)>() {
        Some((pattern, zone)) => (pattern, zone),
        None => {
            let zone = match call.any_text(2)? {
                Some(name) => Zone::named(&name),
                None => Zone::utc(),
            };
            match DatePattern::parse(&format) {
                Ok(pattern) => parsed = (pattern, zone),
                Err(reason) => return call.fail(reason),
            }
            (&parsed.0, &parsed.1)
        }
    };
    let reading = Reading {
        zone,
        now_ms: call.now_ms(),
        lenient: true,
    };
    Ok(read_date(pattern, &text, &reading).map_or(Value::Null, Value::Long))
}

/// The time in UTC that a text with all digits of its year names; nothing when it does not fit the format.
///
/// # Errors
/// What is wrong with the format.
pub(crate) fn read_time(text: &str, format: &str) -> Result<Option<i64>, String> {
    let pattern = DatePattern::parse(format)?;
    let reading = Reading {
        zone: &Zone::utc(),
        now_ms: 0,
        lenient: true,
    };
    Ok(read_date(&pattern, text, &reading))
}
