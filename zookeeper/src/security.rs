use std::env;

use crate::SecurityError;

/// `gssapi` for a log-in by Kerberos; `none`, empty or absent for no log-in.
pub const SASL_VARIABLE: &str = "ALIDADE_ZOOKEEPER_SASL";

/// The servers' principal, as `service/host`; `zookeeper/_HOST` when absent. Java's client reads the same from its properties
/// `zookeeper.sasl.client.username` and `zookeeper.server.principal`.
pub const PRINCIPAL_VARIABLE: &str = "ALIDADE_ZOOKEEPER_PRINCIPAL";

/// What Java's client takes for granted, too.
const SERVICE: &str = "zookeeper";

/// Stands for the host's name, as in Hadoop's principals.
const HOST: &str = "_HOST";

/// How sessions log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Security {
    None,
    Gssapi(Gssapi),
}

/// A log-in by Kerberos, with the ticket or keytab that the environment names (`KRB5CCNAME`, `KRB5_CLIENT_KTNAME`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gssapi {
    /// First part of the servers' principal.
    pub service: String,
    /// Second part; none for the name that a server has in the connection string.
    pub host: Option<String>,
}

impl Security {
    /// Reads [`SASL_VARIABLE`] and [`PRINCIPAL_VARIABLE`].
    ///
    /// # Errors
    /// When they hold what cannot be.
    pub fn from_environment() -> Result<Self, SecurityError> {
        let text = |name| {
            let value = env::var_os(name).unwrap_or_default();
            value.to_string_lossy().trim().to_owned()
        };
        Self::read(&text(SASL_VARIABLE), &text(PRINCIPAL_VARIABLE))
    }

    /// The variables that say the same to another process. Their values are plain words.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let Self::Gssapi(gssapi) = self else {
            return Vec::new();
        };
        let host = gssapi.host.as_deref().unwrap_or(HOST);
        vec![
            (SASL_VARIABLE, "gssapi".to_owned()),
            (PRINCIPAL_VARIABLE, format!("{}/{host}", gssapi.service)),
        ]
    }

    fn read(mechanism: &str, principal: &str) -> Result<Self, SecurityError> {
        if mechanism.is_empty() || mechanism.eq_ignore_ascii_case("none") {
            return Ok(Self::None);
        }
        if !mechanism.eq_ignore_ascii_case("gssapi") {
            return Err(SecurityError::UnknownMechanism(mechanism.to_owned()));
        }
        if principal.is_empty() {
            return Ok(Self::Gssapi(Gssapi {
                service: SERVICE.to_owned(),
                host: None,
            }));
        }
        let (service, host) = principal.split_once('/').unwrap_or((principal, HOST));
        let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        let is_name = |part: &str| !part.is_empty() && part.chars().all(is_of_name);
        if !is_name(service) || !is_name(host) {
            return Err(SecurityError::BadPrincipal(principal.to_owned()));
        }
        Ok(Self::Gssapi(Gssapi {
            service: service.to_owned(),
            host: (host != HOST).then(|| host.to_owned()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gssapi(service: &str, host: Option<&str>) -> Result<Security, SecurityError> {
        Ok(Security::Gssapi(Gssapi {
            service: service.to_owned(),
            host: host.map(str::to_owned),
        }))
    }

    #[test]
    fn nothing_is_asked_for_by_default() {
        for mechanism in ["", "none", "NONE"] {
            assert_eq!(Security::read(mechanism, "x/y"), Ok(Security::None));
        }
    }

    #[test]
    fn the_principal_has_defaults() {
        for (principal, service, host) in [
            ("", "zookeeper", None),
            ("zk", "zk", None),
            ("zk/_HOST", "zk", None),
            (
                "zookeeper/node1.example.com",
                "zookeeper",
                Some("node1.example.com"),
            ),
        ] {
            let read = Security::read("GSSAPI", principal);
            assert_eq!(read, gssapi(service, host));
            let variables = read.unwrap().variables();
            let [(_, mechanism), (_, principal)] = variables.as_slice() else {
                panic!("{variables:?}");
            };
            assert_eq!(Security::read(mechanism, principal), gssapi(service, host));
        }
    }

    #[test]
    fn what_cannot_be_is_told_with_the_remedy() {
        let error = Security::read("kerberos", "").unwrap_err().to_string();
        assert!(
            error.contains("`kerberos`") && error.contains("`gssapi`"),
            "{error}"
        );
        for principal in [
            "/host",
            "zk/",
            "zk/a@EXAMPLE.TEST",
            "zk/a/b",
            "z k/a",
            "zk/$(id)",
        ] {
            let error = Security::read("gssapi", principal).unwrap_err().to_string();
            assert!(
                error.contains(principal) && error.contains("_HOST"),
                "{error}"
            );
        }
    }
}
