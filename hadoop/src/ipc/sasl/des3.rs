//! The cipher of DIGEST-MD5: two-key triple DES, chained over all messages of one direction.

use cbc::cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use des::TdesEde2;

/// One direction of a connection.
pub(super) struct TripleDes {
    encryptor: cbc::Encryptor<TdesEde2>,
    decryptor: cbc::Decryptor<TdesEde2>,
}

impl TripleDes {
    /// The key is made of the first 14 bytes, the chain begins with the last 8.
    pub(super) fn new(secret: &[u8; 16]) -> Self {
        let mut key = [0_u8; 16];
        key[..8].copy_from_slice(&spread(&secret[..7]));
        key[8..].copy_from_slice(&spread(&secret[7..14]));
        let mut start = [0_u8; 8];
        start.copy_from_slice(&secret[8..]);
        Self {
            encryptor: cbc::Encryptor::new(&Array(key), &Array(start)),
            decryptor: cbc::Decryptor::new(&Array(key), &Array(start)),
        }
    }

    /// The length is a multiple of 8.
    pub(super) fn encrypt(&mut self, bytes: &mut [u8]) {
        for bytes in bytes.as_chunks_mut::<8>().0 {
            let mut block = Array(*bytes);
            self.encryptor.encrypt_block(&mut block);
            *bytes = block.0;
        }
    }

    /// The length is a multiple of 8.
    pub(super) fn decrypt(&mut self, bytes: &mut [u8]) {
        for bytes in bytes.as_chunks_mut::<8>().0 {
            let mut block = Array(*bytes);
            self.decryptor.decrypt_block(&mut block);
            *bytes = block.0;
        }
    }
}

/// Seven bytes, as the upper seven bits of eight. DES does not look at the lowest bits.
fn spread(seven: &[u8]) -> [u8; 8] {
    let bits = seven
        .iter()
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let mut eight = [0_u8; 8];
    for (place, byte) in eight.iter_mut().enumerate() {
        *byte = (bits >> (49 - 7 * place)).to_be_bytes()[7] << 1;
    }
    eight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spread_over_the_upper_bits() {
        assert_eq!(spread(&[0xff; 7]), [0xfe; 8]);
        assert_eq!(
            spread(&[0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40]),
            [0x00, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]
        );
        assert_eq!(spread(&[0x80, 0, 0, 0, 0, 0, 1])[7], 0x02);
    }

    #[test]
    fn messages_hang_together() {
        let mut here = TripleDes::new(&[9; 16]);
        let mut there = TripleDes::new(&[9; 16]);
        let (mut first, mut second) = (*b"8 bytes.16 bytes", *b"8 bytes.16 bytes");
        here.encrypt(&mut first);
        here.encrypt(&mut second);
        assert_ne!(first, second);
        there.decrypt(&mut first);
        there.decrypt(&mut second);
        assert_eq!(
            (&first, &second),
            (b"8 bytes.16 bytes", b"8 bytes.16 bytes")
        );
    }
}
