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
    /// The server's principal, such as `rm/_HOST@EXAMPLE.COM`: a server that is somebody else is not logged in to.
    pub server_principal: String,
}

impl Login {
    /// Without security: as `HADOOP_USER_NAME`, else as the system's user. With Kerberos: by the ticket cache of the
    /// environment, to a server that is `server_principal`.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`] when security is on and no server principal is configured (`principal_key` names
    /// the property); [`HadoopError::Invalid`] when the system does not tell the user's name.
    pub fn from_conf(
        conf: &HadoopConf,
        server_principal: Option<String>,
        principal_key: &str,
    ) -> Result<Login, HadoopError> {
        if conf.authentication()? == Authentication::Simple {
            return Ok(Login::Simple {
                user: simple_user()?,
            });
        }
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

/// Service and host of a principal `service/host@REALM`, with `_HOST` replaced by the server's host.
pub(super) fn service_and_host(
    principal: &str,
    server: &ServerAddress,
) -> Result<(String, String), String> {
    let name = principal.split('@').next().unwrap_or_default();
    let Some((service, host)) = name.split_once('/') else {
        return Err(format!(
            "the server's principal {principal:?} is not of the form service/host@REALM"
        ));
    };
    let host = if host == "_HOST" {
        server.host.to_lowercase()
    } else {
        host.to_owned()
    };
    Ok((service.to_owned(), host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_principal_follows_the_address() {
        let server = ServerAddress::new("RM1.example.com", 8032);
        let parts = |principal| service_and_host(principal, &server);
        let here = ("rm".to_owned(), "rm1.example.com".to_owned());
        assert_eq!(parts("rm/_HOST@EXAMPLE.COM").unwrap(), here);
        assert_eq!(parts("rm/_HOST").unwrap(), here);
        let elsewhere = ("yarn".to_owned(), "other".to_owned());
        assert_eq!(parts("yarn/other@EXAMPLE.COM").unwrap(), elsewhere);
        assert!(parts("rm@EXAMPLE.COM").is_err());
    }

    #[test]
    fn with_kerberos_the_server_must_be_known() {
        let conf = HadoopConf::from_properties([("hadoop.security.authentication", "kerberos")]);
        let key = "yarn.resourcemanager.principal";
        let error = Login::from_conf(&conf, None, key).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
        let login = Login::from_conf(&conf, Some("rm/_HOST@A".into()), key).unwrap();
        assert!(matches!(login, Login::Kerberos(_)), "{login:?}");
        let conf = HadoopConf::from_properties([]);
        let login = Login::from_conf(&conf, None, key).unwrap();
        assert!(
            matches!(&login, Login::Simple { user } if !user.is_empty()),
            "{login:?}"
        );
    }
}
