//! Kerberos, as SASL's mechanism GSSAPI (RFC 4752).

mod library;

use library::{Context, Credential, Name};

use super::{Mechanism, SecurityLayer, choose};
use crate::conf::Protection;
use crate::ipc::login::KerberosLogin;

/// The most that we let a server send at once, as far as it heeds it.
const MAX_BUFFER: u32 = 0x00ff_ffff;
/// Wrapped at once, at most; and more than Kerberos ever adds to it.
const MAX_PLAIN_BYTES: usize = 64 << 10;
const WRAP_OVERHEAD: usize = 1024;

/// Who the tickets of the environment are for: `user@REALM`. May block.
pub(super) fn default_principal() -> Result<String, String> {
    Credential::of_environment()?.principal()
}

/// Logging in by a Kerberos ticket.
pub(super) struct Kerberos {
    context: Context,
    wanted: Vec<Protection>,
    state: State,
}

enum State {
    /// Tickets are exchanged.
    Authenticating,
    /// Both sides know each other; the server is to offer its protections.
    Authenticated,
    Agreed {
        protection: Protection,
        max_plain_bytes: usize,
    },
}

impl Kerberos {
    /// Loads the library, and looks for tickets or a keytab as `login` says.
    pub(super) fn new(
        login: &KerberosLogin,
        service: &str,
        host: &str,
        wanted: &[Protection],
    ) -> Result<Self, String> {
        let target = Name::host_based_service(&format!("{service}@{host}"))?;
        let credential = Credential::acquire(
            login.principal.as_deref(),
            login.keytab.as_deref(),
            login.cache.as_deref(),
        )?;
        Ok(Self {
            context: Context::new(target, credential),
            wanted: wanted.to_vec(),
            state: State::Authenticating,
        })
    }

    /// The server has offered its protections: a byte of bits, and the most it takes at once.
    fn agree(&mut self, offer: &[u8]) -> Result<Vec<u8>, String> {
        let (offer, _) = self.context.unwrap(offer)?;
        let Ok([layers, size @ ..]) = <[u8; 4]>::try_from(offer.as_slice()) else {
            let length = offer.len();
            return Err(format!(
                "the server's offer has {length} bytes, where it should have 4"
            ));
        };
        let offered: Vec<Protection> = [
            Protection::Authentication,
            Protection::Integrity,
            Protection::Privacy,
        ]
        .into_iter()
        .filter(|protection| layers & layer_bit(*protection) != 0)
        .collect();
        let protection = choose(&self.wanted, &offered)?;
        let server_max = u32::from_be_bytes([0, size[0], size[1], size[2]]);
        let server_max = usize::try_from(server_max).unwrap_or(usize::MAX);
        self.state = State::Agreed {
            protection,
            max_plain_bytes: server_max
                .min(MAX_PLAIN_BYTES)
                .saturating_sub(WRAP_OVERHEAD)
                .max(1),
        };
        let mut answer = [0; 4];
        if protection != Protection::Authentication {
            answer = MAX_BUFFER.to_be_bytes();
        }
        answer[0] = layer_bit(protection);
        self.context.wrap(&answer, false)
    }
}

fn layer_bit(protection: Protection) -> u8 {
    match protection {
        Protection::Authentication => 1,
        Protection::Integrity => 2,
        Protection::Privacy => 4,
    }
}

impl Mechanism for Kerberos {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Vec<u8>, String> {
        match self.state {
            State::Authenticating => {
                let token = self.context.step(challenge)?;
                if self.context.is_complete() {
                    self.state = State::Authenticated;
                }
                Ok(token)
            }
            State::Authenticated => self.agree(challenge.unwrap_or_default()),
            State::Agreed { .. } => Err("the server does not come to an end".to_owned()),
        }
    }

    fn finish(
        self: Box<Self>,
        _last: Option<&[u8]>,
    ) -> Result<Option<Box<dyn SecurityLayer>>, String> {
        let State::Agreed {
            protection,
            max_plain_bytes,
        } = self.state
        else {
            return Err("the server lets us in without having proved who it is".to_owned());
        };
        if protection == Protection::Authentication {
            return Ok(None);
        }
        Ok(Some(Box::new(KerberosLayer {
            context: self.context,
            is_private: protection == Protection::Privacy,
            max_plain_bytes,
        })))
    }
}

struct KerberosLayer {
    context: Context,
    is_private: bool,
    max_plain_bytes: usize,
}

impl SecurityLayer for KerberosLayer {
    fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String> {
        self.context.wrap(plain, self.is_private)
    }

    fn unwrap(&mut self, token: &[u8]) -> Result<Vec<u8>, String> {
        let (plain, was_private) = self.context.unwrap(token)?;
        if self.is_private && !was_private {
            return Err("a message was not encrypted, as agreed".to_owned());
        }
        Ok(plain)
    }

    fn max_plain_bytes(&self) -> usize {
        self.max_plain_bytes
    }
}
