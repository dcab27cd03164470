use crate::library::prelude::*;

pub(super) const MULTISET_TO_SET: Function = Function::new(
    "MULTISET_TO_SET",
    "The members of a multiset without their counts.",
    &[optional("multiset", "The multiset; null stands for an empty one.").of(Types::MAP)],
    "the set",
    |call| {
        if call.len() == 0 {
            return Ok(Value::Null);
        }
        let members = call.map_or_null(0)?.map(|counts| {
            let members = counts.iter().map(|(member, _)| member.clone());
            members.collect::<Set>()
        });
        Ok(Value::set(members.unwrap_or_default()))
    },
)
.gives(Types::SET.or(Types::NULL))
.examples(&[(
    "MULTISET_TO_SET(MULTISET_INIT(['b', 'a', 'b']))",
    "[\"b\",\"a\"]",
)]);
