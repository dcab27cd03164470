use super::protocol_names::protocol_name;
use crate::convert::to_int;
use crate::library::prelude::*;

pub(super) const PROTOCOL_TO_NAME: Function = Function::new(
    "PROTOCOL_TO_NAME",
    "The name of an IP protocol.",
    &[required("protocol", "The number that IANA has given to it.").null_gives("null")],
    "the name; the argument itself when there is none",
    |call| {
        let name = to_int(call.get(0)).and_then(|number| protocol_name(i64::from(number)));
        Ok(match name {
            Some(name) => Value::Str(Str::new_static(name)),
            None => call.take(0),
        })
    },
)
.examples(&[
    ("PROTOCOL_TO_NAME('6')", "\"TCP\""),
    ("PROTOCOL_TO_NAME(17)", "\"UDP\""),
    ("PROTOCOL_TO_NAME(142)", "\"ROHC\""),
    ("PROTOCOL_TO_NAME(58)", "\"IPv6-ICMP\""),
    ("PROTOCOL_TO_NAME(999)", "999"),
    ("PROTOCOL_TO_NAME(61)", "61"),
    ("PROTOCOL_TO_NAME(null)", "null"),
]);
