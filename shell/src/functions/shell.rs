//! `SHELL_*`: the variables of the shell, and maps as tables.

use std::sync::Arc;

use alidade_event::{Map, Value};
use alidade_stellar::{HostCall, conversion};

use super::Bodies;
use super::arguments::{text, whole_number};
use super::body::{Outcome, body, wrong};
use crate::table::table;
use crate::{Services, Variable};

pub(super) fn bodies(services: &Arc<Services>) -> Bodies {
    let (listed, mapped, asked) = (services.clone(), services.clone(), services.clone());
    vec![
        (
            "SHELL_GET_EXPRESSION",
            body(move |call| get_expression(call, &asked)),
        ),
        ("SHELL_LIST_VARS", body(move |call| list(call, &listed))),
        ("SHELL_MAP2TABLE", body(map_to_table)),
        ("SHELL_VARS2MAP", body(move |call| to_map(call, &mapped))),
    ]
}

/// A null member is shown as `null`, where upstream fails.
fn map_to_table(call: &mut dyn HostCall) -> Outcome {
    if call.count() == 0 {
        return Ok(Value::Null);
    }
    let mut rows = Vec::new();
    match call.argument(0) {
        Value::Null => {}
        Value::Map(map) => {
            for (key, value) in map.iter() {
                rows.push(vec![
                    conversion::text(key)?.to_string(),
                    conversion::text(value)?.to_string(),
                ]);
            }
        }
        _ => return wrong(call, 0, "a map"),
    }
    Ok(Value::str(&table(&["KEY", "VALUE"], &rows)))
}

/// A variable without an expression has an empty one, where upstream fails.
fn list(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let limit = whole_number(call, 0)?.and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.filter(|limit| *limit > 0);
    let shown = |text: &str| limit.map_or_else(|| text.to_owned(), |limit| wrapped(text, limit));
    let mut rows = Vec::new();
    for variable in services.variables() {
        let value = conversion::text(&variable.value)?;
        let expression = variable.expression.unwrap_or_default();
        rows.push(vec![
            shown(&variable.name),
            shown(&value),
            shown(&expression),
        ]);
    }
    let headers = ["VARIABLE", "VALUE", "EXPRESSION"];
    Ok(Value::str(&table(&headers, &rows)))
}

/// Breaks lines at blanks so that they have no more than some characters. A longer word stays whole.
fn wrapped(text: &str, limit: usize) -> String {
    let lines: Vec<String> = text.lines().map(|line| wrapped_line(line, limit)).collect();
    lines.join("\n")
}

fn wrapped_line(line: &str, limit: usize) -> String {
    let mut out = String::with_capacity(line.len());
    let mut length = 0;
    for word in line.split(' ') {
        let word_length = word.chars().count();
        if out.is_empty() {
            length = word_length;
        } else if length + 1 + word_length <= limit {
            out.push(' ');
            length += 1 + word_length;
        } else {
            out.push('\n');
            length = word_length;
        }
        out.push_str(word);
    }
    out
}

/// Variables without an expression, and those that are not there, are left out.
fn to_map(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let variables = services.variables();
    let mut expressions = Map::new();
    for at in 0..call.count() {
        let Some(name) = text(call, at)? else {
            continue;
        };
        if let Some(expression) = expression_of(&variables, name) {
            expressions.insert_str(name, Value::str(expression));
        }
    }
    Ok(Value::map(expressions))
}

fn get_expression(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let Some(name) = text(call, 0)? else {
        return Ok(Value::Null);
    };
    let variables = services.variables();
    Ok(expression_of(&variables, name).map_or(Value::Null, Value::str))
}

fn expression_of<'v>(variables: &'v [Variable], name: &str) -> Option<&'v str> {
    let variable = variables.iter().find(|variable| variable.name == name)?;
    variable.expression.as_deref()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, session, shown};
    use super::*;

    #[test]
    fn maps_are_tables() {
        let expected = "\
╔═════╤═══════╗
║ KEY │ VALUE ║
╠═════╪═══════╣
║ a   │ 1     ║
╟─────┼───────╢
║ b   │ null  ║
╚═════╧═══════╝
";
        assert_eq!(
            call(&[r#"{"a": 1, "b": null}"#], map_to_table).text(),
            expected
        );
        assert!(call(&["null"], map_to_table).text().contains("(empty)"));
        assert_eq!(call(&[], map_to_table).value(), "null");
        assert!(call(&["1"], map_to_table).error().contains("a map"));
    }

    #[test]
    fn variables_are_listed_with_values_and_expressions() {
        let (session, _runtime) = session();
        session.set_variable("given", Value::Int(1));
        session.answer("note := 'one two three'");
        let expected = "\
╔══════════╤═════════╤════════════╗
║ VARIABLE │ VALUE   │ EXPRESSION ║
╠══════════╪═════════╪════════════╣
║ given    │ 1       │            ║
╟──────────┼─────────┼────────────╢
║ note     │ one two │ 'one       ║
║          │ three   │ two        ║
║          │         │ three'     ║
╚══════════╧═════════╧════════════╝
";
        assert_eq!(shown(&session, "SHELL_LIST_VARS(7)"), expected);
        assert!(shown(&session, "SHELL_LIST_VARS()").contains("'one two three'"));
        assert_eq!(
            shown(&session, "SHELL_VARS2MAP('note', 'given', null, 'none')"),
            r#"{"note":"'one two three'"}"#
        );
        assert_eq!(
            shown(&session, "SHELL_GET_EXPRESSION('note')"),
            "'one two three'"
        );
        assert_eq!(shown(&session, "SHELL_GET_EXPRESSION('given')"), "null");
    }

    #[test]
    fn lines_break_at_blanks_only() {
        assert_eq!(wrapped("a bb ccc", 4), "a bb\nccc");
        assert_eq!(wrapped("abcdef gh", 4), "abcdef\ngh");
        assert_eq!(wrapped("a\nb c", 1), "a\nb\nc");
        assert_eq!(wrapped("", 4), "");
    }
}
