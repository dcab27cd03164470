//! Upstream's lenient conversions (`ConversionUtils.java`): a collection stands for its first member, and what cannot be
//! converted is nothing rather than an error.

use alidade_event::{Str, Value, write_double, write_float};

fn first_of_collection(value: &Value) -> Option<&Value> {
    let single = match value {
        Value::List(members) => members.first()?,
        Value::Set(members) => members.iter().next()?,
        other => other,
    };
    (!single.is_null()).then_some(single)
}

/// `true yes y on 1` in any case are true, `false no n off 0` are false; everything else is nothing.
pub fn to_boolean(value: &Value) -> Option<bool> {
    match first_of_collection(value)? {
        Value::Bool(truth) => Some(*truth),
        Value::Str(text) => boolean_word(text),
        Value::Int(number) => boolean_number(i64::from(*number)),
        Value::Long(number) => boolean_number(*number),
        _ => None,
    }
}

fn boolean_word(text: &str) -> Option<bool> {
    const TRUE: [&str; 5] = ["true", "yes", "y", "on", "1"];
    const FALSE: [&str; 5] = ["false", "no", "n", "off", "0"];
    let is_one_of = |words: [&str; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    match (is_one_of(TRUE), is_one_of(FALSE)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

fn boolean_number(number: i64) -> Option<bool> {
    match number {
        1 => Some(true),
        0 => Some(false),
        _ => None,
    }
}

/// Numbers, booleans (1 and 0) and texts that Java reads as a floating point number.
pub fn to_double(value: &Value) -> Option<f64> {
    match first_of_collection(value)? {
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        Value::Str(text) => parse_java_double(text),
        other => other.as_f64(),
    }
}

/// Decimal floating point as Java reads it: surrounding blanks and one of the suffixes `d f` are allowed. Hexadecimal
/// floating point is not read.
fn parse_java_double(text: &str) -> Option<f64> {
    let trimmed = text.trim_matches(|c: char| c <= ' ');
    let unsigned = trimmed.trim_start_matches(['+', '-']);
    if matches!(unsigned, "NaN" | "Infinity") && trimmed.len() <= unsigned.len() + 1 {
        return trimmed.parse().ok();
    }
    let digits = trimmed
        .strip_suffix(['d', 'D', 'f', 'F'])
        .unwrap_or(trimmed);
    let plain = digits
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if !plain {
        return None;
    }
    digits.parse().ok()
}

/// The text of a value, of a collection that of its first member; nothing for null and for an empty collection.
pub fn to_text(value: &Value) -> Option<Str> {
    match first_of_collection(value)? {
        Value::Str(text) => Some(text.clone()),
        other => Some(java_text(other).into()),
    }
}

/// The text that Java's `toString` gives: `[1, a, null]`, `{a=1}`, `1.0`, `NaN`.
pub fn java_text(value: &Value) -> String {
    let mut text = Vec::new();
    write_java_text(value, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

fn write_java_text(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Str(text) => out.extend_from_slice(text.as_bytes()),
        Value::Float(number) => write_float(*number, out),
        Value::Double(number) => write_double(*number, out),
        Value::List(members) => write_members(members.iter(), out),
        Value::Set(members) => write_members(members.iter(), out),
        Value::Map(map) => {
            out.push(b'{');
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    out.extend_from_slice(b", ");
                }
                write_java_text(key, out);
                out.push(b'=');
                write_java_text(value, out);
            }
            out.push(b'}');
        }
        Value::Object(object) => out.extend_from_slice(object.display().as_bytes()),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Long(_) | Value::BigInt(_) => {
            value.write_json(out);
        }
    }
}

fn write_members<'a>(members: impl Iterator<Item = &'a Value>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, member) in members.enumerate() {
        if at > 0 {
            out.extend_from_slice(b", ");
        }
        write_java_text(member, out);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use alidade_event::NumberStyle;
    use serde_json::json;

    fn value(json: serde_json::Value) -> Value {
        Value::from_serde(&json, NumberStyle::Simple)
    }

    #[test]
    fn booleans_are_read_from_the_usual_words_only() {
        for (written, truth) in [
            (json!(true), Some(true)),
            (json!("true"), Some(true)),
            (json!("TRUE"), Some(true)),
            (json!("yes"), Some(true)),
            (json!("y"), Some(true)),
            (json!("on"), Some(true)),
            (json!("1"), Some(true)),
            (json!(1), Some(true)),
            (json!(["true", "no"]), Some(true)),
            (json!(false), Some(false)),
            (json!("No"), Some(false)),
            (json!("off"), Some(false)),
            (json!("n"), Some(false)),
            (json!("0"), Some(false)),
            (json!(0), Some(false)),
            (json!("maybe"), None),
            (json!("t"), None),
            (json!("  true "), None),
            (json!(""), None),
            (json!(2), None),
            (json!(-1), None),
            (json!(1.0), None),
            (json!(null), None),
            (json!([]), None),
            (json!({}), None),
            (json!({"a": 1}), None),
        ] {
            assert_eq!(to_boolean(&value(written.clone())), truth, "{written}");
        }
    }

    #[test]
    fn doubles_are_read_as_java_does() {
        for (written, number) in [
            (json!(5), Some(5.0)),
            (json!(true), Some(1.0)),
            (json!(" 7.5d "), Some(7.5)),
            (json!("1e3"), Some(1000.0)),
            (json!("+.5f"), Some(0.5)),
            (json!("-Infinity"), Some(f64::NEG_INFINITY)),
            (json!([5, 6]), Some(5.0)),
            (json!([]), None),
            (json!("inf"), None),
            (json!("nan"), None),
            (json!("--Infinity"), None),
            (json!("x"), None),
            (json!(""), None),
            (json!("d"), None),
            (json!({"a": 1}), None),
        ] {
            assert_eq!(to_double(&value(written.clone())), number, "{written}");
        }
        assert!(to_double(&value(json!("NaN"))).is_some_and(f64::is_nan));
    }

    #[test]
    fn texts_are_javas() {
        for (written, text) in [
            (
                json!({"a": 1, "b": [1.0, "x", null]}),
                Some("{a=1, b=[1.0, x, null]}"),
            ),
            (json!(0.25), Some("0.25")),
            (json!(1e7), Some("1.0E7")),
            (json!(404), Some("404")),
            (json!(["a", "b"]), Some("a")),
            (json!([["a", "b"]]), Some("[a, b]")),
            (json!([]), None),
            (json!(null), None),
        ] {
            assert_eq!(
                to_text(&value(written.clone())).as_deref(),
                text,
                "{written}"
            );
        }
        assert_eq!(java_text(&Value::Double(f64::NAN)), "NaN");
    }
}
