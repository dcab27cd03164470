use crate::library::prelude::*;
use crate::text::MAX_MEMBERS;

const LISTS: &[Parameter] = &[repeated("lists", "Lists; everything else is left out.")];

pub(super) const ZIP: Function = Function::new(
    "ZIP",
    "Lists side by side: the first members together, the second members together, up to the end of the shortest.",
    LISTS,
    "the list of lists",
    |call| zipped(call, |lengths| lengths.min()),
)
.gives(Types::LIST)
.examples(&[("ZIP([1, 2, 3], ['a', 'b'])", "[[1,\"a\"],[2,\"b\"]]"), ("ZIP(null)", "[]")]);

pub(super) const ZIP_LONGEST: Function = Function::new(
    "ZIP_LONGEST",
    "Lists side by side, up to the end of the longest. What the shorter ones lack is null.",
    LISTS,
    "the list of lists",
    |call| zipped(call, |lengths| lengths.max()),
)
.gives(Types::LIST)
.examples(&[("ZIP_LONGEST([1, 2], [3])", "[[1,3],[2,null]]")]);

fn zipped(
    call: &mut Call,
    extent: fn(&mut dyn Iterator<Item = usize>) -> Option<usize>,
) -> Outcome {
    let lists: Vec<&[Value]> = call
        .rest(0)
        .filter_map(|argument| match argument {
            Value::List(members) => Some(members.as_slice()),
            _ => None,
        })
        .collect();
    let rows = extent(&mut lists.iter().map(|list| list.len())).unwrap_or(0);
    if rows.saturating_mul(lists.len()) > MAX_MEMBERS {
        return call.fail(format_args!(
            "the lists have more than {MAX_MEMBERS} members"
        ));
    }
    let row = |at: usize| {
        let members = lists
            .iter()
            .map(|list| list.get(at).cloned().unwrap_or_default());
        Value::list(members.collect())
    };
    let rows: Vec<Value> = (0..rows).map(row).collect();
    for row in &rows {
        call.nest(row)?;
    }
    Ok(Value::list(rows))
}
