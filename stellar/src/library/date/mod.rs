//! Functions on times, in the manner of Java's `SimpleDateFormat` and `GregorianCalendar`.

mod calendar;
mod calendar_fields;
mod date_format;
mod format_date;
mod is_date;
mod names;
mod pattern;
mod read_date;
mod to_epoch_timestamp;
mod zone;

pub(super) use format_date::format_conversion;
pub(super) use to_epoch_timestamp::read_time;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    calendar_fields::DAY_OF_MONTH,
    calendar_fields::DAY_OF_WEEK,
    calendar_fields::DAY_OF_YEAR,
    calendar_fields::MONTH,
    calendar_fields::WEEK_OF_MONTH,
    calendar_fields::WEEK_OF_YEAR,
    calendar_fields::YEAR,
    date_format::DATE_FORMAT,
    is_date::IS_DATE,
    to_epoch_timestamp::TO_EPOCH_TIMESTAMP,
];
