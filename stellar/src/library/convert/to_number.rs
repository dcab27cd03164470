use crate::convert::{to_double, to_float, to_int, to_long};
use crate::library::prelude::*;

const INPUT: Parameter = required(
    "input",
    "A number, a text, a boolean; of a list, its first member.",
)
.null_gives("null");

pub(super) const TO_INTEGER: Function = Function::new(
    "TO_INTEGER",
    "The value as a whole number of 32 bits.",
    &[INPUT],
    "the number; null when there is none",
    |call| Ok(to_int(call.get(0)).map_or(Value::Null, Value::Int)),
)
.gives(Types::INTEGER.or(Types::NULL))
.examples(&[
    ("TO_INTEGER(' 5 ')", "5"),
    ("TO_INTEGER(5.7)", "5"),
    ("TO_INTEGER('5.7')", "null"),
    ("TO_INTEGER(true)", "1"),
    ("TO_INTEGER([7, 8])", "7"),
    ("TO_INTEGER(5000000000L)", "null"),
]);

pub(super) const TO_LONG: Function = Function::new(
    "TO_LONG",
    "The value as a whole number of 64 bits.",
    &[INPUT],
    "the number; null when there is none",
    |call| Ok(to_long(call.get(0)).map_or(Value::Null, Value::Long)),
)
.gives(Types::INTEGER.or(Types::NULL))
.examples(&[
    ("TO_LONG('5000000000')", "5000000000"),
    ("TO_LONG('1e3')", "null"),
]);

pub(super) const TO_FLOAT: Function = Function::new(
    "TO_FLOAT",
    "The value as a decimal number of 32 bits.",
    &[INPUT],
    "the number; null when there is none",
    |call| Ok(to_float(call.get(0)).map_or(Value::Null, Value::Float)),
)
.gives(Types::DECIMAL.or(Types::NULL))
.examples(&[("TO_FLOAT('1e3')", "1000.0"), ("TO_FLOAT('1,000')", "null")]);

pub(super) const TO_DOUBLE: Function = Function::new(
    "TO_DOUBLE",
    "The value as a decimal number of 64 bits.",
    &[INPUT],
    "the number; null when there is none",
    |call| Ok(to_double(call.get(0)).map_or(Value::Null, Value::Double)),
)
.gives(Types::DECIMAL.or(Types::NULL))
.examples(&[("TO_DOUBLE('5d')", "5.0"), ("TO_DOUBLE('')", "null")]);
