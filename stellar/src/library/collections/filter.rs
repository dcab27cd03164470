use super::members::elements;
use crate::lambda::Lambda;
use crate::library::prelude::*;

pub(super) const FILTER: Function = Function::new(
    "FILTER",
    "The members for which a lambda gives true.",
    &[
        required(
            "members",
            "A list, a set, or text, whose characters are gone through. Null gives null.",
        ),
        required("condition", "A lambda with one parameter."),
    ],
    "the list of the members that stay",
    filter,
)
.examples(&[
    ("FILTER([1, 2, 3], x -> x > 1)", "[2,3]"),
    ("FILTER([1, 2], x -> 'true')", "[]"),
    ("FILTER([1, 2], null)", "[1,2]"),
]);

fn filter(call: &mut Call) -> Outcome {
    if call.get(0).is_null() || call.get(1).is_null() {
        return Ok(call.take(0));
    }
    let lambda = call.get(1).clone();
    let Some(lambda) = Lambda::of(&lambda) else {
        return call.wrong(1, "a lambda");
    };
    let mut kept = Vec::new();
    for element in elements(call, 0)? {
        let verdict = call.invoke(lambda, &mut std::iter::once(element.clone()))?;
        if matches!(verdict, Value::Bool(true)) {
            kept.push(element);
        }
    }
    Ok(Value::list(kept))
}
