use super::members::{Applied, elements_and_lambda};
use crate::library::prelude::*;

pub(super) const REDUCE: Function = Function::new(
    "REDUCE",
    "One value from all members: a lambda takes the value so far and the next member.",
    &[
        optional(
            "members",
            "A list, a set, or text, whose characters are gone through.",
        )
        .of(Types::TEXT.or(Types::LIST).or(Types::SET))
        .null_gives("null"),
        optional("lambda", "A lambda with two parameters.")
            .of(Types::LAMBDA)
            .null_gives("null"),
        optional("initial", "The value to begin with.").null_gives("null"),
    ],
    "the last value",
    reduce,
)
.examples(&[
    ("REDUCE([1, 2, 3], (sum, x) -> sum + x, 0)", "6"),
    (
        "REDUCE([1, 2, 3], (all, x) -> LIST_ADD(all, x), [])",
        "[1,2,3]",
    ),
    ("REDUCE([1, 2], (sum, x) -> sum + x, null)", "null"),
]);

fn reduce(call: &mut Call) -> Outcome {
    let argument = call.get(1).clone();
    let (elements, lambda) = match elements_and_lambda(call, &argument)? {
        Applied::To(elements, lambda) if !call.get(2).is_null() => (elements, lambda),
        _ => return Ok(Value::Null),
    };
    let mut value = call.take(2);
    for element in elements.iter() {
        value = call.invoke(lambda, &mut [value, element.clone()])?;
    }
    Ok(value)
}
