use super::members::check_size;
use super::multiset::add;
use crate::convert::to_int;
use crate::library::prelude::*;

pub(super) const MULTISET_MERGE: Function = Function::new(
    "MULTISET_MERGE",
    "One multiset from several, with the counts added.",
    &[optional(
        "multisets",
        "A list of multisets; nulls among them are left out.",
    )
    .of_present(Types::LIST.or(Types::SET))],
    "the map",
    multiset_merge,
)
.gives(Types::MAP.or(Types::NULL))
.examples(&[(
    "MULTISET_MERGE([MULTISET_INIT(['a', 'b']), null, MULTISET_INIT(['b'])])",
    "{\"a\":1,\"b\":2}",
)]);

fn multiset_merge(call: &mut Call) -> Outcome {
    if call.len() == 0 {
        return Ok(Value::Null);
    }
    let Some(multisets) = call.members_or_null(0)? else {
        return call.wrong(0, "a list of multisets");
    };
    let mut merged = Map::new();
    for multiset in multisets {
        match multiset {
            Value::Null => {}
            Value::Map(counts) => {
                for (member, count) in counts.iter() {
                    match to_int(count) {
                        Some(count) => {
                            add(&mut merged, member.clone(), count);
                            check_size(merged.len())?;
                        }
                        None => return call.fail("the counts must be whole numbers"),
                    }
                }
            }
            _ => return call.fail("the members must be multisets"),
        }
    }
    Ok(Value::map(merged))
}
