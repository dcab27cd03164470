use crate::library::prelude::*;
use crate::text::{MAX_TEXT, too_long, write_text};

pub(super) const JOIN: Function = Function::new(
    "JOIN",
    "The members of a list as one text, with a delimiter between them. Nulls are left out.",
    &[
        required("members", "A list or a set.").of_present(Types::LIST.or(Types::SET)),
        required("delimiter", "What stands between two members.").of_present(Types::TEXT),
    ],
    "the text",
    join,
)
.gives(Types::TEXT)
.examples(&[
    ("JOIN(['a', null, 1], '-')", "\"a-1\""),
    ("JOIN([], ',')", "\"\""),
    ("JOIN(SET_INIT(['q', 'p', 'q']), '+')", "\"q+p\""),
]);

fn join(call: &mut Call) -> Outcome {
    let Some(delimiter) = call.text_or_null(1)? else {
        return call.wrong(1, "text");
    };
    let joined = match call.get(0) {
        Value::List(members) => joined(members.iter(), delimiter)?,
        Value::Set(members) => joined(members.iter(), delimiter)?,
        _ => return call.wrong(0, "a list or a set"),
    };
    Ok(Value::Str(joined.into()))
}

fn joined<'v>(
    members: impl Iterator<Item = &'v Value>,
    delimiter: &str,
) -> Result<String, crate::EvalError> {
    let mut out = String::new();
    let present = members.filter(|member| !member.is_null());
    for (at, member) in present.enumerate() {
        if at > 0 {
            out.push_str(delimiter);
        }
        write_text(member, &mut out)?;
        if out.len() > MAX_TEXT {
            return Err(too_long());
        }
    }
    Ok(out)
}
