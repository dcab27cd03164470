use md5::Digest;

use super::codec::hex;
use super::java_serial::serialized;
use super::tlsh;
use crate::convert::to_bool;
use crate::library::prelude::*;
use crate::text::text;

pub(super) const HASH: Function = Function::new(
    "HASH",
    "The hash of a text, in hexadecimal digits.",
    &[
        required("input", "The text. Numbers and booleans are hashed as Java serializes them, as upstream does; other values by their text. Null gives as many zeros as a hash has digits."),
        required("algorithm", "One of those of GET_HASHES_AVAILABLE, in any case.").of(Types::TEXT).null_gives("null"),
        optional("config", "A map: `charset` for the bytes of the text; for TLSH also bucketSize, checksumBytes, force, hashes. What is not a map is ignored.").null_is_absent(),
    ],
    "the digits; for TLSH null when there is too little to hash",
    hash,
)
.gives(Types::TEXT.or(Types::MAP).or(Types::NULL))
.prepared(|arguments| match arguments.get(1) {
    Some(Some(Value::Str(name))) if algorithm(name).is_none() && !is_tlsh(name) => {
        Err(Refused::at(1)(unknown(name)))
    }
    _ => Ok(None),
})
.examples(&[
    ("HASH('casey', 'md5')", "\"1e21afeba99926d69874ae1c97c88418\""),
    ("HASH(null, 'md5')", "\"00000000000000000000000000000000\""),
    ("HASH('a', null)", "null"),
    ("HASH('', 'SHA-1')", "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\""),
    ("HASH('short', 'tlsh')", "null"),
]);

pub(super) const GET_HASHES_AVAILABLE: Function = Function::new(
    "GET_HASHES_AVAILABLE",
    "The algorithms that HASH knows.",
    &[],
    "the list",
    |_| {
        let names = ALGORITHMS.iter().map(|(name, _)| Value::str(name));
        Ok(Value::list(names.chain([Value::str("TLSH")]).collect()))
    },
)
.gives(Types::LIST)
.exact()
.examples(&[("'MD5' in GET_HASHES_AVAILABLE()", "true")]);

type Algorithm = fn(&[u8]) -> Vec<u8>;

fn digest<D: Digest>(bytes: &[u8]) -> Vec<u8> {
    D::digest(bytes).to_vec()
}

const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("MD2", digest::<md2::Md2>),
    ("MD5", digest::<md5::Md5>),
    ("SHA", digest::<sha1::Sha1>),
    ("SHA-1", digest::<sha1::Sha1>),
    ("SHA-224", digest::<sha2::Sha224>),
    ("SHA-256", digest::<sha2::Sha256>),
    ("SHA-384", digest::<sha2::Sha384>),
    ("SHA-512", digest::<sha2::Sha512>),
    ("SHA-512/224", digest::<sha2::Sha512_224>),
    ("SHA-512/256", digest::<sha2::Sha512_256>),
    ("SHA3-224", digest::<sha3::Sha3_224>),
    ("SHA3-256", digest::<sha3::Sha3_256>),
    ("SHA3-384", digest::<sha3::Sha3_384>),
    ("SHA3-512", digest::<sha3::Sha3_512>),
];

fn algorithm(name: &str) -> Option<Algorithm> {
    let found = ALGORITHMS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, algorithm)| *algorithm)
}

fn is_tlsh(name: &str) -> bool {
    name.eq_ignore_ascii_case("TLSH")
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> = ALGORITHMS.iter().map(|(known, _)| *known).collect();
    format!(
        "unknown algorithm `{}`; there are {} and TLSH",
        name.escape_debug(),
        known.join(", ")
    )
}

fn hash(call: &mut Call) -> Outcome {
    let Some(name) = call.any_text(1)? else {
        return Ok(Value::Null);
    };
    let config = match call.get(2) {
        Value::Map(config) => Some(config),
        _ => None,
    };
    let setting = |key: &str| config.and_then(|config| config.get_str(key));
    let found = algorithm(&name);
    if found.is_none() && !is_tlsh(&name) {
        return call.fail(unknown(&name));
    }
    let bytes = match call.get(0) {
        Value::Null => None,
        value => match serialized(value) {
            Some(bytes) => Some(bytes),
            None => match bytes(&text(value)?, setting("charset")) {
                Some(bytes) => Some(bytes),
                None => return call.fail("unknown charset"),
            },
        },
    };
    match (found, bytes) {
        (Some(algorithm), Some(bytes)) => Ok(Value::from(hex(&algorithm(&bytes)))),
        (Some(algorithm), None) => Ok(Value::from("0".repeat(algorithm(b"").len() * 2))),
        (None, None) => Ok(Value::Null),
        (None, Some(bytes)) => {
            let force = setting("force").and_then(to_bool).unwrap_or(true);
            match tlsh::hash(&bytes, force, &setting) {
                Ok(value) => Ok(value),
                Err(reason) => call.fail(reason),
            }
        }
    }
}

/// The bytes of a text in a charset; nothing when the charset is unknown. What a charset lacks becomes `?`.
fn bytes(text: &str, charset: Option<&Value>) -> Option<Vec<u8>> {
    let name = match charset {
        None | Some(Value::Null) => "UTF-8",
        Some(Value::Str(name)) => name.as_str(),
        Some(_) => return None,
    };
    let narrow = |limit: u32| {
        let byte = |c: char| {
            if u32::from(c) < limit {
                c as u32 as u8
            } else {
                b'?'
            }
        };
        text.chars().map(byte).collect()
    };
    let wide = |write: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(write).collect();
    match name.to_ascii_uppercase().as_str() {
        "UTF-8" | "UTF8" => Some(text.as_bytes().to_vec()),
        "US-ASCII" | "ASCII" => Some(narrow(0x80)),
        "ISO-8859-1" | "ISO8859_1" | "LATIN1" => Some(narrow(0x100)),
        "UTF-16BE" => Some(wide(u16::to_be_bytes)),
        "UTF-16LE" => Some(wide(u16::to_le_bytes)),
        "UTF-16" => {
            let mut marked = vec![0xfe, 0xff];
            marked.extend::<Vec<u8>>(wide(u16::to_be_bytes));
            Some(marked)
        }
        _ => None,
    }
}
