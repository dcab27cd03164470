use std::fmt::Write;

use alidade_event::Value as EventValue;
use serde_json::Value;

/// A document in the form that upstream's tools write: two blanks of indent a level of objects, ` : ` behind a key, arrays
/// on one line, `{ }` and `[ ]` when empty, no line end after the last brace.
///
/// A null is kept: in a triage configuration it means something.
pub fn to_pretty(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, 0, &mut out);
    out
}

fn write_value(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => match number.as_f64() {
            Some(double) if number.is_f64() => out.push_str(&EventValue::Double(double).to_json()),
            _ => out.push_str(&number.to_string()),
        },
        Value::String(text) => write_text(text, out),
        Value::Array(members) => write_array(members, depth, out),
        Value::Object(members) => {
            out.push('{');
            for (at, (key, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                new_line(depth + 1, out);
                write_text(key, out);
                out.push_str(" : ");
                write_value(member, depth + 1, out);
            }
            match members.is_empty() {
                true => out.push(' '),
                false => new_line(depth, out),
            }
            out.push('}');
        }
    }
}

fn write_array(members: &[Value], depth: usize, out: &mut String) {
    out.push('[');
    for (at, member) in members.iter().enumerate() {
        out.push_str(if at > 0 { ", " } else { " " });
        write_value(member, depth, out);
    }
    out.push_str(" ]");
}

fn new_line(depth: usize, out: &mut String) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if u32::from(control) < 0x20 => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_upstreams() {
        let text = r#"{"a":1,"b":{},"c":[],"d":[{"e":"x/y\n\u0001é","f":1.5},2],"g":null,"h":{"i":true},"j":1e10}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            to_pretty(&value),
            r#"{
  "a" : 1,
  "b" : { },
  "c" : [ ],
  "d" : [ {
    "e" : "x/y\n\u0001é",
    "f" : 1.5
  }, 2 ],
  "g" : null,
  "h" : {
    "i" : true
  },
  "j" : 1.0E10
}"#
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = r#"{"a":[[],[1,[2]],{"b":[{}]}],"t":"\u0000\u001f\"\\ \ud83d\ude00","n":[0.1,-3,18446744073709551615]}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        let back: Value = serde_json::from_str(&to_pretty(&value)).unwrap();
        assert_eq!(back, value);
    }
}
