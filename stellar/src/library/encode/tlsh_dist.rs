use crate::convert::to_bool;
use crate::library::prelude::*;

pub(super) const TLSH_DIST: Function = Function::new(
    "TLSH_DIST",
    "How far two TLSH hashes are apart.",
    &[
        required("hash1", "A hash of HASH(.., 'TLSH').")
            .of(Types::TEXT)
            .null_gives("-1"),
        required("hash2", "Another one of the same kind.")
            .of(Types::TEXT)
            .null_gives("-1"),
        optional("includeLength", "Whether a difference in length counts.").defaults_to("false"),
    ],
    "the distance; 0 for equal hashes; -1 when either is null",
    tlsh_dist,
)
.gives(Types::INTEGER)
.examples(&[("TLSH_DIST(null, 'x')", "-1"), ("TLSH_DIST('x', 'x')", "0")]);

fn tlsh_dist(call: &mut Call) -> Outcome {
    let (Some(left), Some(right)) = (call.text_or_null(0)?, call.text_or_null(1)?) else {
        return Ok(Value::Int(-1));
    };
    if left == right {
        return Ok(Value::Int(0));
    }
    let include_length = to_bool(call.get(2)).unwrap_or(false);
    let distance = match left.len() {
        70 => distance::<1, 72, 32>(left, right, include_length),
        74 => distance::<3, 76, 32>(left, right, include_length),
        134 => distance::<1, 136, 64>(left, right, include_length),
        138 => distance::<3, 140, 64>(left, right, include_length),
        _ => None,
    };
    match distance {
        Some(distance) => Ok(Value::Int(distance)),
        None => call.fail("the arguments must be TLSH hashes of the same kind"),
    }
}

fn distance<const CHECKSUM: usize, const LENGTH: usize, const CODE: usize>(
    left: &str,
    right: &str,
    include_length: bool,
) -> Option<i32> {
    let read = |text: &str| {
        let versioned = format!("T1{}", text.to_ascii_uppercase());
        versioned
            .parse::<tlsh2::Tlsh<CHECKSUM, LENGTH, CODE>>()
            .ok()
    };
    Some(read(left)?.diff(&read(right)?, include_length))
}
