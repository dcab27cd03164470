use super::date_format::constant_pattern;
use super::pattern::DatePattern;
use super::read_date::{Reading, read_date};
use super::zone::Zone;
use crate::library::prelude::*;
use crate::node::Prepared;

pub(super) const IS_DATE: Function = Function::new(
    "IS_DATE",
    "Whether a text names a time, with all values in their ranges.",
    &[
        optional("time", "The value, by its text.").null_gives("false"),
        optional("format", "A format of Java's SimpleDateFormat.").null_gives("false"),
    ],
    "true or false; false for null and when the format is missing",
    is_date,
)
.prepared(|arguments| Ok(constant_pattern(arguments.get(1)).map(|it| Box::new(it) as Prepared)))
.gives(Types::BOOLEAN)
.examples(&[
    ("IS_DATE('2019-10-15', 'yyyy-MM-dd')", "true"),
    ("IS_DATE('2019-13-15', 'yyyy-MM-dd')", "false"),
    ("IS_DATE('15 Oct 2019', 'dd MMM yyyy')", "true"),
    ("IS_DATE('2019')", "false"),
]);

fn is_date(call: &mut Call) -> Outcome {
    let (Some(text), Some(format)) = (call.any_text(0)?, call.any_text(1)?) else {
        return Ok(Value::Bool(false));
    };
    let parsed;
    let pattern = match call.prepared::<DatePattern>() {
        Some(pattern) => pattern,
        None => match DatePattern::parse(&format) {
            Ok(pattern) => {
                parsed = pattern;
                &parsed
            }
            Err(reason) => return call.fail(reason),
        },
    };
    let reading = Reading {
        zone: &Zone::utc(),
        now_ms: call.now_ms(),
        lenient: false,
    };
    Ok(Value::Bool(read_date(pattern, &text, &reading).is_some()))
}
