use crate::library::prelude::*;

pub(super) const IS_NAN: Function = Function::new(
    "IS_NAN",
    "Whether a number is NaN, which means not a number.",
    &[required("number", "The number.").of_present(Types::NUMBER)],
    "true or false",
    is_nan,
)
.gives(Types::BOOLEAN)
.exact()
.examples(&[
    ("IS_NAN(NaN)", "true"),
    ("IS_NAN(1)", "false"),
    ("IS_NAN(SQRT(-1))", "true"),
]);

fn is_nan(call: &mut Call) -> Outcome {
    match call.number_or_null(0)? {
        Some(number) => Ok(Value::Bool(number.is_nan())),
        None => call.wrong(0, "a number"),
    }
}
