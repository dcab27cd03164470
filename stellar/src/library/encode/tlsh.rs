//! Locality sensitive hashes: similar texts have similar hashes.

use super::codec::hex;
use super::java_random::JavaRandom;
use crate::convert::{to_int, to_long};
use crate::library::function::members;
use crate::library::prelude::*;

/// Least number of bytes that are hashed without `force`.
const MIN_BYTES: usize = 256;
/// Longest bin of a hash, in bits.
const MAX_BIN: usize = 1 << 16;

type Settings<'s> = dyn Fn(&str) -> Option<&'s Value> + 's;

/// The hash of some bytes under the settings of HASH; null when there is too little in them.
pub(super) fn hash<'s>(bytes: &[u8], force: bool, setting: &Settings<'s>) -> Result<Value, String> {
    let number = |key: &str, otherwise: i64| setting(key).and_then(to_long).unwrap_or(otherwise);
    let checksum = number("checksumBytes", 1);
    let digest = match (number("bucketSize", 128), checksum) {
        (128, 1) => text(tlsh2::TlshBuilder128_1::build_from(bytes).map(|tlsh| tlsh.hash())),
        (128, 3) => text(tlsh2::TlshBuilder128_3::build_from(bytes).map(|tlsh| tlsh.hash())),
        (256, 1) => text(tlsh2::TlshBuilder256_1::build_from(bytes).map(|tlsh| tlsh.hash())),
        (256, 3) => text(tlsh2::TlshBuilder256_3::build_from(bytes).map(|tlsh| tlsh.hash())),
        _ => return Err("bucketSize must be 128 or 256, checksumBytes 1 or 3".to_owned()),
    };
    let Some(digest) = digest.filter(|_| force || bytes.len() >= MIN_BYTES) else {
        return Ok(Value::Null);
    };
    let Some(hashes) = setting("hashes").filter(|hashes| !hashes.is_null()) else {
        return Ok(Value::from(digest));
    };
    let sizes = members(hashes).unwrap_or_else(|| vec![hashes.clone()]);
    // One sequence of draws for all bins, as upstream does.
    let mut random = JavaRandom::new(0);
    let mut result = Map::new();
    result.insert_str("tlsh", Value::str(&digest));
    for size in &sizes {
        let bits = to_int(size)
            .and_then(|bits| usize::try_from(bits).ok())
            .filter(|bits| (1..=MAX_BIN).contains(bits))
            .ok_or("hashes must be whole numbers above 0")?;
        let name = match sizes.len() {
            1 => "tlsh_bin".to_owned(),
            _ => format!("tlsh_bin_{bits}"),
        };
        let body = digest.get(checksum as usize * 2..).unwrap_or_default();
        result.insert_str(&name, Value::from(bin(body, bits, &mut random)));
    }
    Ok(Value::map(result))
}

/// The hash without its version.
fn text<const LENGTH: usize>(hash: Option<[u8; LENGTH]>) -> Option<String> {
    let hash = hash?;
    let text = std::str::from_utf8(&hash).ok()?;
    Some(text.strip_prefix("T1").unwrap_or(text).to_owned())
}

/// Some bits of a hash, drawn at random, after their number.
fn bin(digest: &str, bits: usize, random: &mut JavaRandom) -> String {
    let bytes: Vec<u8> = digest
        .as_bytes()
        .chunks_exact(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let is_set = |bit: usize| {
        bytes
            .get(bit / 8)
            .is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    };
    let length = (0..bytes.len() * 8)
        .rev()
        .find(|bit| is_set(*bit))
        .map_or(0, |bit| bit + 1);
    let mut drawn = vec![0u8; bits.div_ceil(8)];
    for bit in 0..bits {
        if is_set(random.below(length as u32) as usize) {
            drawn[bit / 8] |= 1 << (bit % 8);
        }
    }
    while drawn.len() > 1 && drawn.last() == Some(&0) {
        drawn.pop();
    }
    format!("{bits}{}", hex(&drawn))
}
