use alidade_event::Value;

use crate::EvalError;
use crate::text::text;

/// A hash of a value that is the same everywhere and tells types apart: 1 and 1L are different values.
pub(super) fn hash_value(value: &Value) -> Result<u64, EvalError> {
    let mut hash = Fnv::new();
    hash.bytes(value.type_name().as_bytes());
    hash.bytes(&[0]);
    hash.bytes(text(value)?.as_bytes());
    Ok(hash.finish())
}

/// FNV-1a with a final mix, so that all bits depend on all bytes.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(self) -> u64 {
        let mut hash = self.0;
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ (hash >> 33)
    }
}
