use super::calendar::Fields;
use crate::convert::to_long;
use crate::library::prelude::*;

const TIME: Parameter = optional("time", "Epoch milliseconds.")
    .left_out("now")
    .null_gives("null");

/// One parameter, a whole number as the value: what all of these have in common.
macro_rules! field {
    ($name:ident, $description:literal, $code:expr, $examples:expr) => {
        pub(super) const $name: Function = Function::new(
            stringify!($name),
            $description,
            &[TIME],
            "the number, in UTC; null when the argument is no time",
            |call| of_time(call, $code),
        )
        .gives(Types::INTEGER.or(Types::NULL))
        .clock_below(1)
        .examples($examples);
    };
}

field!(
    DAY_OF_WEEK,
    "The day of the week; Sunday is 1.",
    |fields| fields.day_of_week(),
    &[
        ("DAY_OF_WEEK(0L)", "5"),
        ("DAY_OF_WEEK('0')", "5"),
        ("DAY_OF_WEEK(null)", "null")
    ]
);
field!(
    DAY_OF_MONTH,
    "The day of the month, from 1 on.",
    |fields| fields.date.day,
    &[("DAY_OF_MONTH(1583020799999L)", "29")]
);
field!(
    DAY_OF_YEAR,
    "The day of the year, from 1 on.",
    |fields| fields.day_of_year(),
    &[("DAY_OF_YEAR(1571163620277L)", "288")]
);
field!(
    MONTH,
    "The month; January is 0.",
    |fields| fields.date.month - 1,
    &[("MONTH(1487348800000L)", "1")]
);
field!(
    YEAR,
    "The year.",
    |fields| fields.year_of_era(),
    &[
        ("YEAR(1571163620277L)", "2019"),
        ("YEAR('no time')", "null")
    ]
);
field!(
    WEEK_OF_MONTH,
    "The week of the month, from 1 on; weeks begin on Sunday.",
    |fields| fields.week_of_month(),
    &[("WEEK_OF_MONTH(1571163620277L)", "3")]
);
field!(
    WEEK_OF_YEAR,
    "The week of the year, from 1 on; weeks begin on Sunday, and 1 January is in the first.",
    |fields| fields.week_of_year(),
    &[("WEEK_OF_YEAR(1583020799999L)", "9")]
);

fn of_time(call: &mut Call, field: fn(&Fields) -> i64) -> Outcome {
    let time = match call.len() {
        0 => Some(call.now_ms()),
        _ => to_long(call.get(0)),
    };
    let value = time.map(|time| field(&Fields::of_local_ms(time)));
    Ok(match value.and_then(|value| i32::try_from(value).ok()) {
        Some(value) => Value::Int(value),
        None => Value::Null,
    })
}
