use crate::EvalError;
use crate::convert::to_int;
use crate::library::prelude::*;

const ALPHABET: &[u8] = b"0123456789bcdefghjkmnpqrstuvwxyz";
/// Longest geohash: more characters say nothing more about two doubles.
const MAX_LENGTH: usize = 12;

/// The number of characters that a call asks for at a place of its arguments.
pub(super) fn precision(call: &Call, at: usize) -> Result<usize, EvalError> {
    let wanted = match call.get(at) {
        Value::Null => return Ok(MAX_LENGTH),
        value => to_int(value),
    };
    match wanted.map(|length| usize::try_from(length).unwrap_or(0)) {
        Some(length) if length <= MAX_LENGTH => Ok(length),
        _ => call.wrong(at, "a whole number of at most 12"),
    }
}

/// A place in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub latitude: f64,
    pub longitude: f64,
}

/// The geohash of a place with a number of characters; nothing when the place is not on the earth.
pub(super) fn encode(place: Place, length: usize) -> Option<String> {
    let on_earth = place.latitude.abs() <= 90.0 && place.longitude.abs() <= 180.0;
    if !on_earth {
        return None;
    }
    let mut longitude = (-180.0, 180.0);
    let mut latitude = (-90.0, 90.0);
    let mut hash = String::with_capacity(MAX_LENGTH);
    let mut even = true;
    for _ in 0..length {
        let mut index = 0;
        for _ in 0..5 {
            let bit = match even {
                true => upper_half(&mut longitude, place.longitude),
                false => upper_half(&mut latitude, place.latitude),
            };
            index = index << 1 | usize::from(bit);
            even = !even;
        }
        hash.push(char::from(ALPHABET[index]));
    }
    Some(hash)
}

/// Halves a range around a value; true when it is the upper half.
fn upper_half(range: &mut (f64, f64), value: f64) -> bool {
    let middle = (range.0 + range.1) / 2.0;
    let upper = value >= middle;
    match upper {
        true => range.0 = middle,
        false => range.1 = middle,
    }
    upper
}

/// The middle of the rectangle that a geohash names; nothing when it has other characters.
pub(super) fn decode(hash: &str) -> Option<Place> {
    let mut longitude = (-180.0, 180.0);
    let mut latitude = (-90.0, 90.0);
    let mut even = true;
    for byte in hash.bytes() {
        let index = ALPHABET.iter().position(|known| *known == byte)?;
        for bit in (0..5).rev() {
            let range = if even { &mut longitude } else { &mut latitude };
            let middle = (range.0 + range.1) / 2.0;
            match index >> bit & 1 {
                1 => range.0 = middle,
                _ => range.1 = middle,
            }
            even = !even;
        }
    }
    Some(Place {
        latitude: (latitude.0 + latitude.1) / 2.0,
        longitude: (longitude.0 + longitude.1) / 2.0,
    })
}
