use crate::library::prelude::*;

pub(super) const MAP_EXISTS: Function = Function::new(
    "MAP_EXISTS",
    "Whether a map has a key, even if its value is null.",
    &[
        optional("key", "The key.").null_gives("false"),
        optional("map", "The map. In anything else there are no keys.").null_gives("false"),
    ],
    "true or false; false when it is not a map",
    |call| {
        let found = match (call.get(0), call.get(1)) {
            (Value::Null, _) => false,
            (key, Value::Map(map)) => map.contains_key(key),
            _ => false,
        };
        Ok(Value::Bool(found))
    },
)
.gives(Types::BOOLEAN)
.quick()
.examples(&[
    ("MAP_EXISTS('a', {'a': null})", "true"),
    ("MAP_EXISTS('b', {'a': 1})", "false"),
    ("MAP_EXISTS('a', 'abc')", "false"),
]);
