use super::geohash::{Place, encode};
use crate::convert::{to_double, to_int};
use crate::library::prelude::*;

const PRECISION: Parameter = optional("precision", "The number of characters, 12 when absent.");

pub(super) const GEOHASH_FROM_LATLONG: Function = Function::new(
    "GEOHASH_FROM_LATLONG",
    "The geohash of a place.",
    &[
        optional("latitude", "In degrees."),
        optional("longitude", "In degrees."),
        PRECISION,
    ],
    "the geohash; null when a coordinate is missing",
    |call| {
        geohash(
            call,
            to_double(call.get(0)),
            to_double(call.get(1)),
            to_int(call.get(2)),
        )
    },
)
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
        ),
        PRECISION,
    ],
    "the geohash; null when a coordinate is missing",
    |call| {
        let Some(map) = call.map_or_null(0)? else {
            return Ok(Value::Null);
        };
        let coordinate = |name: &str| map.get_str(name).and_then(to_double);
        let (latitude, longitude) = (coordinate("latitude"), coordinate("longitude"));
        geohash(call, latitude, longitude, to_int(call.get(1)))
    },
)
.examples(&[(
    "GEOHASH_FROM_LOC({'latitude': '51.5', 'longitude': '-0.12'})",
    "\"gcpuvr295zcd\"",
)]);

fn geohash(
    call: &Call,
    latitude: Option<f64>,
    longitude: Option<f64>,
    precision: Option<i32>,
) -> Outcome {
    let (Some(latitude), Some(longitude)) = (latitude, longitude) else {
        return Ok(Value::Null);
    };
    let place = Place {
        latitude,
        longitude,
    };
    let Ok(length @ 1..) = usize::try_from(precision.unwrap_or(12)) else {
        return call.fail("the precision must be above 0");
    };
    match encode(place, length) {
        Some(hash) => Ok(Value::from(hash)),
        None => call.fail(format_args!("there is no place {latitude}, {longitude}")),
    }
}
