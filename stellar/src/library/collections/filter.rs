use super::members::{Applied, elements_and_lambda};
use crate::library::prelude::*;

pub(super) const FILTER: Function = Function::new(
    "FILTER",
    "The members for which a lambda gives true.",
    &[
        required(
            "members",
            "A list, a set, or text, whose characters are gone through.",
        )
        .of(Types::TEXT.or(Types::LIST).or(Types::SET))
        .null_gives("null"),
        required(
            "condition",
            "A lambda with one parameter; with null all members stay.",
        )
        .of(Types::LAMBDA),
    ],
    "the list of the members that stay",
    filter,
)
.gives(Types::LIST.or(Types::SET).or(Types::NULL))
.examples(&[
    ("FILTER([1, 2, 3], x -> x > 1)", "[2,3]"),
    ("FILTER([1, 2], x -> 'true')", "[]"),
    ("FILTER([1, 2], null)", "[1,2]"),
]);

fn filter(call: &mut Call) -> Outcome {
    let argument = call.get(1).clone();
    let (elements, lambda) = match elements_and_lambda(call, &argument)? {
        Applied::To(elements, lambda) => (elements, lambda),
        Applied::NotAtAll(value) => return Ok(value),
    };
    let mut kept = Vec::new();
    for element in elements.iter() {
        let verdict = call.invoke(lambda, &mut [element.clone()])?;
        if matches!(verdict, Value::Bool(true)) {
            kept.push(element.clone());
        }
    }
    Ok(Value::list(kept))
}
