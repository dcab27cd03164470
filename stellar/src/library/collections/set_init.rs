use super::members::{check_size, members_or_none};
use crate::library::prelude::*;

pub(super) const SET_INIT: Function = Function::new(
    "SET_INIT",
    "A set.",
    &[
        optional("members", "A list or set whose members the set gets.")
            .of(Types::LIST.or(Types::SET))
            .null_is_absent(),
    ],
    "the set; empty when there is more than one argument",
    |call| {
        let members = members_or_none(call, 0)?;
        let mut set = Set::new();
        if call.len() > 1 {
            return Ok(Value::set(set));
        }
        for member in members {
            set.insert(member);
            check_size(set.len())?;
        }
        Ok(Value::set(set))
    },
)
.gives(Types::SET)
.examples(&[
    ("SET_INIT([2, 1, 2])", "[2,1]"),
    ("SET_INIT()", "[]"),
    ("1 in SET_INIT([1])", "true"),
]);
