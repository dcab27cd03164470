//! The encodings that ENCODE, DECODE and IS_ENCODING know.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Base32,
    Base32Hex,
    Base64,
    Binary,
    Hex,
}

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE32_HEX: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Encoding {
    pub const NAMES: [(&'static str, Encoding); 5] = [
        ("BASE32", Encoding::Base32),
        ("BASE32HEX", Encoding::Base32Hex),
        ("BASE64", Encoding::Base64),
        ("BINARY", Encoding::Binary),
        ("HEX", Encoding::Hex),
    ];

    pub fn named(name: &str) -> Option<Self> {
        let found = Encoding::NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, encoding)| *encoding)
    }

    pub fn encode(self, bytes: &[u8]) -> String {
        match self {
            Encoding::Base32 => encode_bits(bytes, BASE32, 5, 8),
            Encoding::Base32Hex => encode_bits(bytes, BASE32_HEX, 5, 8),
            Encoding::Base64 => encode_bits(bytes, BASE64, 6, 4),
            // The last byte comes first.
            Encoding::Binary => bytes
                .iter()
                .rev()
                .map(|byte| format!("{byte:08b}"))
                .collect(),
            Encoding::Hex => hex(bytes),
        }
    }

    /// Nothing when the text is not in the encoding; of BASE32 and BASE64, foreign characters are left out instead.
    pub fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Encoding::Base32 => Some(decode_bits(text, BASE32, 5)),
            Encoding::Base32Hex => Some(decode_bits(text, BASE32_HEX, 5)),
            Encoding::Base64 => Some(decode_bits(&url_safe_too(text), BASE64, 6)),
            Encoding::Binary => decode_binary(text),
            Encoding::Hex => decode_hex(text),
        }
    }

    /// Whether all characters are those of the encoding.
    pub fn fits(self, text: &str) -> bool {
        let within = |alphabet: &[u8]| {
            let known = |byte: &u8| alphabet.contains(byte) || b"= \t\r\n".contains(byte);
            text.as_bytes().iter().all(known)
        };
        match self {
            Encoding::Base32 => within(BASE32),
            Encoding::Base32Hex => within(BASE32_HEX),
            Encoding::Base64 => url_safe_too(text)
                .as_bytes()
                .iter()
                .all(|byte| BASE64.contains(byte) || b"= \t\r\n".contains(byte)),
            Encoding::Binary => text.bytes().all(|byte| matches!(byte, b'0' | b'1')),
            Encoding::Hex => decode_hex(text).is_some(),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn url_safe_too(text: &str) -> String {
    text.replace('-', "+").replace('_', "/")
}

/// `width` bits a character, filled up with `=` to a multiple of `group` characters.
fn encode_bits(bytes: &[u8], alphabet: &[u8], width: u32, group: usize) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / width as usize + group);
    let (mut buffer, mut filled) = (0u32, 0);
    let mask = (1u32 << width) - 1;
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        filled += 8;
        while filled >= width {
            filled -= width;
            out.push(char::from(alphabet[((buffer >> filled) & mask) as usize]));
        }
        buffer &= (1 << filled) - 1;
    }
    if filled > 0 {
        let last = (buffer << (width - filled)) & mask;
        out.push(char::from(alphabet[last as usize]));
    }
    while !out.len().is_multiple_of(group) {
        out.push('=');
    }
    out
}

fn decode_bits(text: &str, alphabet: &[u8], width: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut buffer, mut filled) = (0u32, 0);
    for byte in text.bytes().take_while(|byte| *byte != b'=') {
        let Some(value) = alphabet.iter().position(|known| *known == byte) else {
            continue;
        };
        buffer = (buffer << width) | value as u32;
        filled += width;
        if filled >= 8 {
            filled -= 8;
            out.push((buffer >> filled) as u8);
            buffer &= (1 << filled) - 1;
        }
    }
    out
}

/// Everything but `1` counts as 0. Nothing when only blanks come out.
fn decode_binary(text: &str) -> Option<Vec<u8>> {
    // Bits at the beginning that make no whole byte are dropped.
    let bytes: Vec<u8> = text
        .as_bytes()
        .rchunks_exact(8)
        .map(|bits| {
            bits.iter()
                .fold(0, |byte, bit| (byte << 1) | u8::from(*bit == b'1'))
        })
        .collect();
    bytes.iter().any(|byte| *byte > b' ').then_some(bytes)
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8))
        .collect()
}
