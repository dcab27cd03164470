//! The protection that DIGEST-MD5 agrees on.

use md5::{Digest, Md5};

use super::SecurityLayer;
use super::des3::TripleDes;
use super::digest::md5;

/// The message authentication code, its type and the sequence number.
const TRAILER: usize = 10 + 2 + 4;
/// At most.
const PADDING: usize = 8;
const TYPE: [u8; 2] = [0, 1];

/// RFC 2104 with MD5; the key is never longer than a block here.
fn hmac_md5(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let padded = |with: u8| {
        let mut block = [with; 64];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        block
    };
    let mut inner = Md5::new();
    inner.update(padded(0x36));
    for part in parts {
        inner.update(part);
    }
    md5(&[&padded(0x5c), &inner.finalize()])
}

/// Integrity or privacy. Both sides count their messages.
pub(super) struct DigestLayer {
    sign_key: [u8; 16],
    check_key: [u8; 16],
    ciphers: Option<(TripleDes, TripleDes)>,
    sent: u32,
    received: u32,
    max_plain_bytes: usize,
}

impl DigestLayer {
    /// `key` is `H(A1)` of the login; `max_token_bytes` is what the server takes at once.
    pub(super) fn new(key: &[u8; 16], is_private: bool, max_token_bytes: usize) -> Self {
        let derived = |purpose: &str| md5(&[key, purpose.as_bytes()]);
        let ciphers = is_private.then(|| {
            let to_server = "Digest H(A1) to client-to-server sealing key magic constant";
            let to_client = "Digest H(A1) to server-to-client sealing key magic constant";
            (
                TripleDes::new(&derived(to_server)),
                TripleDes::new(&derived(to_client)),
            )
        });
        Self {
            sign_key: derived("Digest session key to client-to-server signing key magic constant"),
            check_key: derived("Digest session key to server-to-client signing key magic constant"),
            ciphers,
            sent: 0,
            received: 0,
            max_plain_bytes: max_token_bytes.saturating_sub(TRAILER + PADDING).max(1),
        }
    }
}

impl SecurityLayer for DigestLayer {
    fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String> {
        let number = self.sent.to_be_bytes();
        self.sent = self.sent.wrapping_add(1);
        let mac = hmac_md5(&self.sign_key, &[&number, plain]);
        let mut token = plain.to_vec();
        if let Some((seal, _)) = &mut self.ciphers {
            let padding = 8 - (plain.len() + 10) % 8;
            token.resize(plain.len() + padding, padding.to_be_bytes()[7]);
            token.extend_from_slice(&mac[..10]);
            seal.encrypt(&mut token);
        } else {
            token.extend_from_slice(&mac[..10]);
        }
        token.extend_from_slice(&TYPE);
        token.extend_from_slice(&number);
        Ok(token)
    }

    fn unwrap(&mut self, token: &[u8]) -> Result<Vec<u8>, String> {
        let number = self.received.to_be_bytes();
        self.received = self.received.wrapping_add(1);
        let altered = || "a message has been altered on its way".to_owned();
        let (body, end) = token
            .split_last_chunk::<6>()
            .filter(|(body, _)| body.len() >= 10)
            .ok_or_else(altered)?;
        if end[..2] != TYPE || end[2..] != number {
            return Err(altered());
        }
        let mut body = body.to_vec();
        let mut padding = 0;
        if let Some((_, open)) = &mut self.ciphers {
            if body.len() % 8 != 0 {
                return Err(altered());
            }
            open.decrypt(&mut body);
            let before_mac = body.len().checked_sub(11).and_then(|place| body.get(place));
            padding = usize::from(*before_mac.ok_or_else(altered)?);
            if !(1..=8).contains(&padding) {
                return Err(altered());
            }
        }
        let (plain, mac) = body.split_at(body.len() - 10);
        let plain_length = plain.len().checked_sub(padding).ok_or_else(altered)?;
        let plain = &plain[..plain_length];
        if hmac_md5(&self.check_key, &[&number, plain])[..10] != *mac {
            return Err(altered());
        }
        Ok(plain.to_vec())
    }

    fn max_plain_bytes(&self) -> usize {
        self.max_plain_bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conf::Protection;

    #[test]
    fn message_authentication_codes_are_those_of_the_standard() {
        let code = hmac_md5(&[0x0b; 16], &[b"Hi", b" There"]);
        let expected = 0x9294727a_3638bb1c_13f48ef8_158bfc9d_u128;
        assert_eq!(code, expected.to_be_bytes());
    }

    /// The two ends of a connection.
    fn layers(protection: Protection) -> (DigestLayer, DigestLayer) {
        let is_private = protection == Protection::Privacy;
        let client = DigestLayer::new(&[7; 16], is_private, 100);
        let mut server = DigestLayer::new(&[7; 16], is_private, 100);
        std::mem::swap(&mut server.sign_key, &mut server.check_key);
        if let Some((seal, open)) = &mut server.ciphers {
            std::mem::swap(seal, open);
        }
        (client, server)
    }

    proptest! {
        #[test]
        fn protected_messages_arrive(messages: Vec<Vec<u8>>) {
            for protection in [Protection::Integrity, Protection::Privacy] {
                let (mut client, mut server) = layers(protection);
                for message in &messages {
                    let token = client.wrap(message).unwrap();
                    prop_assert_eq!(&server.unwrap(&token).unwrap(), message);
                    let token = server.wrap(message).unwrap();
                    prop_assert_eq!(&client.unwrap(&token).unwrap(), message);
                }
            }
        }

        #[test]
        fn altered_messages_are_refused(message: Vec<u8>, place: usize, change in 1_u8..) {
            for protection in [Protection::Integrity, Protection::Privacy] {
                let (mut client, mut server) = layers(protection);
                let mut token = client.wrap(&message).unwrap();
                let place = place % token.len();
                token[place] ^= change;
                // The lowest bit of a byte in front of the code may be padding, whose value does not count.
                if let Ok(plain) = server.unwrap(&token) {
                    prop_assert_eq!(plain, message.clone());
                    prop_assert_eq!(protection, Protection::Privacy);
                }
            }
        }

        #[test]
        fn any_bytes_are_refused(token: Vec<u8>) {
            for protection in [Protection::Integrity, Protection::Privacy] {
                prop_assert!(layers(protection).0.unwrap(&token).is_err());
            }
        }
    }

    #[test]
    fn repeated_messages_are_refused() {
        let (mut client, mut server) = layers(Protection::Integrity);
        let token = client.wrap(b"once").unwrap();
        server.unwrap(&token).unwrap();
        assert!(server.unwrap(&token).is_err());
    }
}
