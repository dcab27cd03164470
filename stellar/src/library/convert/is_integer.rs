use crate::convert::java_trim;
use crate::library::all_texts::all;
use crate::library::prelude::*;

pub(super) const IS_INTEGER: Function = Function::new(
    "IS_INTEGER",
    "Whether all values are whole numbers of 64 bits. Groups may be parted by commas.",
    &[repeated("values", "The values, by their texts.").null_gives("false")],
    "true or false; false for null and for no values",
    |call| all(call, is_integer),
)
.gives(Types::BOOLEAN)
.examples(&[
    ("IS_INTEGER('-5', ' 5 ', 7)", "true"),
    ("IS_INTEGER('1,000')", "true"),
    ("IS_INTEGER('+5')", "false"),
    ("IS_INTEGER('5.0')", "false"),
    ("IS_INTEGER(5.0)", "false"),
    ("IS_INTEGER('9223372036854775808')", "false"),
    ("IS_INTEGER()", "false"),
]);

fn is_integer(text: &str) -> bool {
    let text = java_trim(text);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits.ends_with(|c: char| c.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b',');
    is_number && text.replace(',', "").parse::<i64>().is_ok()
}
