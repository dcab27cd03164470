use super::domain_name::{DomainName, domain_argument};
use crate::library::prelude::*;

pub(super) const DOMAIN_REMOVE_TLD: Function = Function::new(
    "DOMAIN_REMOVE_TLD",
    "A domain name without its public suffix.",
    &[required("domain", "The domain name.")
        .of(Types::TEXT)
        .null_gives("null")],
    "the text; empty when the name is a suffix; null when it is not a domain name",
    |call| {
        let name = domain_argument(call)?.and_then(|text| DomainName::parse(text));
        Ok(name.map_or(Value::Null, |name| Value::str(name.labels)))
    },
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("DOMAIN_REMOVE_TLD('www.google.co.uk')", "\"www.google\""),
    ("DOMAIN_REMOVE_TLD('com')", "\"\""),
    ("DOMAIN_REMOVE_TLD('192.168.1.1')", "null"),
]);
