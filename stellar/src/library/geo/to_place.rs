use super::geohash::decode;
use crate::library::prelude::*;

pub(super) const GEOHASH_TO_LATLONG: Function = Function::new(
    "GEOHASH_TO_LATLONG",
    "The middle of the rectangle that a geohash names.",
    &[optional("geohash", "The geohash.")
        .of(Types::TEXT)
        .null_gives("null")],
    "a map with latitude and longitude, in degrees",
    |call| {
        let Some(hash) = call.text_or_null(0)? else {
            return Ok(Value::Null);
        };
        let Some(place) = decode(hash) else {
            return call.wrong(0, "a geohash");
        };
        let mut map = Map::with_capacity(2);
        map.insert_str("latitude", Value::Double(place.latitude));
        map.insert_str("longitude", Value::Double(place.longitude));
        Ok(Value::map(map))
    },
)
.gives(Types::MAP.or(Types::NULL))
.examples(&[
    (
        "GEOHASH_TO_LATLONG('')",
        "{\"latitude\":0.0,\"longitude\":0.0}",
    ),
    ("GEOHASH_TO_LATLONG(null)", "null"),
]);
