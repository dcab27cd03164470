//! URLs as `java.net.URL` takes them apart: lenient, and only for the schemes that it knows.

use std::borrow::Cow;
use std::net::Ipv6Addr;

/// The parts of a URL, as slices of it.
#[derive(Debug, PartialEq)]
pub(super) struct JavaUrl<'u> {
    pub protocol: &'static str,
    /// In the case of the URL, with the brackets of IPv6, without user information. May be empty.
    pub host: &'u str,
    /// The port that is written, -1 when there is none.
    pub port: i32,
    /// Everything after the host and port, as it is written. May be empty.
    rest: &'u str,
}

const SCHEMES: &[&str] = &["http", "https", "ftp", "file", "jar", "mailto"];

impl<'u> JavaUrl<'u> {
    /// Nothing when Java refuses the URL.
    pub fn parse(url: &'u str) -> Option<Self> {
        let url = crate::convert::java_trim(url);
        let url = match url.get(..4) {
            Some(prefix) if prefix.eq_ignore_ascii_case("url:") => url.get(4..)?,
            _ => url,
        };
        let colon = url.bytes().position(|byte| byte == b':' || byte == b'/')?;
        let (scheme, rest) = (url.get(..colon)?, url.get(colon..)?.strip_prefix(':')?);
        let protocol = SCHEMES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(scheme))?;
        match *protocol {
            "jar" => JavaUrl::jar(before_fragment(rest)),
            "mailto" if before_fragment(rest).trim().is_empty() => None,
            "mailto" => Some(JavaUrl::without_host(protocol, rest)),
            protocol => JavaUrl::hierarchical(protocol, rest),
        }
    }

    fn without_host(protocol: &'static str, rest: &'u str) -> Self {
        JavaUrl {
            protocol,
            host: "",
            port: -1,
            rest,
        }
    }

    /// The path, in which `.` and `..` are resolved where there is a hierarchy.
    pub fn path(&self) -> Cow<'u, str> {
        let rest = before_fragment(self.rest);
        match self.protocol {
            "jar" | "mailto" => Cow::Borrowed(rest),
            _ => normalized(rest.find('?').map_or(rest, |at| &rest[..at])),
        }
    }

    /// `jar:<url>!/<entry>`: everything is the path.
    fn jar(rest: &'u str) -> Option<Self> {
        let inner = rest.get(..rest.rfind("!/")?)?;
        JavaUrl::parse(inner)?;
        Some(JavaUrl::without_host("jar", rest))
    }

    fn hierarchical(protocol: &'static str, rest: &'u str) -> Option<Self> {
        let authority = rest
            .strip_prefix("//")
            .filter(|_| !rest.starts_with("////"));
        let Some(after) = authority else {
            return Some(JavaUrl::without_host(protocol, rest));
        };
        // Most authorities are nothing but a host: one look at their bytes finds that out, and where they end.
        let mut is_plain = true;
        let mut end = after.len();
        for (at, byte) in after.bytes().enumerate() {
            match byte {
                b'/' | b'?' | b'#' => {
                    end = at;
                    break;
                }
                b'@' | b':' | b'[' => is_plain = false,
                _ => {}
            }
        }
        let (authority, rest) = after.split_at(end);
        let (host, port) = match is_plain {
            true => (authority, -1),
            false => host_and_port(authority)?,
        };
        Some(JavaUrl {
            protocol,
            host,
            port,
            rest,
        })
    }
}

fn before_fragment(text: &str) -> &str {
    text.find('#').map_or(text, |at| &text[..at])
}

