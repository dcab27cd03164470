//! Upstream's answers to hundreds of messages, against ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use alidade_parsers::offline::parse_case;
use serde_json::Value as Json;

const CASES: &str = include_str!("data/parse.jsonl");
/// `id reason` a line: cases that we answer differently on purpose, or not yet.
const KNOWN_DIFFERENCES: &str = include_str!("data/known_differences.txt");

#[test]
fn answers_are_upstreams() {
    let known: BTreeMap<&str, &str> = KNOWN_DIFFERENCES
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            line.split_once(' ')
                .expect("a known difference has a reason")
        })
        .collect();
    let mut report = String::new();
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for line in CASES.lines() {
        let case: Json = serde_json::from_str(line).expect("a case is JSON");
        let id = case["id"].as_str().expect("a case has an id");
        seen.insert(id.to_owned());
        let answer = parse_case(&case["input"]);
        let difference = difference(&case["expected"], &answer);
        let group = groups.entry(group_of(id)).or_default();
        group.1 += 1;
        match (&difference, known.get(id)) {
            (None, None) => group.0 += 1,
            (Some(_), Some(_)) => {}
            (None, Some(reason)) => {
                let _ = writeln!(
                    report,
                    "{id}: listed as different ({reason}) but the same as upstream"
                );
            }
            (Some(difference), None) => {
                let _ = writeln!(
                    report,
                    "{id}: {difference}\n  line {}\n  ours {answer}",
                    case["input"]["line"]
                );
            }
        }
    }
    for id in known.keys() {
        if !seen.contains(*id) {
            let _ = writeln!(report, "{id}: listed as different but not a case");
        }
    }
    let total: (usize, usize) = groups
        .values()
        .fold((0, 0), |sum, group| (sum.0 + group.0, sum.1 + group.1));
    println!("as upstream: {} of {}", total.0, total.1);
    for (name, (same, all)) in &groups {
        println!("  {name}: {same} of {all}");
    }
    assert!(report.is_empty(), "{report}");
}

fn group_of(id: &str) -> String {
    id.trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches('-')
        .to_owned()
}

/// What differs, or nothing.
fn difference(expected: &Json, ours: &Json) -> Option<String> {
    if let Some(exception) = expected.get("exception") {
        let refused = ours.get("exception").is_some();
        let failed = list(ours, "messages").is_empty() && !list(ours, "errors").is_empty();
        return (!refused && !failed).then(|| format!("expected the failure {exception}"));
    }
    if let Some(refusal) = ours.get("exception") {
        return Some(format!("refused: {refusal}"));
    }
    let (expected_messages, our_messages) = (list(expected, "messages"), list(ours, "messages"));
    if expected_messages.len() != our_messages.len() {
        return Some(format!(
            "expected {} messages: {expected}",
            expected_messages.len()
        ));
    }
    for (expected, ours) in expected_messages.iter().zip(our_messages) {
        if let Some(difference) = message_difference(expected, ours) {
            return Some(difference);
        }
    }
    let types = |answer| -> Vec<String> {
        let mut types: Vec<String> = list(answer, "errors")
            .iter()
            .map(|error| error["error_type"].to_string())
            .collect();
        types.sort();
        types
    };
    (types(expected) != types(ours))
        .then(|| format!("expected errors {:?}: {expected}", types(expected)))
}

fn list<'j>(answer: &'j Json, name: &str) -> &'j [Json] {
    answer
        .get(name)
        .and_then(Json::as_array)
        .map_or(&[], Vec::as_slice)
}

fn message_difference(expected: &Json, ours: &Json) -> Option<String> {
    let (Some(expected_fields), Some(our_fields)) = (expected.as_object(), ours.as_object()) else {
        return Some("a message is no object".to_owned());
    };
    for (name, value) in expected_fields {
        match our_fields.get(name) {
            None => return Some(format!("field {name} is missing, expected {value}")),
            Some(found) if !same(value, found) => {
                return Some(format!("field {name} is {found}, expected {value}"));
            }
            Some(_) => {}
        }
    }
    our_fields
        .keys()
        .find(|name| !expected_fields.contains_key(*name))
        .map(|name| format!("field {name} is too much: {}", our_fields[name]))
}

fn same(expected: &Json, ours: &Json) -> bool {
    match (expected, ours) {
        (Json::String(placeholder), Json::String(text)) if placeholder == "<guid>" => {
            !text.is_empty()
        }
        (Json::String(placeholder), Json::Number(time)) if placeholder == "<now-ms>" => {
            time.as_i64().is_some_and(|time| time > 1_500_000_000_000)
        }
        (Json::Number(a), Json::Number(b)) => {
            a == b || (a.is_f64() && b.is_f64() && a.as_f64() == b.as_f64())
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(_), Json::Object(_)) => message_difference(expected, ours).is_none(),
        (a, b) => a == b,
    }
}
