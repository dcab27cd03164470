use super::members::check_size;
use crate::library::function::set_mut;
use crate::library::prelude::*;

const SET: Parameter = optional("set", "The set; null stands for an empty one.").of(Types::SET);

pub(super) const SET_ADD: Function = Function::new(
    "SET_ADD",
    "A set with more members. Nulls are left out.",
    &[SET, repeated("members", "What to add.")],
    "the set",
    |call| {
        changed(call, |set, member| {
            set.insert(member);
        })
    },
)
.gives(Types::SET.or(Types::NULL))
.examples(&[
    ("SET_ADD(SET_INIT([1]), 2, 1, null)", "[1,2]"),
    ("SET_ADD(null, 'x')", "[\"x\"]"),
]);

pub(super) const SET_REMOVE: Function = Function::new(
    "SET_REMOVE",
    "A set without some members.",
    &[SET, repeated("members", "What to take away.")],
    "the set",
    |call| {
        changed(call, |set, member| {
            set.remove(&member);
        })
    },
)
.gives(Types::SET.or(Types::NULL))
.examples(&[("SET_REMOVE(SET_INIT([1, 2, 3]), 2)", "[1,3]")]);

fn changed(call: &mut Call, change: fn(&mut Set, Value)) -> Outcome {
    if call.len() == 0 {
        return Ok(Value::Null);
    }
    let mut set = match call.take_to_change(0)? {
        Value::Null => Value::set(Set::new()),
        other => other,
    };
    let Some(members) = set_mut(&mut set) else {
        return call.fail("argument 1 must be a set, made with SET_INIT");
    };
    for at in 1..call.len() {
        let member = call.take(at);
        call.nest(&member)?;
        if !member.is_null() {
            change(members, member);
        }
        check_size(members.len())?;
    }
    Ok(set)
}
