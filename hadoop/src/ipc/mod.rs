//! Hadoop's remote procedure calls, protocol version 9.

mod client;
mod connection;
mod frame;
mod handshake;
mod login;
mod sasl;

pub use client::{Repeat, RpcClient, RpcOptions};
pub use login::{KerberosLogin, Login};
pub(crate) use sasl::default_principal;
