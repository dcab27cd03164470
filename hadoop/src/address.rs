use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerAddress {
    /// A name or an IP address (version 6 without brackets).
    pub host: String,
    pub port: u16,
}

impl ServerAddress {
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
        }
    }

    /// Reads `host:port`, and `host` alone when there is a default.
    ///
    /// # Errors
    /// The reason, for people.
    pub fn parse(text: &str, default_port: Option<u16>) -> Result<Self, String> {
        let text = text.trim();
        let (host, port) = match text.strip_prefix('[') {
            Some(bracketed) => match bracketed.split_once(']') {
                Some((host, "")) => (host, None),
                Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or(rest))),
                None => return Err(format!("{text:?} has no closing bracket")),
            },
            None => match text.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let is_host = !host.is_empty() && !host.contains(['/', ' ', '@']);
        let port = match port {
            Some(port) => port.parse::<u16>().ok().filter(|port| *port > 0),
            None => default_port,
        };
        match port {
            Some(port) if is_host => Ok(Self::new(host, port)),
            _ => Err(format!("{text:?} is not of the form host:port")),
        }
    }

    /// The text by which Java's clients look for a token for a server at this address, with
    /// `hadoop.security.token.service.use_ip` as by default.
    pub fn token_service(address: SocketAddr) -> String {
        match address.ip() {
            IpAddr::V4(ip) => format!("{ip}:{}", address.port()),
            IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
                Some(ip) => format!("{ip}:{}", address.port()),
                None => format!("{ip}:{}", address.port()),
            },
        }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let cases = [
            ("rm:8032", "rm:8032"),
            (" 10.0.0.1:1 ", "10.0.0.1:1"),
            ("rm", "rm:9"),
            ("[::1]:8032", "[::1]:8032"),
            ("[::1]", "[::1]:9"),
        ];
        for (text, expected) in cases {
            let address = ServerAddress::parse(text, Some(9)).unwrap();
            assert_eq!(address.to_string(), expected);
        }
        for text in [
            "",
            ":1",
            "rm:",
            "rm:0",
            "rm:65536",
            "rm:x",
            "[::1",
            "a/b:1",
            "hdfs://a:1",
        ] {
            assert!(ServerAddress::parse(text, Some(9)).is_err(), "{text}");
        }
        assert!(ServerAddress::parse("rm", None).is_err());
    }

    #[test]
    fn token_services_are_those_of_java() {
        let address = "127.0.0.1:8041".parse().unwrap();
        assert_eq!(ServerAddress::token_service(address), "127.0.0.1:8041");
        let mapped = "[::ffff:127.0.0.1]:8041".parse().unwrap();
        assert_eq!(ServerAddress::token_service(mapped), "127.0.0.1:8041");
    }
}