fn host_and_port(authority: &str) -> Option<(&str, i32)> {
    let host = match authority.split_once('@') {
        None => authority,
        // Several `@` leave no host at all.
        Some((_, host)) if host.contains('@') => return Some(("", -1)),
        Some((_, host)) => host,
    };
    if host.starts_with('[') {
        let close = host.find(']')?;
        let address = host.get(1..close)?;
        let address = address
            .split_once('%')
            .map_or(address, |(address, _)| address);
        address.parse::<Ipv6Addr>().ok()?;
        let (literal, rest) = host.split_at(close + 1);
        if rest.is_empty() {
            return Some((literal, -1));
        }
        return Some((literal, port(rest.strip_prefix(':')?)?));
    }
    match host.split_once(':') {
        None => Some((host, -1)),
        Some((host, digits)) => Some((host, port(digits)?)),
    }
}

/// No digits are no port; a number below -1 is refused.
fn port(digits: &str) -> Option<i32> {
    if digits.is_empty() {
        return Some(-1);
    }
    digits.parse().ok().filter(|port| *port >= -1)
}

/// The path without `.` and `..`, in Java's way.
fn normalized(path: &str) -> Cow<'_, str> {
    if !path.contains("/.") && !path.starts_with("./") {
        return Cow::Borrowed(path);
    }
    let mut path = path.to_owned();
    while let Some(at) = path.find("/./") {
        path.replace_range(at..at + 2, "");
    }
    let mut from = 0;
    while let Some(at) = path
        .get(from..)
        .and_then(|rest| rest.find("/../"))
        .map(|at| at + from)
    {
        let parent = path.get(..at).and_then(|before| before.rfind('/'));
        match parent {
            Some(parent)
                if at > 0 && path.get(parent..).and_then(|rest| rest.find("/../")) != Some(0) =>
            {
                path.replace_range(parent..at + 3, "");
                from = 0;
            }
            _ => from = at + 3,
        }
    }
    while path.ends_with("/..") {
        let Some(at) = path.find("/..") else { break };
        match path.get(..at).and_then(|before| before.rfind('/')) {
            Some(parent) => path.truncate(parent + 1),
            None => break,
        }
    }
    if path.starts_with("./") && path.len() > 2 {
        path.replace_range(..2, "");
    }
    if path.ends_with("/.") {
        path.pop();
    }
    Cow::Owned(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_their_dots() {
        for (path, expected) in [
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/../b", "/../b"),
            ("/a/b/..", "/a/"),
            ("/a/.", "/a/"),
            ("/a/b/../../c", "/c"),
        ] {
            assert_eq!(normalized(path), expected, "{path}");
        }
    }

    #[test]
    fn strange_authorities_are_taken_as_java_takes_them() {
        let host = |url| JavaUrl::parse(url).map(|url| url.host);
        assert_eq!(host("http://u:p@h:1/x"), Some("h"));
        assert_eq!(host("http://a@b@c/x"), Some(""));
        assert_eq!(host("http://h:/x"), Some("h"));
        assert_eq!(host("http://h:-2/x"), None);
        assert_eq!(host("http://[::1/x"), None);
        assert_eq!(host("http://[zz]/x"), None);
        assert_eq!(host("http://[::1]x/"), None);
        assert_eq!(host("url:http://h"), Some("h"));
        assert_eq!(host("http:h"), Some(""));
        assert_eq!(host("http://h?x=/y"), Some("h"));
        assert_eq!(host("http://h#x?y"), Some("h"));
        assert_eq!(host("é"), None);
    }

    #[test]
    fn query_and_fragment_are_no_part_of_the_path() {
        let path = |url| JavaUrl::parse(url).map(|url| url.path().into_owned());
        for (url, expected) in [
            ("http://h/a?b#c", "/a"),
            ("http://h/a#b?c", "/a"),
            ("http://h?/a", ""),
            ("http://h#/a", ""),
            ("http:a?b", "a"),
            ("file:////a/b?c", "////a/b"),
            ("file:a#b", "a"),
            ("mailto:a@b?c#d", "a@b?c"),
            ("jar:http://h/a!/b?c", "http://h/a!/b?c"),
        ] {
            assert_eq!(path(url).as_deref(), Some(expected), "{url}");
        }
        assert_eq!(path("mailto: #x"), None);
    }
}
