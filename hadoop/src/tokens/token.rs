use std::fmt;

use super::writable::{Reader, write_bytes};
use crate::HadoopError;
use crate::proto::common::TokenProto;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// For the application master, at the resource manager's scheduler port. In its token file.
    AmRm,
    /// For a node manager. Comes with containers.
    Nm,
    /// For one container, inside `startContainers`; never for logging in.
    Container,
    /// For the resource manager's client port, in place of Kerberos.
    ResourceManager,
    /// For HDFS.
    Hdfs,
}

impl TokenKind {
    /// The text in [`Token::kind`].
    pub fn text(self) -> &'static str {
        match self {
            TokenKind::AmRm => "YARN_AM_RM_TOKEN",
            TokenKind::Nm => "NMToken",
            TokenKind::Container => "ContainerToken",
            TokenKind::ResourceManager => "RM_DELEGATION_TOKEN",
            TokenKind::Hdfs => "HDFS_DELEGATION_TOKEN",
        }
    }
}

/// A proof of identity that a server has given out. Whoever has it, is the user it was given to: it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Opaque to clients.
    pub identifier: Vec<u8>,
    pub password: Vec<u8>,
    /// One of [`TokenKind`], or another.
    pub kind: String,
    /// Which server it is for: `ip:port`, `host:port`, `ha-hdfs:<nameservice>`, or nothing.
    pub service: String,
}

impl Token {
    pub fn is(&self, kind: TokenKind) -> bool {
        self.kind == kind.text()
    }

    /// The token in Hadoop's `Writable` form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// Reads the `Writable` form.
    ///
    /// # Errors
    /// [`HadoopError::Tokens`] when it is cut off, has more bytes than it should, or a text that is not UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Token, HadoopError> {
        let mut reader = Reader::new(bytes);
        let token =
            Token::read(&mut reader).map_err(|reason| HadoopError::tokens("the token", reason))?;
        if !reader.is_empty() {
            return Err(HadoopError::tokens("the token", "more bytes follow it"));
        }
        Ok(token)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Token, String> {
        Ok(Token {
            identifier: reader.bytes()?.to_vec(),
            password: reader.bytes()?.to_vec(),
            kind: reader.text()?,
            service: reader.text()?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write_bytes(&self.identifier, out);
        write_bytes(&self.password, out);
        write_bytes(self.kind.as_bytes(), out);
        write_bytes(self.service.as_bytes(), out);
    }
}

impl From<TokenProto> for Token {
    fn from(token: TokenProto) -> Self {
        Self {
            identifier: token.identifier,
            password: token.password,
            kind: token.kind,
            service: token.service,
        }
    }
}

impl From<Token> for TokenProto {
    fn from(token: Token) -> Self {
        Self {
            identifier: token.identifier,
            password: token.password,
            kind: token.kind,
            service: token.service,
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Token")
            .field("kind", &self.kind)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tokens_read_back(identifier: Vec<u8>, password: Vec<u8>, kind: String, service: String) {
            let token = Token { identifier, password, kind, service };
            prop_assert_eq!(Token::from_bytes(&token.to_bytes()).unwrap(), token);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(token) = Token::from_bytes(&bytes) {
                prop_assert_eq!(Token::from_bytes(&token.to_bytes()).unwrap(), token);
            }
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let token = Token {
            identifier: b"who".to_vec(),
            password: b"secret".to_vec(),
            kind: "NMToken".into(),
            service: "127.0.0.1:8041".into(),
        };
        let expected = r#"Token { kind: "NMToken", service: "127.0.0.1:8041", .. }"#;
        assert_eq!(format!("{token:?}"), expected);
        let expected = r#"TokenProto { kind: "NMToken", service: "127.0.0.1:8041", .. }"#;
        assert_eq!(format!("{:?}", TokenProto::from(token)), expected);
    }
}
