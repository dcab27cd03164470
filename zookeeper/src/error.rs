use crate::security::{PRINCIPAL_VARIABLE, SASL_VARIABLE};

/// What the environment asks for cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecurityError {
    #[error("{SASL_VARIABLE} is `{0}`; it is to be `gssapi` (Kerberos), or `none`, or not set")]
    UnknownMechanism(String),
    #[error(
        "{PRINCIPAL_VARIABLE} is `{0}`; it is to be `service/host`, with `_HOST` for the host's name in the connection \
         string, and without a realm: krb5.conf knows the realm of a host"
    )]
    BadPrincipal(String),
    #[error(
        "{SASL_VARIABLE} asks for Kerberos, and this program was built without it; build it with \
         `cargo build --release --features kerberos` (docs/kerberos.md)"
    )]
    NotBuilt,
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The connection string cannot be read, for this reason.
    #[error("{0}")]
    BadQuorum(String),
    #[error("{0}")]
    Unreachable(String),
    #[error(transparent)]
    Security(#[from] SecurityError),
}
