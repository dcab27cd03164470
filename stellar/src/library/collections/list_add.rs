use crate::library::function::list_mut;
use crate::library::prelude::*;

pub(super) const LIST_ADD: Function = Function::new(
    "LIST_ADD",
    "A list with one more member at its end. What is not a list is given back as it is.",
    &[
        optional("list", "The list. Anything else is given back.").null_gives("null"),
        optional("member", "What to add."),
    ],
    "the list",
    list_add,
)
.quick()
.examples(&[
    ("LIST_ADD([1], 2)", "[1,2]"),
    ("LIST_ADD([1], [2])", "[1,[2]]"),
    ("LIST_ADD('x', 2)", "\"x\""),
]);

fn list_add(call: &mut Call) -> Outcome {
    let mut list = call.take_to_change(0)?;
    if call.len() > 1
        && let Some(members) = list_mut(&mut list)
    {
        let member = call.take(1);
        call.nest(&member)?;
        members.push(member);
    }
    Ok(list)
}
