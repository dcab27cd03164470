use std::net::{Ipv4Addr, Ipv6Addr};

use crate::library::prelude::*;
use crate::operators::borrowed_text;

pub(super) const IS_IP: Function = Function::new(
    "IS_IP",
    "Whether a value is an IP address.",
    &[
        optional("address", "The value, by its text.").null_gives("false"),
        optional("type", "`IPV4` or `IPV6`; with anything else both will do.").null_is_absent(),
    ],
    "true or false; false for null",
    |call| {
        if call.get(0).is_null() {
            return Ok(Value::Bool(false));
        }
        let text = borrowed_text(call.get(0))?;
        Ok(Value::Bool(match call.get(1).as_str() {
            Some("IPV4") => is_v4(&text),
            Some("IPV6") => is_v6(&text),
            _ => is_v4(&text) || is_v6(&text),
        }))
    },
)
.gives(Types::BOOLEAN)
.examples(&[
    ("IS_IP('10.0.0.1')", "true"),
    ("IS_IP('10.0.0.01')", "false"),
    ("IS_IP('::1', 'IPV6')", "true"),
    ("IS_IP('::1', 'IPV4')", "false"),
    ("IS_IP('fe80::1%eth0')", "false"),
    ("IS_IP(null)", "false"),
]);

pub(super) fn is_v4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

pub(super) fn is_v6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}
