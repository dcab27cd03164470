//! Upstream's answers to 1456 expressions.
//!
//! `data/stellar.jsonl` holds one case a line: `{"id", "input": {"expr", "vars"}, "expected"}`, where `expected` is
//! `{"result", "type"}` (the type is the short name of a Java class) or `{"error"}`. An expression that upstream refuses at
//! run time may be refused at compile time here. `data/known_differences.txt` names the cases that are answered differently
//! on purpose, one a line with the reason.

use std::collections::BTreeMap;

use alidade_event::{Event, NumberStyle, Value};
use alidade_stellar::{Context, Library, NoRemote, compile};
use serde_json::Value as Json;

/// Cases that agree. Raise it whenever more do.
const AGREEING: usize = 1441;

#[test]
fn the_answers_are_upstreams() {
    let library = Library::metron();
    let known = known_differences();
    let mut agreeing = 0;
    let mut total = 0;
    let mut wrong = Vec::new();
    let mut settled = Vec::new();
    for line in include_str!("data/stellar.jsonl").lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        let verdict = check(&case, &library);
        total += 1;
        match (verdict, known.contains_key(id)) {
            (Ok(()), is_known) => {
                agreeing += 1;
                if is_known {
                    settled.push(id.to_owned());
                }
            }
            (Err(_), true) => {}
            (Err(difference), false) => {
                wrong.push(format!("{id}: {} {difference}", case["input"]["expr"]))
            }
        }
    }
    println!("{agreeing} of {total} cases agree with upstream");
    assert!(
        wrong.is_empty(),
        "{} of {total} agree; unexpected differences ({}):\n{}",
        agreeing,
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        settled.is_empty(),
        "listed as different, but agree: {settled:?}"
    );
    assert!(
        agreeing >= AGREEING,
        "only {agreeing} of {total} agree, {AGREEING} did before"
    );
}

fn known_differences() -> BTreeMap<String, String> {
    include_str!("data/known_differences.txt")
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (id, reason) = line.split_once(' ').expect("an id and a reason");
            (id.to_owned(), reason.to_owned())
        })
        .collect()
}

fn check(case: &Json, library: &Library) -> Result<(), String> {
    let expression = case["input"]["expr"].as_str().unwrap();
    let expected = &case["expected"];
    let found = answer(expression, &case["input"]["vars"], library);
    if expected.get("error").is_some() {
        return match found {
            Err(_) => Ok(()),
            Ok(value) => Err(format!(
                "gives {value:?}, upstream fails: {}",
                expected["root"]
            )),
        };
    }
    let value = found.map_err(|error| format!("fails: {error}, upstream gives {expected}"))?;
    let type_name = expected["type"].as_str().unwrap();
    if agrees(
        &value,
        &expected["result"],
        type_name,
        &expected["elem_types"],
    ) {
        return Ok(());
    }
    Err(format!("gives {value:?}, upstream {expected}"))
}

fn answer(expression: &str, variables: &Json, library: &Library) -> Result<Value, String> {
    let program = compile(expression, library).map_err(|findings| findings[0].to_string())?;
    let mut scope = Event::new();
    if let Some(variables) = variables.as_object() {
        for (name, value) in variables {
            scope.set(name.as_str(), variable(value));
        }
    }
    let global = Value::Null;
    let mut remote = NoRemote;
    let mut context = Context::new(&global, 1_571_163_620_277, &mut remote);
    program
        .evaluate(&scope, &mut context)
        .map_err(|error| error.to_string())
}

/// `{"$int": 5}` and `{"$float": 1.5}` have the narrow widths, everything else is as json-simple reads it.
fn variable(json: &Json) -> Value {
    if let Some(narrow) = json.get("$int") {
        return Value::Int(i32::try_from(narrow.as_i64().unwrap()).unwrap());
    }
    if let Some(narrow) = json.get("$float") {
        return Value::Float(narrow.as_f64().unwrap() as f32);
    }
    Value::from_serde(json, NumberStyle::Simple)
}

fn agrees(value: &Value, expected: &Json, type_name: &str, members: &Json) -> bool {
    match (type_name, value) {
        ("null", Value::Null) => expected.is_null(),
        ("Boolean", Value::Bool(truth)) => expected.as_bool() == Some(*truth),
        ("Integer", Value::Int(number)) => expected.as_i64() == Some(i64::from(*number)),
        ("Long", Value::Long(number)) => expected.as_i64() == Some(*number),
        ("Float", Value::Float(number)) => {
            let expected = decimal(expected) as f32;
            expected.to_bits() == number.to_bits() || (expected.is_nan() && number.is_nan())
        }
        ("Double", Value::Double(number)) => {
            let expected = decimal(expected);
            expected.to_bits() == number.to_bits() || (expected.is_nan() && number.is_nan())
        }
        ("String", Value::Str(text)) => expected.as_str() == Some(text),
        ("ArrayList" | "LinkedList" | "JSONArray", Value::List(found)) => {
            let expected = expected.as_array().unwrap();
            found.len() == expected.len()
                && found
                    .iter()
                    .zip(expected)
                    .enumerate()
                    .all(|(at, (found, expected))| member_agrees(found, expected, &members[at]))
        }
        ("LinkedHashSet", Value::Set(found)) => {
            let expected = expected.as_array().unwrap();
            found.len() == expected.len()
                && found
                    .iter()
                    .zip(expected)
                    .all(|(found, expected)| member_agrees(found, expected, &Json::Null))
        }
        ("HashSet", Value::Set(found)) => {
            let mut texts: Vec<String> = found.iter().map(key).collect();
            let expected = expected.as_array().unwrap().iter();
            let mut expected: Vec<String> = expected
                .map(|json| json.as_str().unwrap().to_owned())
                .collect();
            texts.sort();
            expected.sort();
            texts == expected
        }
        ("HashMap" | "LinkedHashMap" | "JSONObject", Value::Map(found)) => {
            let expected = expected.as_object().unwrap();
            found.len() == expected.len()
                && found.iter().all(|(name, value)| {
                    let name = key(name);
                    expected
                        .get(&name)
                        .is_some_and(|expected| member_agrees(value, expected, &members[&name]))
                })
        }
        ("LambdaExpression", Value::Object(object)) => object.type_name() == type_name,
        ("Character", Value::Object(object)) => {
            object.type_name() == type_name && expected.as_str() == Some(&object.display())
        }
        _ => false,
    }
}

fn member_agrees(value: &Value, expected: &Json, type_name: &Json) -> bool {
    if let Some(type_name) = type_name.as_str() {
        return agrees(value, expected, type_name, &Json::Null);
    }
    match value {
        Value::Object(object) => {
            let shown = expected.as_str();
            shown == Some(&format!("<{}>", object.type_name())) || shown == Some(&object.display())
        }
        Value::Set(_) => agrees(value, expected, "LinkedHashSet", &Json::Null),
        other => agrees(value, expected, other.type_name(), &Json::Null),
    }
}

fn key(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        other => other.to_json(),
    }
}

fn decimal(json: &Json) -> f64 {
    match json.as_str() {
        Some("NaN") => f64::NAN,
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        _ => json.as_f64().unwrap(),
    }
}
