use super::is_domain::is_domain;
use super::is_ip::{is_v4, is_v6};
use crate::library::all_texts::all;
use crate::library::prelude::*;

pub(super) const IS_URL: Function = Function::new(
    "IS_URL",
    "Whether all values are URLs of http, https or ftp, at an address or a domain with a known top level.",
    &[repeated("urls", "The values, by their texts.").null_gives("false")],
    "true or false; false for null and for no values",
    |call| all(call, is_url),
)
.gives(Types::BOOLEAN)
.examples(&[
    ("IS_URL('https://metron.io:8443/a?b=c#d', 'ftp://10.0.0.1/')", "true"),
    ("IS_URL('gopher://metron.io')", "false"),
    ("IS_URL('http://localhost/')", "false"),
    ("IS_URL('http://a b.com/')", "false"),
    ("IS_URL('metron.io')", "false"),
]);

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    if !["http", "https", "ftp"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(scheme))
    {
        return false;
    }
    let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    is_authority(authority) && is_path(path) && !query.contains(char::is_whitespace)
}

fn is_authority(authority: &str) -> bool {
    let host = match authority.split_once('@') {
        None => authority,
        Some((user, host)) => {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'();:&=+$,%".contains(c);
            if !user.chars().all(allowed) {
                return false;
            }
            host
        }
    };
    if let Some(literal) = host.strip_prefix('[') {
        return literal
            .split_once(']')
            .is_some_and(|(address, port)| is_v6(address) && (port.is_empty() || is_port(port)));
    }
    let (host, port) = match host.find(':') {
        Some(at) => host.split_at(at),
        None => (host, ""),
    };
    (is_domain(host) || is_v4(host)) && (port.is_empty() || is_port(port))
}

/// A colon and a port; the port may be missing.
fn is_port(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(':') else {
        return false;
    };
    digits.is_empty()
        || (digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok())
}

fn is_path(path: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_:@&?=+,.!/~*'%$;()".contains(c);
    if !path.chars().all(allowed) || path.contains("//") {
        return false;
    }
    // More steps up than down leave the host.
    let mut depth = 0i64;
    for segment in path
        .split('/')
        .filter(|segment| !segment.is_empty() && *segment != ".")
    {
        depth += if segment == ".." { -1 } else { 1 };
        if depth < 0 {
            return false;
        }
    }
    true
}
