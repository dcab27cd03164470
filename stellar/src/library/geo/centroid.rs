use super::distance::place;
use super::geohash::{Place, encode, precision};
use crate::library::function::members;
use crate::library::prelude::*;

pub(super) const GEOHASH_CENTROID: Function = Function::new(
    "GEOHASH_CENTROID",
    "The centre of several geohashes, on a sphere.",
    &[
        optional("geohashes", "A list or set of geohashes, or a map from geohashes to their weights. Of anything else there is no centre.").null_gives("null"),
        optional("precision", "The number of characters, at most 12.").of(NUMERIC).defaults_to("12"),
    ],
    "the geohash; null when there is none",
    centroid,
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    (
        "GEOHASH_CENTROID(['s00000000000', 's00000000000'], 5)",
        "\"s0000\"",
    ),
    ("GEOHASH_CENTROID([])", "null"),
]);

fn centroid(call: &mut Call) -> Outcome {
    let length = precision(call, 1)?;
    let weighted: Vec<(Value, Option<f64>)> = match (call.get(0), members(call.get(0))) {
        (_, Some(members)) => members.into_iter().map(|hash| (hash, Some(1.0))).collect(),
        (Value::Map(map), None) => {
            let pairs = map.iter();
            pairs
                .map(|(hash, weight)| (hash.clone(), weight.as_f64()))
                .collect()
        }
        _ => return Ok(Value::Null),
    };
    let (mut x, mut y, mut z, mut total) = (0.0, 0.0, 0.0, 0.0);
    for (hash, weight) in weighted.iter().filter(|(hash, _)| !hash.is_null()) {
        let place = place(call, hash)?;
        let Some(weight) = weight else {
            return call.fail("the weights must be numbers");
        };
        let (latitude, longitude) = (place.latitude.to_radians(), place.longitude.to_radians());
        x += latitude.cos() * longitude.cos() * weight;
        y += latitude.cos() * longitude.sin() * weight;
        z += latitude.sin() * weight;
        total += weight;
    }
    if total == 0.0 {
        return Ok(Value::Null);
    }
    let (x, y, z) = (x / total, y / total, z / total);
    let centre = Place {
        latitude: z.atan2((x * x + y * y).sqrt()).to_degrees(),
        longitude: y.atan2(x).to_degrees(),
    };
    Ok(encode(centre, length).map_or(Value::Null, Value::from))
}
