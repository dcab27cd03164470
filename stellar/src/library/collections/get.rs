use crate::library::prelude::*;

const LIST: Parameter = required("list", "The list.").of_present(Types::LIST);

pub(super) const GET: Function = Function::new(
    "GET",
    "The member of a list at a place.",
    &[
        LIST,
        required("index", "The place, counted from 0.").of_present(Types::INTEGER),
    ],
    "the member; null beyond the end",
    get,
)
.quick()
.examples(&[
    ("GET(['x', 'y'], 1)", "\"y\""),
    ("GET(['x', 'y'], 5)", "null"),
]);

pub(super) const GET_FIRST: Function = Function::new(
    "GET_FIRST",
    "The first member of a list.",
    &[LIST],
    "the member; null when the list is empty",
    |call| Ok(call.list(0)?.first().cloned().unwrap_or_default()),
)
.quick()
.examples(&[("GET_FIRST([1, 2])", "1"), ("GET_FIRST([])", "null")]);

pub(super) const GET_LAST: Function = Function::new(
    "GET_LAST",
    "The last member of a list.",
    &[LIST],
    "the member; null when the list is empty",
    |call| Ok(call.list(0)?.last().cloned().unwrap_or_default()),
)
.quick()
.examples(&[("GET_LAST([1, 2])", "2")]);

fn get(call: &mut Call) -> Outcome {
    let list = call.list(0)?;
    let Some(index) = call.get(1).as_i64() else {
        return call.wrong(1, "a whole number");
    };
    match usize::try_from(index) {
        Ok(index) => Ok(list.get(index).cloned().unwrap_or_default()),
        Err(_) => call.fail(format_args!("there is no place {index} in a list")),
    }
}
