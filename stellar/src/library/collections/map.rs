use super::members::elements;
use crate::lambda::Lambda;
use crate::library::prelude::*;

pub(super) const MAP: Function = Function::new(
    "MAP",
    "What a lambda gives for each member.",
    &[
        required(
            "members",
            "A list, a set, or text, whose characters are gone through. Null gives null.",
        ),
        required("lambda", "A lambda with one parameter."),
    ],
    "the list of the lambda's values",
    map,
)
.examples(&[
    ("MAP(['a', 'b'], x -> TO_UPPER(x))", "[\"A\",\"B\"]"),
    (
        "MAP([1, 2], x -> MAP([10, 20], y -> x + y))",
        "[[11,21],[12,22]]",
    ),
    ("MAP(null, x -> x)", "null"),
]);

fn map(call: &mut Call) -> Outcome {
    if call.get(0).is_null() || call.get(1).is_null() {
        return Ok(call.take(0));
    }
    let lambda = call.get(1).clone();
    let Some(lambda) = Lambda::of(&lambda) else {
        return call.wrong(1, "a lambda");
    };
    let elements = elements(call, 0)?;
    let mut values = Vec::with_capacity(elements.len());
    for element in elements {
        values.push(call.invoke(lambda, &mut std::iter::once(element))?);
    }
    Ok(Value::list(values))
}
