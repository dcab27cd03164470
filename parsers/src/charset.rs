//! Character sets that `readCharset` may name.

use std::borrow::Cow;

/// A character set, by its Java name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Charset {
    #[default]
    Utf8,
    Ascii,
    Latin1,
    Windows1252,
    Utf16,
    Utf16Be,
    Utf16Le,
}

/// What `readCharset` may be, for messages.
pub(crate) const NAMES: &str =
    "UTF-8, US-ASCII, ISO-8859-1, windows-1252, UTF-16, UTF-16BE, UTF-16LE";

impl Charset {
    /// The character set of a name, upper or lower case, with the usual aliases.
    pub fn by_name(name: &str) -> Option<Charset> {
        let plain = name.trim().to_ascii_lowercase().replace('_', "-");
        Some(match plain.as_str() {
            "utf-8" | "utf8" => Charset::Utf8,
            "us-ascii" | "ascii" => Charset::Ascii,
            "iso-8859-1" | "iso8859-1" | "latin1" | "latin-1" => Charset::Latin1,
            "windows-1252" | "cp1252" => Charset::Windows1252,
            "utf-16" | "utf16" => Charset::Utf16,
            "utf-16be" => Charset::Utf16Be,
            "utf-16le" => Charset::Utf16Le,
            _ => return None,
        })
    }

    /// The text of some bytes; what cannot be decoded becomes U+FFFD.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Charset::Utf8 => utf8(bytes),
            Charset::Ascii => one_by_one(bytes, |byte| match byte {
                0..=0x7f => char::from(byte),
                _ => char::REPLACEMENT_CHARACTER,
            }),
            Charset::Latin1 => one_by_one(bytes, char::from),
            Charset::Windows1252 => one_by_one(bytes, |byte| match byte {
                0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
                _ => char::from(byte),
            }),
            Charset::Utf16 => match bytes {
                [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
                [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
                _ => utf16(bytes, u16::from_be_bytes),
            },
            Charset::Utf16Be => utf16(bytes, u16::from_be_bytes),
            Charset::Utf16Le => utf16(bytes, u16::from_le_bytes),
        }
    }
}

/// Bytes as UTF-8; what is none becomes U+FFFD. Valid text, which is nearly all, takes the fast check only.
pub(crate) fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

fn one_by_one(bytes: &[u8], decode: impl Fn(u8) -> char) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().map(|byte| decode(*byte)).collect()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'static, str> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text: String = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Cow::Owned(text)
}

const WINDOWS_1252: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž',
    '\u{fffd}', '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}',
    'ž', 'Ÿ',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_by_the_named_set() {
        let decode =
            |name: &str, bytes: &[u8]| Charset::by_name(name).unwrap().decode(bytes).into_owned();
        assert_eq!(decode("UTF_8", "é".as_bytes()), "é");
        assert_eq!(decode("ISO-8859-1", b"caf\xe9"), "café");
        assert_eq!(decode("US-ASCII", b"caf\xe9"), "caf\u{fffd}");
        assert_eq!(decode("windows-1252", b"\x80"), "€");
        assert_eq!(decode("UTF-16", b"\xff\xfea\0"), "a");
        assert_eq!(decode("UTF-16BE", b"\0a\0"), "a\u{fffd}");
        assert_eq!(Charset::by_name("KOI8-R"), None);
    }
}
