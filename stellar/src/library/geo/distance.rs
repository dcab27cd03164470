use super::geohash::{Place, decode};
use crate::EvalError;
use crate::library::prelude::*;

const STRATEGY: Parameter = optional(
    "strategy",
    "How it is computed: `HAVERSINE`, `LAW_OF_COSINES` or `VICENTY`, all on a sphere.",
)
.of(Types::TEXT)
.defaults_to("`HAVERSINE`");

pub(super) const GEOHASH_DIST: Function = Function::new(
    "GEOHASH_DIST",
    "How far two geohashes are apart.",
    &[
        optional("geohash1", "A geohash.")
            .of(Types::TEXT)
            .null_gives("null"),
        optional("geohash2", "Another one.")
            .of(Types::TEXT)
            .null_gives("null"),
        STRATEGY,
    ],
    "the distance in kilometres",
    |call| {
        let (from, to) = (call.text_or_null(0)?, call.text_or_null(1)?);
        let strategy = strategy(call, 2)?;
        if from.is_none() || to.is_none() {
            return Ok(Value::Null);
        }
        let distance = strategy(place(call, call.get(0))?, place(call, call.get(1))?);
        Ok(Value::Double(distance))
    },
)
.gives(Types::DECIMAL.or(Types::NULL))
.examples(&[
    ("GEOHASH_DIST('u4pruy', 'u4pruy')", "0.0"),
    ("GEOHASH_DIST('u4pruy', null)", "null"),
]);

pub(super) const GEOHASH_MAX_DIST: Function = Function::new(
    "GEOHASH_MAX_DIST",
    "The largest distance between any two geohashes.",
    &[
        optional(
            "geohashes",
            "A list or set of geohashes; nulls among them are left out.",
        )
        .of(Types::LIST.or(Types::SET))
        .null_gives("null"),
        STRATEGY,
    ],
    "the distance in kilometres; NaN for no geohash, 0 for one",
    max_distance,
)
.gives(Types::DECIMAL.or(Types::NULL))
.examples(&[
    ("GEOHASH_MAX_DIST(['u4pruy'])", "0.0"),
    ("GEOHASH_MAX_DIST(null)", "null"),
]);

/// Mean radius of the earth, in kilometres.
const RADIUS: f64 = 6_371.008_771_4;
/// Most geohashes that are compared with each other.
const MAX_COMPARED: usize = 3_000;

pub(super) fn place(call: &Call, hash: &Value) -> Result<Place, EvalError> {
    let found = hash.as_str().and_then(decode);
    match found {
        Some(place) => Ok(place),
        None => call.fail(format_args!(
            "{} is not a geohash",
            crate::operators::described(hash)
        )),
    }
}

fn max_distance(call: &mut Call) -> Outcome {
    let hashes = call.members_or_null(0)?;
    let strategy = strategy(call, 1)?;
    let Some(hashes) = hashes else {
        return Ok(Value::Null);
    };
    let mut places = Vec::new();
    for hash in hashes.iter().filter(|hash| !hash.is_null()) {
        places.push(place(call, hash)?);
    }
    if places.len() > MAX_COMPARED {
        return call.fail(format_args!("more than {MAX_COMPARED} geohashes"));
    }
    let mut longest = if places.is_empty() { f64::NAN } else { 0.0 };
    for (at, first) in places.iter().enumerate() {
        for second in places.iter().skip(at + 1) {
            longest = f64::max(longest, strategy(*first, *second));
        }
    }
    Ok(Value::Double(longest))
}

type Strategy = fn(Place, Place) -> f64;

fn strategy(call: &Call, at: usize) -> Result<Strategy, EvalError> {
    let angle: Strategy = match call.text_or_null(at)?.map_or("HAVERSINE", |name| name) {
        "HAVERSINE" => haversine,
        "LAW_OF_COSINES" => law_of_cosines,
        "VICENTY" => vincenty,
        name => return call.fail(format_args!("unknown strategy `{}`", name.escape_debug())),
    };
    Ok(angle)
}

fn kilometres(radians: f64) -> f64 {
    radians.to_degrees() * (1f64.to_radians() * RADIUS)
}

fn haversine(from: Place, to: Place) -> f64 {
    if from == to {
        return 0.0;
    }
    let x = ((from.longitude.to_radians() - to.longitude.to_radians()) * 0.5).sin();
    let y = ((from.latitude.to_radians() - to.latitude.to_radians()) * 0.5).sin();
    let h = y * y + from.latitude.to_radians().cos() * to.latitude.to_radians().cos() * x * x;
    let h = h.min(1.0);
    kilometres(2.0 * h.sqrt().atan2((1.0 - h).sqrt()))
}

fn law_of_cosines(from: Place, to: Place) -> f64 {
    if from == to {
        return 0.0;
    }
    let (a, b) = (from.latitude.to_radians(), to.latitude.to_radians());
    let angle = to.longitude.to_radians() - from.longitude.to_radians();
    let cosine = a.sin() * b.sin() + a.cos() * b.cos() * angle.cos();
    kilometres(cosine.clamp(-1.0, 1.0).acos())
}

/// Vincenty's formula on a sphere.
fn vincenty(from: Place, to: Place) -> f64 {
    if from == to {
        return 0.0;
    }
    let (a, b) = (from.latitude.to_radians(), to.latitude.to_radians());
    let angle = to.longitude.to_radians() - from.longitude.to_radians();
    let across = b.cos() * angle.sin();
    let along = a.cos() * b.sin() - a.sin() * b.cos() * angle.cos();
    let denominator = a.sin() * b.sin() + a.cos() * b.cos() * angle.cos();
    kilometres((across * across + along * along).sqrt().atan2(denominator))
}
