use super::domain_name::{DomainName, domain_argument, lower};
use crate::library::prelude::*;

pub(super) const DOMAIN_TO_TLD: Function = Function::new(
    "DOMAIN_TO_TLD",
    "The public suffix of a domain name, in lower case.",
    &[optional("domain", "The domain name.")],
    "the text; what follows the last dot when it is not a domain name; null for null",
    |call| {
        let Some(text) = domain_argument(call)? else {
            return Ok(Value::Null);
        };
        let suffix = match DomainName::parse(text) {
            Some(name) => name.suffix,
            None => text.rsplit('.').next().unwrap_or_default(),
        };
        Ok(Value::str(&lower(suffix)))
    },
)
.examples(&[
    ("DOMAIN_TO_TLD('www.google.co.uk')", "\"co.uk\""),
    ("DOMAIN_TO_TLD('foo.github.io')", "\"github.io\""),
    ("DOMAIN_TO_TLD('1.2.3.4')", "\"4\""),
    ("DOMAIN_TO_TLD(null)", "null"),
]);
