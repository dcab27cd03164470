//! The messages of Hadoop's protocols, generated from `hadoop/proto/*.proto` (see `hadoop/generate`).
//!
//! The typed clients cover them; with [`RpcClient::call`](crate::RpcClient::call) they serve for calls that no typed
//! client has.

use std::fmt;

/// Framing, SASL, tokens.
#[allow(clippy::all, missing_docs)]
#[rustfmt::skip]
#[path = "hadoop.common.rs"]
pub mod common;

/// Applications, containers, nodes.
#[allow(clippy::all, missing_docs)]
#[rustfmt::skip]
#[path = "hadoop.yarn.rs"]
pub mod yarn;

impl fmt::Debug for common::TokenProto {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenProto")
            .field("kind", &self.kind)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for common::CredentialsKvProto {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CredentialsKvProto")
            .field("alias", &self.alias)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for common::RpcSaslProto {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RpcSaslProto")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for yarn::ContainerLaunchContextProto {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ContainerLaunchContextProto")
            .field("local_resources", &self.local_resources)
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}
