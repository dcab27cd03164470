use std::path::PathBuf;

use crate::address::ServerAddress;
use crate::conf::Authentication;
use crate::{HadoopConf, HadoopError, Token};

/// How a client proves who it is.
#[derive(Debug, Clone)]
pub enum Login {
    /// It says so. Servers of a cluster without security believe it, except where they demand tokens.
    Simple { user: String },
    /// By a token that a server has given out.
    Token(Token),
    /// By a Kerberos ticket. Needs the system's Kerberos library.
    Kerberos(KerberosLogin),
}

/// Where the Kerberos ticket comes from, and who the server must be.
#[derive(Debug, Clone, Default)]
pub struct KerberosLogin {
    /// Who we are, if not whoever the ticket cache or the keytab says.
    pub principal: Option<String>,
    /// Log in from this keytab, without a ticket cache.
    pub keytab: Option<PathBuf>,
    /// A ticket cache other than the one of the environment (`KRB5CCNAME`).
    pub cache: Option<String>,
    /// The server's principal, such as `rm/_HOST@EXAMPLE.COM`: a server that is somebody else is not logged in to. A
    /// `*` stands for anything, as in `rm/*.example.com`.
    pub server_principal: String,
}

impl Login {
    /// Without security: as `HADOOP_USER_NAME`, else as the system's user. With Kerberos: by the ticket cache of the
    /// environment, to a server that is who the property `principal_key` (such as `yarn.resourcemanager.principal`)
    /// says, or `<principal_key>.pattern` where that is set.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`] when security is on and the property is not set; [`HadoopError::Invalid`] when
    /// the system does not tell the user's name.
    pub fn from_conf(conf: &HadoopConf, principal_key: &str) -> Result<Login, HadoopError> {
        if conf.authentication()? == Authentication::Simple {
            return Ok(Login::Simple {
                user: simple_user()?,
            });
        }
        let server_principal = match conf.get(&format!("{principal_key}.pattern"))? {
            Some(pattern) => Some(pattern),
            None => conf.get(principal_key)?,
        };
        let Some(server_principal) = server_principal else {
            let reason =
                "it must be set on a cluster with Kerberos: it tells who the server must be";
            return Err(conf.wrong(principal_key, reason));
        };
        Ok(Login::Kerberos(KerberosLogin {
            server_principal,
            ..KerberosLogin::default()
        }))
    }
}

fn simple_user() -> Result<String, HadoopError> {
    if let Ok(user) = std::env::var("HADOOP_USER_NAME")
        && !user.is_empty()
    {
        return Ok(user);
    }
    whoami::username().map_err(|error| {
        HadoopError::Invalid(format!(
            "the system does not tell who runs this ({error}): set HADOOP_USER_NAME"
        ))
    })
}

/// `service/host` of a principal `service/host@REALM`, with `_HOST` replaced by the server's host.
pub(super) fn expected_name(principal: &str, server: &ServerAddress) -> Result<String, String> {
    let name = principal.split('@').next().unwrap_or_default();
    match name.split_once('/') {
        Some((service, "_HOST")) => Ok(format!("{service}/{}", server.host.to_lowercase())),
        Some(_) => Ok(name.to_owned()),
        None if name == "*" => Ok(name.to_owned()),
        None => Err(format!(
            "the server's principal {principal:?} is not of the form service/host@REALM"
        )),
    }
}

/// Whether a name is the expected one, in which `*` stands for anything.
pub(super) fn is_expected(name: &str, expected: &str) -> bool {
    let Some((start, rest)) = expected.split_once('*') else {
        return name == expected;
    };
    let Some(mut name) = name.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        // The first place is as good as any: what follows may begin anywhere behind it.
        match name.split_once(part) {
            Some((_, behind)) => name = behind,
            None => return false,
        }
    }
    name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_principal_follows_the_address() {
        let server = ServerAddress::new("RM1.example.com", 8032);
        let expected = |principal| expected_name(principal, &server);
        assert_eq!(
            expected("rm/_HOST@EXAMPLE.COM").unwrap(),
            "rm/rm1.example.com"
        );
        assert_eq!(expected("rm/_HOST").unwrap(), "rm/rm1.example.com");
        assert_eq!(expected("yarn/other@EXAMPLE.COM").unwrap(), "yarn/other");
        assert_eq!(expected("*").unwrap(), "*");
        assert!(expected("rm@EXAMPLE.COM").is_err());
        assert!(expected("").is_err());
    }

    #[test]
    fn a_star_stands_for_anything() {
        let cases = [
            ("rm/a", "rm/a", true),
            ("rm/a", "rm/b", false),
            ("rm/a.example.com", "rm/*.example.com", true),
            ("rm/a.example.org", "rm/*.example.com", false),
            ("rm/.example.co", "rm/*.example.com", false),
            ("nn/a.example.com", "rm/*", false),
            ("rm/", "rm/*", true),
            ("rm/abcabd", "r*/*ab*d", true),
            ("rm/abcab", "r*/*ab*d", false),
            ("rm/ab", "rm/ab*b", false),
            ("rm/a", "*", true),
            ("rm/a", "**", true),
        ];
        for (name, expected, answer) in cases {
            assert_eq!(is_expected(name, expected), answer, "{name} {expected}");
        }
    }

    #[test]
    fn with_kerberos_the_server_must_be_known() {
        let security = ("hadoop.security.authentication", "kerberos");
        let key = "yarn.resourcemanager.principal";
        let conf = HadoopConf::from_properties([security]);
        let error = Login::from_conf(&conf, key).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");

        let mut conf = HadoopConf::from_properties([security, (key, "rm/_HOST@A")]);
        let server_principal = |conf: &HadoopConf| match Login::from_conf(conf, key) {
            Ok(Login::Kerberos(login)) => login.server_principal,
            other => panic!("{other:?}"),
        };
        assert_eq!(server_principal(&conf), "rm/_HOST@A");
        conf.set(&format!("{key}.pattern"), "rm/*@A");
        assert_eq!(server_principal(&conf), "rm/*@A");

        let conf = HadoopConf::from_properties([]);
        let login = Login::from_conf(&conf, key).unwrap();
        assert!(
            matches!(&login, Login::Simple { user } if !user.is_empty()),
            "{login:?}"
        );
    }
}
