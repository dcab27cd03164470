//! Lenient conversions: what cannot be converted is null, never an error. A collection stands for its first member.

use alidade_event::Value;

use crate::text::text;

/// The first member of a collection in its place; anything else as it is.
fn unwrapped(value: &Value) -> &Value {
    match value {
        Value::List(members) => members.first().unwrap_or(&Value::Null),
        Value::Set(members) => members.iter().next().unwrap_or(&Value::Null),
        other => other,
    }
}

/// Null, an empty list, an empty set and an empty map: what counts as false where a condition is asked for.
pub(crate) fn is_void(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(members) => members.is_empty(),
        Value::Set(members) => members.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

pub fn to_bool(value: &Value) -> Option<bool> {
    match unwrapped(value) {
        Value::Bool(truth) => Some(*truth),
        Value::Null => None,
        Value::Int(number) => digit(i64::from(*number)),
        Value::Long(number) => digit(*number),
        Value::Str(word) => word_to_bool(word),
        Value::Object(object) => word_to_bool(&object.display()),
        _ => None,
    }
}

fn digit(number: i64) -> Option<bool> {
    match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn word_to_bool(word: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    if is(&["true", "yes", "y", "on", "1"]) {
        Some(true)
    } else if is(&["false", "no", "n", "off", "0"]) {
        Some(false)
    } else {
        None
    }
}

pub(crate) fn to_int(value: &Value) -> Option<i32> {
    match unwrapped(value) {
        Value::Int(number) => Some(*number),
        Value::Long(number) => i32::try_from(*number).ok(),
        Value::Bool(truth) => Some(i32::from(*truth)),
        Value::Float(number) => double_to_int(f64::from(*number)),
        Value::Double(number) => double_to_int(*number),
        other => trimmed_number(other)?.parse().ok(),
    }
}

fn double_to_int(number: f64) -> Option<i32> {
    let whole = number.trunc();
    if whole.is_nan() {
        return Some(0);
    }
    (f64::from(i32::MIN)..=f64::from(i32::MAX))
        .contains(&whole)
        .then_some(whole as i32)
}

pub(crate) fn to_long(value: &Value) -> Option<i64> {
    match unwrapped(value) {
        Value::Int(number) => Some(i64::from(*number)),
        Value::Long(number) => Some(*number),
        Value::Bool(truth) => Some(i64::from(*truth)),
        // Rust's cast saturates and takes NaN to 0, as Java's does.
        Value::Float(number) => Some(*number as i64),
        Value::Double(number) => Some(*number as i64),
        other => trimmed_number(other)?.parse().ok(),
    }
}

/// The text of a value for reading a whole number from it.
fn trimmed_number(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(java_trim(text).to_owned()),
        Value::BigInt(digits) => Some(digits.to_string()),
        Value::Object(object) => Some(java_trim(&object.display()).to_owned()),
        _ => None,
    }
}

pub fn to_double(value: &Value) -> Option<f64> {
    match unwrapped(value) {
        Value::Int(number) => Some(f64::from(*number)),
        Value::Long(number) => Some(*number as f64),
        Value::Float(number) => Some(f64::from(*number)),
        Value::Double(number) => Some(*number),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::Str(text) => parse_double(text),
        other => parse_double(&trimmed_number(other)?),
    }
}

pub(crate) fn to_float(value: &Value) -> Option<f32> {
    match unwrapped(value) {
        Value::Float(number) => Some(*number),
        Value::Double(number) => {
            let beyond = number.is_finite() && number.abs() > f64::from(f32::MAX);
            (!beyond).then_some(*number as f32)
        }
        Value::Str(text) => parse_float(text),
        other => to_double(other).map(|number| number as f32),
    }
}

/// Java's syntax of a decimal number: as Rust's, with a suffix `d` or `f`, and `NaN` and `Infinity` in that spelling only.
fn java_decimal(text: &str) -> Option<&str> {
    let trimmed = java_trim(text);
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if let "NaN" | "Infinity" = unsigned {
        return Some(trimmed);
    }
    let starts_right = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    starts_right.then(|| {
        trimmed
            .strip_suffix(['d', 'D', 'f', 'F'])
            .unwrap_or(trimmed)
    })
}

fn parse_double(text: &str) -> Option<f64> {
    java_decimal(text)?.parse().ok()
}

fn parse_float(text: &str) -> Option<f32> {
    java_decimal(text)?.parse().ok()
}

/// Trims as Java does: every character up to the space.
pub(crate) fn java_trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// The text of a value; null for null. A collection stands for its first member.
pub fn to_text(value: &Value) -> Option<alidade_event::Str> {
    match unwrapped(value) {
        Value::Null => None,
        other => text(other).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_strict_about_their_text() {
        for (text, expected) in [
            ("+5", Some(5)),
            (" 7\t", Some(7)),
            ("5.7", None),
            ("0x10", None),
            ("1,000", None),
            ("", None),
        ] {
            assert_eq!(to_int(&Value::str(text)), expected, "{text}");
        }
        assert_eq!(to_int(&Value::Double(f64::NAN)), Some(0));
        assert_eq!(to_int(&Value::Double(1e300)), None);
        assert_eq!(to_long(&Value::Double(1e300)), Some(i64::MAX));
    }

    #[test]
    fn decimal_numbers_follow_java() {
        for (text, expected) in [
            ("5d", Some(5.0)),
            ("1e3", Some(1000.0)),
            ("Infinity", Some(f64::INFINITY)),
            ("inf", None),
            ("infinity", None),
            ("nan", None),
            ("0x1p3", None),
        ] {
            assert_eq!(to_double(&Value::str(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_collection_stands_for_its_first_member() {
        let list = Value::list(vec![Value::str("yes"), Value::Null]);
        assert_eq!(to_bool(&list), Some(true));
        assert_eq!(to_bool(&Value::list(vec![list])), None);
        assert_eq!(to_int(&Value::list(Vec::new())), None);
    }
}
