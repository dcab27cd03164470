use super::geohash::{Place, encode, precision};
use crate::convert::to_double;
use crate::library::prelude::*;

const PRECISION: Parameter = optional("precision", "The number of characters, at most 12.")
    .of(NUMERIC)
    .defaults_to("12");

pub(super) const GEOHASH_FROM_LATLONG: Function = Function::new(
    "GEOHASH_FROM_LATLONG",
    "The geohash of a place.",
    &[
        optional("latitude", "In degrees.").null_gives("null"),
        optional("longitude", "In degrees.").null_gives("null"),
        PRECISION,
    ],
    "the geohash; null when a coordinate is missing",
    |call| geohash(call, to_double(call.get(0)), to_double(call.get(1)), 2),
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    (
        "GEOHASH_FROM_LATLONG(57.64911, 10.40744, 10)",
        "\"u4pruydqqv\"",
    ),
    ("GEOHASH_FROM_LATLONG(0, 0)", "\"s00000000000\""),
    ("GEOHASH_FROM_LATLONG(null, 0)", "null"),
]);

pub(super) const GEOHASH_FROM_LOC: Function = Function::new(
    "GEOHASH_FROM_LOC",
    "The geohash of a place.",
    &[
        optional(
            "place",
            "A map with `latitude` and `longitude`, such as GEO_GET gives.",
        )
        .of(Types::MAP)
        .null_gives("null"),
        PRECISION,
    ],
    "the geohash; null when a coordinate is missing",
    |call| {
        let map = call.map_or_null(0)?;
        let coordinate = |name: &str| map.and_then(|map| map.get_str(name)).and_then(to_double);
        let (latitude, longitude) = (coordinate("latitude"), coordinate("longitude"));
        geohash(call, latitude, longitude, 1)
    },
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[(
    "GEOHASH_FROM_LOC({'latitude': '51.5', 'longitude': '-0.12'})",
    "\"gcpuvr295zcd\"",
)]);

fn geohash(
    call: &Call,
    latitude: Option<f64>,
    longitude: Option<f64>,
    precision_at: usize,
) -> Outcome {
    let length = precision(call, precision_at)?;
    let (Some(latitude), Some(longitude)) = (latitude, longitude) else {
        return Ok(Value::Null);
    };
    let place = Place {
        latitude,
        longitude,
    };
    match encode(place, length) {
        Some(hash) => Ok(Value::from(hash)),
        None => call.fail(format_args!("there is no place {latitude}, {longitude}")),
    }
}
