use super::members::{check_size, members_or_none};
use crate::library::prelude::*;

pub(super) const MAP_MERGE: Function = Function::new(
    "MAP_MERGE",
    "One map from several. Of a key that several have, the last value counts.",
    &[optional(
        "maps",
        "A list or set of maps; nulls among them are left out.",
    )
    .of(Types::LIST.or(Types::SET))
    .null_gives("{}")],
    "the map; a single member is given back as it is",
    map_merge,
)
.examples(&[
    ("MAP_MERGE([{'a': 1}, {'b': 2}])", "{\"a\":1,\"b\":2}"),
    ("MAP_MERGE([{'a': 1}, null, {'a': 2}])", "{\"a\":2}"),
    ("MAP_MERGE([])", "{}"),
]);

fn map_merge(call: &mut Call) -> Outcome {
    if call.len() == 0 {
        return Ok(Value::Null);
    }
    let mut maps = members_or_none(call, 0)?;
    if maps.len() == 1 {
        return Ok(maps.swap_remove(0));
    }
    let mut merged = Map::new();
    for map in &maps {
        match map {
            Value::Null => {}
            Value::Map(map) => {
                for (key, value) in map.iter() {
                    merged.insert(key.clone(), value.clone());
                    check_size(merged.len())?;
                }
            }
            _ => return call.fail("the members must be maps"),
        }
    }
    Ok(Value::map(merged))
}
