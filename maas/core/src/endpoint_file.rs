use crate::{Endpoint, lenient};

/// Why an `endpoint.dat` cannot be used. While a model is starting the file may be half written, so a caller tries again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointFileError {
    #[error("endpoint.dat is not valid: {0}; expected {{\"url\":\"http://0.0.0.0:<port>\"}}")]
    Malformed(String),
    #[error("endpoint.dat has the url \"{0}\", which names no http, https or ftp host")]
    Url(String),
}

/// Reads the file by which a model says where it answers: `{"url": ..., "functions": {alias: path}}`.
///
/// # Errors
/// When the text is not such JSON yet, or the URL has no host that can be called.
pub fn read_endpoint_file(content: &[u8]) -> Result<Endpoint, EndpointFileError> {
    let json = lenient::first_value(content).map_err(EndpointFileError::Malformed)?;
    let endpoint = Endpoint::read(&json).map_err(EndpointFileError::Malformed)?;
    match url_host_and_port(&endpoint.url) {
        Some(_) => Ok(endpoint),
        None => Err(EndpointFileError::Url(endpoint.url)),
    }
}

/// The parts of a URL, found without decoding anything.
struct UrlParts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
    /// Path and query, as they stand.
    rest: &'a str,
}

fn split_url(url: &str) -> Option<UrlParts<'_>> {
    let (scheme, after_scheme) = url.split_once("://")?;
    let known = ["http", "https", "ftp"];
    if !known.iter().any(|name| scheme.eq_ignore_ascii_case(name)) {
        return None;
    }
    let without_fragment = after_scheme.split('#').next().unwrap_or(after_scheme);
    let authority_end = without_fragment
        .find(['/', '?'])
        .unwrap_or(without_fragment.len());
    let (authority, rest) = without_fragment.split_at(authority_end);
    let host_and_port = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (host_and_port, ""),
    };
    let port = match port {
        "" => None,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        _ => return None,
    };
    let fits = |c: char| !c.is_whitespace() && !c.is_control();
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    if host.contains([':', '[', ']']) && !is_bracketed {
        return None;
    }
    if host.is_empty() || !host.chars().all(fits) || !rest.chars().all(|c| !c.is_control()) {
        return None;
    }
    Some(UrlParts {
        scheme,
        host,
        port,
        rest,
    })
}

/// Host and port of a URL; nothing when it is no URL of a host. The port is nothing where the URL names none.
pub fn url_host_and_port(url: &str) -> Option<(String, Option<u16>)> {
    let parts = split_url(url)?;
    Some((parts.host.to_owned(), parts.port))
}

/// Puts the machine's name in place of a host that only the machine itself understands, so that clients elsewhere can
/// call the model. User information and fragment go, as upstream does. A URL that needs no change keeps its text but
/// for those.
pub fn rewrite_host(url: &str, host: &str) -> Option<String> {
    let parts = split_url(url)?;
    let is_local = ["localhost", "127.0.0.1", "0.0.0.0", "[::]", "[::1]"]
        .iter()
        .any(|local| parts.host.eq_ignore_ascii_case(local));
    let host = if is_local { host } else { parts.host };
    let port = parts
        .port
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    Some(format!("{}://{host}{port}{}", parts.scheme, parts.rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_walk_through_is_read() {
        let endpoint = read_endpoint_file(br#"{"url" : "http://0.0.0.0:36161"}"#).unwrap();
        assert_eq!(endpoint, Endpoint::at("http://0.0.0.0:36161"));
        let own = br#"{"url":"http://localhost:1500","functions":{"score":"/v2/score"}}"#;
        let endpoint = read_endpoint_file(own).unwrap();
        assert_eq!(endpoint.functions.len(), 1, "no implicit apply");
        assert_eq!(endpoint.functions["score"], "/v2/score");
    }

    #[test]
    fn half_written_and_wrong_files_are_told_apart() {
        for half in ["", "{\"url\" : \"http://0.0", "{}", "[]"] {
            let error = read_endpoint_file(half.as_bytes()).unwrap_err();
            assert!(matches!(error, EndpointFileError::Malformed(_)), "{half}");
        }
        for url in [
            "gopher://h:1",
            "localhost:1500",
            "http://",
            "http://h:99999",
            "http://h:1x",
        ] {
            let file = format!("{{\"url\":\"{url}\"}}");
            let error = read_endpoint_file(file.as_bytes()).unwrap_err();
            assert!(matches!(error, EndpointFileError::Url(_)), "{url}");
        }
    }

    #[test]
    fn local_hosts_become_the_machines_name() {
        let rewritten = |url| rewrite_host(url, "node1").unwrap();
        assert_eq!(rewritten("http://0.0.0.0:36161"), "http://node1:36161");
        assert_eq!(
            rewritten("http://localhost:1500/a?b=c#d"),
            "http://node1:1500/a?b=c"
        );
        assert_eq!(rewritten("http://user:pw@127.0.0.1/"), "http://node1/");
        assert_eq!(rewritten("https://[::1]:8443"), "https://node1:8443");
        assert_eq!(
            rewritten("http://model.example:80/p"),
            "http://model.example:80/p"
        );
        assert_eq!(rewritten("http://[fe80::1]:80"), "http://[fe80::1]:80");
        assert_eq!(rewrite_host("nonsense", "node1"), None);
    }

    #[test]
    fn host_and_port_are_found() {
        assert_eq!(
            url_host_and_port("http://h:1/x"),
            Some(("h".to_owned(), Some(1)))
        );
        assert_eq!(
            url_host_and_port("http://h?x"),
            Some(("h".to_owned(), None))
        );
        assert_eq!(
            url_host_and_port("http://[::1]"),
            Some(("[::1]".to_owned(), None))
        );
    }
}
