use super::members::{check_size, members_or_none};
use crate::convert::to_int;
use crate::library::function::map_mut;
use crate::library::prelude::*;

const MULTISET: Parameter =
    optional("multiset", "The multiset; null stands for an empty one.").of(Types::MAP);

pub(super) const MULTISET_INIT: Function = Function::new(
    "MULTISET_INIT",
    "A multiset: a map from each member to the number of times that it occurs.",
    &[
        optional("members", "A list or set whose members are counted.")
            .of(Types::LIST.or(Types::SET))
            .null_is_absent(),
    ],
    "the map",
    |call| {
        let mut counts = Map::new();
        for member in members_or_none(call, 0)? {
            add(&mut counts, member, 1);
            check_size(counts.len())?;
        }
        Ok(Value::map(counts))
    },
)
.gives(Types::MAP)
.examples(&[
    ("MULTISET_INIT(['a', 'b', 'a'])", "{\"a\":2,\"b\":1}"),
    ("MULTISET_INIT()", "{}"),
]);

pub(super) const MULTISET_ADD: Function = Function::new(
    "MULTISET_ADD",
    "A multiset with more members. Nulls are left out.",
    &[MULTISET, repeated("members", "What to add, once each.")],
    "the map",
    |call| changed(call, 1),
)
.gives(Types::MAP.or(Types::NULL))
.examples(&[(
    "MULTISET_ADD(MULTISET_INIT(['a']), 'a', 'b')",
    "{\"a\":2,\"b\":1}",
)]);

pub(super) const MULTISET_REMOVE: Function = Function::new(
    "MULTISET_REMOVE",
    "A multiset with fewer members.",
    &[
        MULTISET,
        repeated("members", "What to take away, once each."),
    ],
    "the map",
    |call| changed(call, -1),
)
.gives(Types::MAP.or(Types::NULL))
.examples(&[(
    "MULTISET_REMOVE(MULTISET_INIT(['a', 'a', 'b']), 'a', 'b', 'c')",
    "{\"a\":1}",
)]);

fn changed(call: &mut Call, by: i32) -> Outcome {
    if call.len() == 0 {
        return Ok(Value::Null);
    }
    let mut multiset = match call.take_to_change(0)? {
        Value::Null => Value::map(Map::new()),
        other => other,
    };
    let Some(counts) = map_mut(&mut multiset) else {
        return call.fail("argument 1 must be a multiset, which is a map with counts");
    };
    for at in 1..call.len() {
        let member = call.take(at);
        call.nest(&member)?;
        if !member.is_null() {
            add(counts, member, by);
        }
    }
    Ok(multiset)
}

/// Changes the count of a member; a count that falls to 0 goes away.
pub(super) fn add(counts: &mut Map, member: Value, by: i32) {
    let before = counts.get(&member).and_then(to_int).unwrap_or(0);
    let count = before.saturating_add(by);
    if count > 0 {
        counts.insert(member, Value::Int(count));
    } else {
        counts.remove(&member);
    }
}
