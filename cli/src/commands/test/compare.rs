//! What came out against what a test expects.

use serde::Serialize;
use serde_json::{Map, Value as Json};

/// One field that is not as expected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub field: String,
    /// Nothing where the field must not be there.
    pub expected: Option<Json>,
    /// Nothing where the field is not there.
    pub got: Option<Json>,
}

/// The fields that are not as expected; null stands for a field that is not there. With `exactly`, a field that is not
/// expected is a difference too, except for those whose value no test can know.
pub fn differences(
    expected: &Map<String, Json>,
    got: &Map<String, Json>,
    exactly: bool,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (field, expected) in expected {
        let expected = Some(expected).filter(|value| !value.is_null());
        let got = got.get(field).filter(|value| !value.is_null());
        let is_same = match (expected, got) {
            (None, None) => true,
            (Some(expected), Some(got)) => same(expected, got),
            _ => false,
        };
        if !is_same {
            differences.push(Difference {
                field: field.clone(),
                expected: expected.cloned(),
                got: got.cloned(),
            });
        }
    }
    let others = got.iter().filter(|(field, value)| {
        exactly && !expected.contains_key(*field) && !value.is_null() && !is_anyones_guess(field)
    });
    differences.extend(others.map(|(field, value)| Difference {
        field: field.clone(),
        expected: None,
        got: Some(value.clone()),
    }));
    differences
}

/// Fields that tell of the record and of the work on it: they need not be listed in `expectExactly`.
fn is_anyones_guess(field: &str) -> bool {
    matches!(field, "guid" | "original_string" | "source.type")
        || field.ends_with(".begin.ts")
        || field.ends_with(".end.ts")
}

/// Whether two values are the same, where 100 is the same as 100.0.
pub fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => {
            one == other || (one.as_f64() == other.as_f64() && one.is_f64() != other.is_f64())
        }
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(expected: Json, got: Json, exactly: bool) -> Vec<String> {
        let differences = differences(
            expected.as_object().unwrap(),
            got.as_object().unwrap(),
            exactly,
        );
        differences
            .into_iter()
            .map(|difference| difference.field)
            .collect()
    }

    #[test]
    fn only_what_is_expected_counts() {
        let got = json!({"a": 1, "b": "x", "c": [1.0, {"d": 2}], "guid": "?", "n": null});
        let nothing: [&str; 0] = [];
        assert_eq!(
            fields(json!({"a": 1.0, "z": null, "n": null}), got.clone(), false),
            nothing
        );
        assert_eq!(
            fields(json!({"c": [1, {"d": 2}]}), got.clone(), false),
            nothing
        );
        assert_eq!(
            fields(json!({"a": "1", "b": null, "z": 1}), got.clone(), false),
            ["a", "b", "z"]
        );
        assert_eq!(
            fields(json!({"a": 1, "c": [1, {"d": 2}]}), got, true),
            ["b"]
        );
    }

    #[test]
    fn large_numbers_are_not_rounded() {
        assert!(!same(
            &json!(9007199254740993_i64),
            &json!(9007199254740992_i64)
        ));
        assert!(same(&json!(100), &json!(100.0)));
    }
}
