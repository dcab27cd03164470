use crate::library::prelude::*;

pub(super) const MAP_GET: Function = Function::new(
    "MAP_GET",
    "The value under a key of a map. Of `_`, which is the map of all fields, it is the field of any name.",
    &[
        required("key", "The key; null gives the default."),
        required("map", "The map; null gives the default.").of(Types::MAP),
        optional("default", "The value when the key is absent or its value is null."),
    ],
    "the value",
    map_get,
)
.quick()
.examples(&[
    ("MAP_GET('a', {'a': 1})", "1"),
    ("MAP_GET('b', {'a': 1}, 'none')", "\"none\""),
    ("MAP_GET('a', {'a': null}, 'none')", "\"none\""),
    ("MAP_GET(1L, {1: 'int'})", "null"),
]);

fn map_get(call: &mut Call) -> Outcome {
    let found = match call.map_or_null(1)? {
        Some(map) => map
            .get(call.get(0))
            .filter(|value| !value.is_null() && !call.get(0).is_null()),
        None => None,
    };
    match found {
        Some(value) => Ok(value.clone()),
        None => Ok(call.take(2)),
    }
}
