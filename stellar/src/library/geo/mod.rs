//! Functions on geohashes, texts that name a rectangle on the earth, the longer the smaller; and those that ask where an
//! address is.

mod centroid;
mod distance;
mod from_place;
mod geohash;
mod lookup;
mod to_place;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    centroid::GEOHASH_CENTROID,
    distance::GEOHASH_DIST,
    distance::GEOHASH_MAX_DIST,
    from_place::GEOHASH_FROM_LATLONG,
    from_place::GEOHASH_FROM_LOC,
    lookup::ASN_GET,
    lookup::GEO_GET,
    to_place::GEOHASH_TO_LATLONG,
];
