use super::domain_name::lower;
use super::punycode;
use crate::library::all_texts::all;
use crate::library::prelude::*;

pub(super) const IS_DOMAIN: Function = Function::new(
    "IS_DOMAIN",
    "Whether all values are domain names with a known top level.",
    &[repeated("domains", "The values, by their texts.").null_gives("false")],
    "true or false; false for null and for no values",
    |call| all(call, is_domain),
)
.gives(Types::BOOLEAN)
.examples(&[
    ("IS_DOMAIN('metron.io')", "true"),
    ("IS_DOMAIN('www.google.co.uk.', 'bücher.de')", "true"),
    ("IS_DOMAIN('google.zzz')", "false"),
    ("IS_DOMAIN('localhost')", "false"),
    ("IS_DOMAIN('a_b.com')", "false"),
    ("IS_DOMAIN()", "false"),
]);

pub(super) fn is_domain(text: &str) -> bool {
    let Some(name) = to_ascii(text) else {
        return false;
    };
    let name = name.strip_suffix('.').unwrap_or(&name);
    let Some((labels, top)) = name.rsplit_once('.') else {
        return false;
    };
    name.len() <= 253
        && labels.split('.').all(is_label)
        && is_label(top)
        && top.starts_with(|c: char| c.is_ascii_alphabetic())
        && is_top_level(top)
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let ends_right = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && ends_right(bytes.first())
        && ends_right(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

fn is_top_level(label: &str) -> bool {
    let label = lower(label);
    if label == "arpa" {
        return true;
    }
    let decoded = label.strip_prefix("xn--").and_then(punycode::decode);
    let name = decoded.as_deref().unwrap_or(&label);
    psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// A name with its labels that are not ASCII in their encoded form.
fn to_ascii(text: &str) -> Option<String> {
    if text.len() > 1024 {
        return None;
    }
    if text.is_ascii() {
        return Some(text.to_owned());
    }
    let labels: Option<Vec<String>> = text
        .split('.')
        .map(|label| match label.is_ascii() {
            true => Some(label.to_owned()),
            false => Some(format!("xn--{}", punycode::encode(&label.to_lowercase())?)),
        })
        .collect();
    Some(labels?.join("."))
}
