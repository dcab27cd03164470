use super::domain_name::{DomainName, domain_argument};
use crate::library::prelude::*;

pub(super) const DOMAIN_TO_TLD: Function = Function::new(
    "DOMAIN_TO_TLD",
    "The public suffix of a domain name, in lower case.",
    &[required("domain", "The domain name.")
        .of(Types::TEXT)
        .null_gives("null")],
    "the text; what follows the last dot when it is not a domain name; null for null",
    |call| {
        let Some(text) = domain_argument(call)? else {
            return Ok(Value::Null);
        };
        Ok(match DomainName::parse(text) {
            Some(name) => Value::str(&name.written_suffix()),
            None => Value::str(text.rsplit('.').next().unwrap_or_default()),
        })
    },
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("DOMAIN_TO_TLD('www.google.co.uk')", "\"co.uk\""),
    ("DOMAIN_TO_TLD('foo.github.io')", "\"github.io\""),
    ("DOMAIN_TO_TLD('1.2.3.4')", "\"4\""),
    ("DOMAIN_TO_TLD(null)", "null"),
]);
