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

/// Deepest nesting of the value so far, and how often it is looked at: every step can wrap it once more.
const MAX_DEPTH: usize = 500;
const STEPS_BETWEEN_CHECKS: usize = 200;

fn reduce(call: &mut Call) -> Outcome {
    let argument = call.get(1).clone();
    let (elements, lambda) = match elements_and_lambda(call, &argument)? {
        Applied::To(elements, lambda) if !call.get(2).is_null() => (elements, lambda),
        _ => return Ok(Value::Null),
    };
    let mut value = call.take(2);
    for (step, element) in elements.iter().enumerate() {
        value = call.invoke(lambda, &mut [value, element.clone()])?;
        if step % STEPS_BETWEEN_CHECKS == STEPS_BETWEEN_CHECKS - 1 && is_deep(&value, MAX_DEPTH) {
            return call.fail(format_args!(
                "the value nests deeper than {MAX_DEPTH} levels"
            ));
        }
    }
    Ok(value)
}

fn is_deep(value: &Value, left: usize) -> bool {
    match value {
        Value::List(members) => left == 0 || members.iter().any(|m| is_deep(m, left - 1)),
        Value::Set(members) => left == 0 || members.iter().any(|m| is_deep(m, left - 1)),
        Value::Map(map) => {
            left == 0
                || map
                    .iter()
                    .any(|(k, v)| is_deep(k, left - 1) || is_deep(v, left - 1))
        }
        _ => false,
    }
}
