//! Tokens, and the files and blobs that carry them.

mod credentials;
mod token;
mod writable;

pub use credentials::{Credentials, TokenFileFormat};
pub use token::{Token, TokenKind};
