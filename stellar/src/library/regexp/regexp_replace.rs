use super::pattern::{Groups, Pattern, cached};
use crate::library::prelude::*;
use crate::text::{MAX_TEXT, too_long};

pub(super) const REGEXP_REPLACE: Function = Function::new(
    "REGEXP_REPLACE",
    "A text with everything that a pattern matches replaced.",
    &[
        required("input", "The text. Of the empty text, null is given.").of(Types::TEXT).null_gives("null"),
        required("pattern", "A pattern in Java's syntax; null and the empty one change nothing.").of(Types::TEXT),
        required("replacement", "What to put there; `$1` stands for a group, `\\\\` quotes. Null and the empty text change nothing.").of(Types::TEXT),
    ],
    "the text",
    regexp_replace,
)
.gives(Types::TEXT.or(Types::NULL))
.exact()
.prepared(|arguments| match arguments.get(1) {
    Some(Some(Value::Str(source))) => Ok(Some(Box::new(Pattern::find(source).map_err(Refused::at(1))?))),
    _ => Ok(None),
})
.examples(&[
    ("REGEXP_REPLACE('a1b2', '[0-9]', '#')", "\"a#b#\""),
    ("REGEXP_REPLACE('abc', '(b)', '<$1>')", "\"a<b>c\""),
    ("REGEXP_REPLACE('a$', '\\\\$', '\\\\$x')", "\"a$x\""),
    ("REGEXP_REPLACE('abc', '', 'x')", "\"abc\""),
]);

fn regexp_replace(call: &mut Call) -> Outcome {
    let (text, source, replacement) = (
        call.text_or_null(0)?,
        call.text_or_null(1)?,
        call.text_or_null(2)?,
    );
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(Value::Null);
    };
    let is_given = |argument: &&Str| !argument.is_empty();
    let (Some(source), Some(replacement)) = (source.filter(is_given), replacement.filter(is_given))
    else {
        return Ok(Value::Str(text.clone()));
    };
    let replaced = match call.prepared::<Pattern>() {
        Some(pattern) => replaced(pattern, text, replacement),
        None => cached(source, false).and_then(|pattern| replaced(&pattern, text, replacement)),
    };
    match replaced {
        Ok(Some(replaced)) => Ok(Value::Str(replaced.into())),
        Ok(None) => Err(too_long()),
        Err(reason) => call.fail(reason),
    }
}

/// Nothing when the text grows too long.
fn replaced(pattern: &Pattern, text: &str, replacement: &str) -> Result<Option<String>, String> {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for groups in pattern.all(text)? {
        let Some(Some((start, end))) = groups.first().copied() else {
            continue;
        };
        out.push_str(text.get(copied..start).unwrap_or_default());
        expand(pattern, text, &groups, replacement, &mut out)?;
        copied = end;
        if out.len() > MAX_TEXT {
            return Ok(None);
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(Some(out))
}

/// Appends a replacement with its `$1`, `${name}` and backslashes resolved.
fn expand(
    pattern: &Pattern,
    text: &str,
    groups: &Groups,
    replacement: &str,
    out: &mut String,
) -> Result<(), String> {
    let mut characters = replacement.chars().peekable();
    while let Some(character) = characters.next() {
        let group = match character {
            '\\' => {
                out.push(
                    characters
                        .next()
                        .ok_or("a backslash at the end of the replacement")?,
                );
                continue;
            }
            '$' if characters.peek() == Some(&'{') => {
                characters.next();
                let name: String = characters.by_ref().take_while(|c| *c != '}').collect();
                pattern
                    .group_number(&name)
                    .ok_or_else(|| format!("there is no group `{}`", name.escape_debug()))?
            }
            '$' => group_number(&mut characters, groups.len())?,
            other => {
                out.push(other);
                continue;
            }
        };
        if let Some(Some((start, end))) = groups.get(group) {
            out.push_str(text.get(*start..*end).unwrap_or_default());
        }
    }
    Ok(())
}

/// As many digits as still name a group, at least one.
fn group_number(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    groups: usize,
) -> Result<usize, String> {
    let first = characters.next().and_then(|c| c.to_digit(10));
    let mut number = first.ok_or("`$` in the replacement must name a group")? as usize;
    if number >= groups {
        return Err(format!("there is no group {number}"));
    }
    while let Some(digit) = characters.peek().and_then(|c| c.to_digit(10)) {
        let longer = number * 10 + digit as usize;
        if longer >= groups {
            break;
        }
        number = longer;
        characters.next();
    }
    Ok(number)
}
