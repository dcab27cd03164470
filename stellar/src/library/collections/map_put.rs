use crate::library::function::map_mut;
use crate::library::prelude::*;

pub(super) const MAP_PUT: Function = Function::new(
    "MAP_PUT",
    "A map with a value under a key.",
    &[
        required("key", "The key."),
        required("value", "The value."),
        required("map", "The map; null stands for an empty one.").of(Types::MAP),
    ],
    "the map",
    map_put,
)
.gives(Types::MAP)
.quick()
.examples(&[
    ("MAP_PUT('a', 1, {'b': 2})", "{\"b\":2,\"a\":1}"),
    ("MAP_PUT('a', 1, {'a': 0})", "{\"a\":1}"),
    ("MAP_PUT('a', 1, null)", "{\"a\":1}"),
]);

fn map_put(call: &mut Call) -> Outcome {
    let mut map = match call.take_to_change(2)? {
        Value::Null => Value::map(Map::new()),
        other => other,
    };
    let (key, value) = (call.take(0), call.take(1));
    call.nest(&key)?;
    call.nest(&value)?;
    let Some(entries) = map_mut(&mut map) else {
        return call.fail("argument 3 must be a map");
    };
    entries.insert(key, value);
    Ok(map)
}
