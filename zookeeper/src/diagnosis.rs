//! Why a log-in by Kerberos fails before a server has said a word.

use std::time::Duration;

use libgssapi::context::{ClientCtx, CtxFlags};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::error::Error;
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_HOSTBASED_SERVICE, OidSet};

use crate::Gssapi;

/// The Kerberos library asks the key distribution centre, and more than once when it is away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes the first steps of a log-in to the first server of the connection string; what goes wrong, in words, with the remedy.
pub(crate) async fn of(quorum: &str, gssapi: Gssapi) -> Option<String> {
    let host = gssapi
        .host
        .clone()
        .unwrap_or_else(|| first_host(quorum).to_owned());
    // It blocks. When it takes longer, it ends by itself later, unheard.
    let steps = tokio::task::spawn_blocking(move || first_steps(&gssapi.service, &host));
    match tokio::time::timeout(PATIENCE, steps).await {
        Ok(outcome) => outcome.ok()?.err(),
        Err(_) => Some(format!(
            "the key distribution centre has not answered within {} s",
            PATIENCE.as_secs()
        )),
    }
}

fn first_steps(service: &str, host: &str) -> Result<(), String> {
    let credential = own_credential().map_err(|error| {
        format!(
            "{}; run kinit, or set KRB5_CLIENT_KTNAME to a keytab",
            words(error)
        )
    })?;
    let target = format!("{service}@{host}");
    let context = Name::new(target.as_bytes(), Some(&GSS_NT_HOSTBASED_SERVICE)).and_then(|name| {
        let flags = CtxFlags::GSS_C_MUTUAL_FLAG;
        ClientCtx::new(Some(credential), name, flags, Some(&GSS_MECH_KRB5)).step(None, None)
    });
    match context {
        Ok(_) => Ok(()),
        Err(error) => Err(format!(
            "{}; the servers' principal is taken to be {service}/{host}, and {} can name another",
            words(error),
            crate::PRINCIPAL_VARIABLE
        )),
    }
}

fn own_credential() -> Result<Cred, Error> {
    let mut mechanisms = OidSet::new()?;
    mechanisms.add(&GSS_MECH_KRB5)?;
    Cred::acquire(None, None, CredUsage::Initiate, Some(&mechanisms))
}

/// What Kerberos says, which stands in brackets behind what GSSAPI says of it.
fn words(error: Error) -> String {
    let whole = error.to_string();
    let inner = whole
        .split_once(" (")
        .and_then(|(_, rest)| rest.rsplit_once(')'));
    let words = inner.map_or(whole.as_str(), |(words, _)| words);
    words.trim().to_owned()
}

/// The first host of `host:port,host:port/chroot`.
fn first_host(quorum: &str) -> &str {
    let first = quorum.trim().split([',', '/']).next().unwrap_or_default();
    if let Some((host, _)) = first
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return host;
    }
    first.rsplit_once(':').map_or(first, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_host_is_found() {
        for (quorum, host) in [
            ("node1:2181,node2:2181/metron", "node1"),
            ("node1", "node1"),
            ("[::1]:2181/metron", "::1"),
            ("node1/metron", "node1"),
        ] {
            assert_eq!(first_host(quorum), host, "{quorum}");
        }
    }
}
