//! Authentication by SASL, and the protection of what follows.

mod des3;
mod digest;
mod digest_layer;
mod directives;
mod gssapi;
mod negotiate;

pub(super) use negotiate::negotiate;

use crate::HadoopError;

use crate::conf::Protection;

/// Who the environment's tickets are for: `user@REALM`.
///
/// # Errors
/// [`HadoopError::Kerberos`] when there are none, or no Kerberos library.
pub(crate) async fn default_principal() -> Result<String, HadoopError> {
    let found = tokio::task::spawn_blocking(gssapi::default_principal).await;
    let found = found.unwrap_or_else(|error| Err(error.to_string()));
    found.map_err(|reason| HadoopError::Kerberos(format!("{reason}; get a ticket with kinit")))
}

/// One way of proving who we are. All of it may block for a while (Kerberos asks a server of its own).
pub(super) trait Mechanism: Send {
    /// The answer to what the server has sent; nothing has been sent at first, unless the server's offer had a
    /// challenge.
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Vec<u8>, String>;

    /// The server is content. Checks that it is the one we mean, and gives the protection agreed on.
    fn finish(
        self: Box<Self>,
        last: Option<&[u8]>,
    ) -> Result<Option<Box<dyn SecurityLayer>>, String>;
}

/// The protection of a connection, agreed on while logging in.
pub(super) trait SecurityLayer: Send {
    fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String>;
    fn unwrap(&mut self, token: &[u8]) -> Result<Vec<u8>, String>;
    /// How many bytes at most are to be wrapped together.
    fn max_plain_bytes(&self) -> usize;
}

/// The first that we want and the server offers.
fn choose(wanted: &[Protection], offered: &[Protection]) -> Result<Protection, String> {
    let chosen = wanted.iter().find(|wanted| offered.contains(wanted));
    chosen.copied().ok_or_else(|| {
        format!(
            "the server offers the protection {offered:?}, and hadoop.rpc.protection here allows {wanted:?}"
        )
    })
}
