use std::borrow::Cow;

use smol_str::SmolStrBuilder;

use super::domain_name::{DomainName, domain_argument};
use crate::library::prelude::*;

pub(super) const DOMAIN_REMOVE_SUBDOMAINS: Function = Function::new(
    "DOMAIN_REMOVE_SUBDOMAINS",
    "The public suffix of a domain name with the one label before it.",
    &[optional("domain", "The domain name.")
        .of(Types::TEXT)
        .null_gives("null")],
    "the text; null when it is not a domain name",
    domain_remove_subdomains,
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    (
        "DOMAIN_REMOVE_SUBDOMAINS('www.aliexpress.com')",
        "\"aliexpress.com\"",
    ),
    (
        "DOMAIN_REMOVE_SUBDOMAINS('www.google.co.uk')",
        "\"google.co.uk\"",
    ),
    (
        "DOMAIN_REMOVE_SUBDOMAINS('WWW.Google.CO.UK')",
        "\"Google.co.uk\"",
    ),
    ("DOMAIN_REMOVE_SUBDOMAINS('com')", "\"com\""),
    ("DOMAIN_REMOVE_SUBDOMAINS('10.0.0.1')", "null"),
    ("DOMAIN_REMOVE_SUBDOMAINS(null)", "null"),
]);

fn domain_remove_subdomains(call: &mut Call) -> Outcome {
    let Some(text) = domain_argument(call)? else {
        return Ok(Value::Null);
    };
    let Some(name) = DomainName::parse(text) else {
        return Ok(Value::Null);
    };
    if name.labels.is_empty() {
        return Ok(Value::Str(text.clone()));
    }
    let label = name.labels.rsplit('.').next().unwrap_or_default();
    let suffix = name.written_suffix();
    if let Cow::Borrowed(suffix) = suffix {
        // Label and suffix stand there as they are to be written, with the dot between them.
        let without_root = text.strip_suffix('.').unwrap_or(text);
        let start = without_root.len() - suffix.len() - 1 - label.len();
        return Ok(without_root.get(start..).map_or(Value::Null, Value::str));
    }
    let mut registered = SmolStrBuilder::new();
    registered.push_str(label);
    registered.push('.');
    registered.push_str(&suffix);
    Ok(Value::Str(registered.finish()))
}
