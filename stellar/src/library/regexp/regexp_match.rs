use super::pattern::{Pattern, cached};
use super::plain::Plain;
use crate::library::function::members;
use crate::library::prelude::*;
use crate::operators::borrowed_text;

pub(super) const REGEXP_MATCH: Function = Function::new(
    "REGEXP_MATCH",
    "Whether a whole text matches a pattern, or one of several.",
    &[
        required("input", "The text.")
            .of(Types::TEXT)
            .null_gives("false"),
        required(
            "pattern",
            "A pattern in Java's syntax, or a list of them. Nothing matches anything else.",
        )
        .null_gives("false"),
    ],
    "true or false",
    regexp_match,
)
.gives(Types::BOOLEAN)
.prepared(|arguments| {
    let sources: Vec<&str> = match arguments.get(1) {
        Some(Some(Value::Str(source))) => vec![source],
        Some(Some(Value::List(sources))) => sources.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(None),
    };
    // Patterns that are not text are rare enough to be left to the call.
    if matches!(arguments.get(1), Some(Some(Value::List(all))) if all.len() != sources.len()) {
        return Ok(None);
    }
    let patterns: Result<Vec<Whole>, String> = sources.into_iter().map(Whole::new).collect();
    Ok(Some(Box::new(patterns.map_err(Refused::at(1))?)))
})
.examples(&[
    ("REGEXP_MATCH('foobar', 'foo.*')", "true"),
    ("REGEXP_MATCH('xfoobar', 'foo')", "false"),
    ("REGEXP_MATCH('foobar', ['x', 'foo(?=bar).*'])", "true"),
    ("REGEXP_MATCH(null, 'x')", "false"),
]);

fn regexp_match(call: &mut Call) -> Outcome {
    let Some(text) = call.text_or_null(0)? else {
        return Ok(Value::Bool(false));
    };
    let mut verdict = Ok(false);
    if let Some(patterns) = call.prepared::<Vec<Whole>>() {
        for pattern in patterns {
            verdict = pattern.is_match(text);
            if verdict != Ok(false) {
                break;
            }
        }
    } else {
        let sources = match call.get(1) {
            Value::Str(source) => vec![Value::Str(source.clone())],
            other => members(other).unwrap_or_default(),
        };
        for source in sources.iter().filter(|source| !source.is_null()) {
            let source = borrowed_text(source)?;
            verdict = cached(&source, true).and_then(|pattern| pattern.is_match(text));
            if verdict != Ok(false) {
                break;
            }
        }
    }
    match verdict {
        Ok(verdict) => Ok(Value::Bool(verdict)),
        Err(reason) => call.fail(reason),
    }
}

/// A pattern for whole texts that is known at compile time.
struct Whole {
    plain: Option<Plain>,
    engine: Pattern,
}

impl Whole {
    fn new(source: &str) -> Result<Whole, String> {
        Ok(Whole {
            plain: Plain::of(source),
            engine: Pattern::whole(source)?,
        })
    }

    fn is_match(&self, text: &str) -> Result<bool, String> {
        let told = self.plain.as_ref().and_then(|plain| plain.is_match(text));
        told.map_or_else(|| self.engine.is_match(text), Ok)
    }
}
