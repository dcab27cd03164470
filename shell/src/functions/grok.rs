//! `GROK_*`: grok patterns tried out on texts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alidade_event::{FieldName, Str, Value};
use alidade_parsers::{GrokExpression, predict_grok};
use alidade_stellar::{HostCall, conversion};

use super::Bodies;
use super::body::{Outcome, body, fail};
use crate::Services;
use crate::table::table;

/// What stands for a field that a text does not give.
const MISSING: &str = "MISSING";
const NO_MATCH: &str = "NO MATCH";

pub(super) fn bodies(services: &Arc<Services>) -> Bodies {
    let (tried, predicted) = (services.clone(), services.clone());
    vec![
        ("GROK_EVAL", body(move |call| evaluate(call, &tried))),
        ("GROK_PREDICT", body(move |call| predict(call, &predicted))),
    ]
}

fn evaluate(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let Value::Str(expression) = call.argument(0) else {
        return Ok(Value::Null);
    };
    let Some(lines) = lines(call.argument(1)) else {
        return Ok(Value::Null);
    };
    let grok = match GrokExpression::compile(expression, &*services.patterns) {
        Ok(grok) => grok,
        Err(reason) => {
            tracing::error!("{expression}: {reason}");
            return Ok(Value::Null);
        }
    };
    let mut names: BTreeSet<FieldName> = BTreeSet::new();
    let mut found: Vec<BTreeMap<FieldName, Value>> = Vec::with_capacity(lines.len());
    for line in lines {
        let captured = match line.map(|line| grok.captures(line)).transpose() {
            Ok(captured) => captured.flatten().unwrap_or_default(),
            Err(reason) => return fail(reason),
        };
        names.extend(captured.iter().map(|(name, _)| name.clone()));
        found.push(captured.into_iter().collect());
    }
    if names.is_empty() {
        return Ok(Value::str(NO_MATCH));
    }
    let mut rows = Vec::with_capacity(found.len());
    for fields in &found {
        let mut row = Vec::with_capacity(names.len());
        for name in &names {
            let shown = match fields.get(name) {
                Some(value) => conversion::text(value)?.to_string(),
                None => MISSING.to_owned(),
            };
            row.push(shown);
        }
        rows.push(row);
    }
    let headers: Vec<&str> = names.iter().map(FieldName::as_str).collect();
    Ok(Value::str(&table(&headers, &rows)))
}

/// The texts of an argument; a member that is null is a text without a match.
fn lines(argument: &Value) -> Option<Vec<Option<&Str>>> {
    match argument {
        Value::Str(line) => Some(vec![Some(line)]),
        Value::List(members) => members
            .iter()
            .map(|member| match member {
                Value::Str(line) => Some(Some(line)),
                Value::Null => Some(None),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn predict(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let Value::Str(text) = call.argument(0) else {
        return Ok(Value::Null);
    };
    match predict_grok(text, &*services.patterns) {
        Ok(predicted) => Ok(Value::str(&predicted)),
        Err(reason) => fail(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{session, shown};

    #[test]
    fn fields_are_columns_and_texts_are_rows() {
        let (session, _runtime) = session();
        let expected = "\
╔═════════╤═════════╗
║ method  │ port    ║
╠═════════╪═════════╣
║ GET     │ 80      ║
╟─────────┼─────────╢
║ MISSING │ MISSING ║
╚═════════╧═════════╝
";
        assert_eq!(
            shown(
                &session,
                "GROK_EVAL('%{WORD:method}:%{INT:port}', ['GET:80', null])"
            ),
            expected
        );
    }

    #[test]
    fn what_cannot_be_tried_is_null() {
        let (session, _runtime) = session();
        for source in [
            "GROK_EVAL(null, 'x')",
            "GROK_EVAL('%{INT:i}', null)",
            "GROK_EVAL('%{INT:i}', 5)",
            "GROK_EVAL('%{INT:i}', [5])",
            "GROK_EVAL('(', 'x')",
            "GROK_PREDICT(null)",
            "GROK_PREDICT(5)",
        ] {
            assert_eq!(shown(&session, source), "null", "{source}");
        }
        assert_eq!(shown(&session, "GROK_EVAL('%{INT:i}', [])"), "NO MATCH");
        assert_eq!(shown(&session, "GROK_EVAL('%{INT}', '')"), "NO MATCH");
    }

    #[test]
    fn a_prediction_fits_its_text() {
        let (session, _runtime) = session();
        session.answer("line := 'from 10.0.0.1:443 to http://cnn.com/index.html'");
        let pattern = shown(&session, "GROK_PREDICT(line)");
        assert!(pattern.contains("%{"), "{pattern}");
        let table = shown(&session, "GROK_EVAL(GROK_PREDICT(line), line)");
        assert!(table.starts_with('╔'), "{pattern}: {table}");
    }
}
