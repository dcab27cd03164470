//! Encodings and hashes.

mod codec;
mod decode;
mod encode_text;
mod hash;
mod is_encoding;
mod java_random;
mod java_serial;
mod tlsh;
mod tlsh_dist;

pub(super) use java_random::JavaRandom;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    decode::DECODE,
    encode_text::ENCODE,
    encode_text::GET_SUPPORTED_ENCODINGS,
    hash::GET_HASHES_AVAILABLE,
    hash::HASH,
    is_encoding::IS_ENCODING,
    tlsh_dist::TLSH_DIST,
];
