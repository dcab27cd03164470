use super::distance::place;
use super::geohash::{Place, encode};
use crate::convert::{to_double, to_int};
use crate::library::function::members;
use crate::library::prelude::*;

pub(super) const GEOHASH_CENTROID: Function = Function::new(
    "GEOHASH_CENTROID",
    "The centre of several geohashes, on a sphere.",
    &[
        optional(
            "geohashes",
            "A list or set of geohashes, or a map from geohashes to their weights.",
        ),
        optional("precision", "The number of characters, 12 when absent."),
    ],
    "the geohash; null when there is none",
    centroid,
)
.examples(&[
    (
        "GEOHASH_CENTROID(['s00000000000', 's00000000000'], 5)",
        "\"s0000\"",
    ),
    ("GEOHASH_CENTROID([])", "null"),
]);

fn centroid(call: &mut Call) -> Outcome {
    let weighted: Vec<(Value, f64)> = match (call.get(0), members(call.get(0))) {
        (_, Some(members)) => members.into_iter().map(|hash| (hash, 1.0)).collect(),
        (Value::Map(map), None) => {
            let pairs = map.iter();
            pairs
                .map(|(hash, weight)| (hash.clone(), to_double(weight).unwrap_or(0.0)))
                .collect()
        }
        (Value::Null, None) => return Ok(Value::Null),
        _ => return call.wrong(0, "a list, a set or a map"),
    };
    let (mut x, mut y, mut z, mut total) = (0.0, 0.0, 0.0, 0.0);
    for (hash, weight) in weighted.iter().filter(|(hash, _)| !hash.is_null()) {
        let place = place(call, hash)?;
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
    let Ok(length @ 1..) = usize::try_from(to_int(call.get(1)).unwrap_or(12)) else {
        return call.fail("the precision must be above 0");
    };
    Ok(encode(centre, length).map_or(Value::Null, Value::from))
}
