use super::members::{Applied, elements_and_lambda};
use crate::library::prelude::*;

pub(super) const MAP: Function = Function::new(
    "MAP",
    "What a lambda gives for each member.",
    &[
        required(
            "members",
            "A list, a set, or text, whose characters are gone through.",
        )
        .of(Types::TEXT.or(Types::LIST).or(Types::SET))
        .null_gives("null"),
        required(
            "lambda",
            "A lambda with one parameter; with null the members stay as they are.",
        )
        .of(Types::LAMBDA),
    ],
    "the list of the lambda's values",
    map,
)
.gives(Types::LIST.or(Types::SET).or(Types::NULL))
.examples(&[
    ("MAP(['a', 'b'], x -> TO_UPPER(x))", "[\"A\",\"B\"]"),
    (
        "MAP([1, 2], x -> MAP([10, 20], y -> x + y))",
        "[[11,21],[12,22]]",
    ),
    ("MAP(null, x -> x)", "null"),
]);

fn map(call: &mut Call) -> Outcome {
    let argument = call.get(1).clone();
    let (elements, lambda) = match elements_and_lambda(call, &argument)? {
        Applied::To(elements, lambda) => (elements, lambda),
        Applied::NotAtAll(value) => return Ok(value),
    };
    let mut values = Vec::with_capacity(elements.len());
    for element in elements.iter() {
        let value = call.invoke(lambda, &mut [element.clone()])?;
        call.nest(&value)?;
        values.push(value);
    }
    Ok(Value::list(values))
}
