use super::members::{check_size, members_or_none};
use crate::library::function::members;
use crate::library::prelude::*;

pub(super) const SET_MERGE: Function = Function::new(
    "SET_MERGE",
    "The union of several lists and sets.",
    &[optional(
        "sets",
        "A list of lists and sets; nulls among them are left out.",
    )
    .of(Types::LIST.or(Types::SET))
    .null_gives("[]")],
    "the set",
    set_merge,
)
.gives(Types::SET.or(Types::NULL))
.examples(&[
    ("SET_MERGE([SET_INIT([1, 2]), null, [2, 3]])", "[1,2,3]"),
    ("SET_MERGE(null)", "[]"),
]);

fn set_merge(call: &mut Call) -> Outcome {
    if call.len() == 0 {
        return Ok(Value::Null);
    }
    let mut merged = Set::new();
    for set in members_or_none(call, 0)? {
        match (members(&set), set) {
            (Some(members), _) => {
                for member in members {
                    merged.insert(member);
                    check_size(merged.len())?;
                }
            }
            (None, Value::Null) => {}
            (None, _) => return call.fail("the members must be lists or sets"),
        }
    }
    Ok(Value::set(merged))
}
