use crate::library::prelude::*;

pub(super) const COUNT_MATCHES: Function = Function::new(
    "COUNT_MATCHES",
    "How often a text occurs in another one, without overlaps.",
    &[
        required("input", "The text that is searched.")
            .of(Types::TEXT)
            .null_gives("0"),
        required("part", "The text that is looked for.")
            .of(Types::TEXT)
            .null_gives("0"),
    ],
    "the number; 0 when either is null or empty",
    count_matches,
)
.gives(Types::INTEGER)
.exact()
.examples(&[
    ("COUNT_MATCHES('aaaa', 'aa')", "2"),
    ("COUNT_MATCHES('a.b.c', '.')", "2"),
    ("COUNT_MATCHES('a', null)", "0"),
]);

fn count_matches(call: &mut Call) -> Outcome {
    let (Some(text), Some(part)) = (call.text_or_null(0)?, call.text_or_null(1)?) else {
        return Ok(Value::Int(0));
    };
    if part.is_empty() {
        return Ok(Value::Int(0));
    }
    let count = text.matches(part.as_str()).count();
    Ok(Value::Int(i32::try_from(count).unwrap_or(i32::MAX)))
}
