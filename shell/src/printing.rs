//! Values as people read them.

use alidade_event::{Map, Value};

/// Nesting beyond this stands on one line, whatever its length.
const MAX_INDENTED: usize = 32;

/// The longest text that is shown on a screen, in bytes.
const MAX_ON_SCREEN: usize = 64 << 10;

/// A value for people: text without quotes, everything else as JSON.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Double(number) if !number.is_finite() => {
            java_text(|out| alidade_event::write_double(*number, out))
        }
        Value::Float(number) if !number.is_finite() => {
            java_text(|out| alidade_event::write_float(*number, out))
        }
        other => other.to_json(),
    }
}

fn java_text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// A value for a screen of a width: lists and maps that do not fit into a line go over several, very long text is cut, and
/// what would steer the terminal is made visible.
pub(crate) fn on_screen(value: &Value, width: usize) -> String {
    let text = match value {
        Value::Str(text) => text.to_string(),
        other => {
            let mut out = String::new();
            write_indented(other, 0, width, &mut out);
            out
        }
    };
    cut(&harmless(&text))
}

/// A text without control characters other than line feeds and tabulators.
pub(crate) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(letter),
            _ if letter.is_control() => out.extend(letter.escape_default()),
            _ => out.push(letter),
        }
    }
    out
}

fn cut(text: &str) -> String {
    if text.len() <= MAX_ON_SCREEN {
        return text.to_owned();
    }
    let kept = text.floor_char_boundary(MAX_ON_SCREEN);
    let (start, rest) = text.split_at(kept);
    format!("{start}\n... and {} bytes more", rest.len())
}

fn write_indented(value: &Value, depth: usize, width: usize, out: &mut String) {
    let line = in_one_line(value);
    let fits = depth * 2 + line.chars().count() <= width;
    if fits || depth >= MAX_INDENTED {
        out.push_str(&line);
        return;
    }
    match value {
        Value::List(members) => {
            write_members(&members.iter().collect::<Vec<_>>(), depth, width, out)
        }
        Value::Set(members) => {
            write_members(&members.iter().collect::<Vec<_>>(), depth, width, out)
        }
        Value::Map(map) => write_map(map, depth, width, out),
        _ => out.push_str(&line),
    }
}

/// One member a line; as many as fit where none has members of its own.
fn write_members(members: &[&Value], depth: usize, width: usize, out: &mut String) {
    let is_nested =
        |value: &&Value| matches!(value, Value::List(_) | Value::Set(_) | Value::Map(_));
    let are_packed = !members.iter().any(is_nested);
    let mut used = 0;
    out.push('[');
    for (number, member) in members.iter().enumerate() {
        if !are_packed {
            next_line(number, depth + 1, out);
            write_indented(member, depth + 1, width, out);
            continue;
        }
        let text = in_one_line(member);
        let length = text.chars().count() + 2;
        if number > 0 && used + length < width {
            out.push_str(", ");
        } else {
            next_line(number, depth + 1, out);
            used = (depth + 1) * 2;
        }
        used += length;
        out.push_str(&text);
    }
    end_line(depth, out);
    out.push(']');
}

fn write_map(map: &Map, depth: usize, width: usize, out: &mut String) {
    out.push('{');
    for (number, (key, value)) in map.iter().enumerate() {
        next_line(number, depth + 1, out);
        let name = key_text(key);
        out.push_str(&name);
        out.push_str(": ");
        let left = width.saturating_sub(name.chars().count() + 2);
        write_indented(value, depth + 1, left, out);
    }
    end_line(depth, out);
    out.push('}');
}

fn next_line(number: usize, depth: usize, out: &mut String) {
    if number > 0 {
        out.push(',');
    }
    end_line(depth, out);
}

fn end_line(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// As JSON, with a blank after every comma and colon, and slashes as they are.
fn in_one_line(value: &Value) -> String {
    match value {
        Value::List(members) => format!("[{}]", joined(members.iter().map(in_one_line))),
        Value::Set(members) => format!("[{}]", joined(members.iter().map(in_one_line))),
        Value::Map(map) => {
            let entry = |(key, value)| format!("{}: {}", key_text(key), in_one_line(value));
            format!("{{{}}}", joined(map.iter().map(entry)))
        }
        Value::Str(_) => plain_slashes(&value.to_json()),
        other => shown(other),
    }
}

/// A key as JSON has it, which is text.
fn key_text(key: &Value) -> String {
    match key {
        Value::Str(_) => plain_slashes(&key.to_json()),
        other => plain_slashes(&Value::str(&in_one_line(other)).to_json()),
    }
}

/// JSON text is written with `\/`, as upstream does.
fn plain_slashes(json: &str) -> String {
    json.replace("\\/", "/")
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alidade_event::NumberStyle;

    fn value(json: &str) -> Value {
        alidade_event::read_value(json.as_bytes(), NumberStyle::Jackson).unwrap()
    }

    #[test]
    fn what_fits_stands_in_one_line() {
        let map = value(r#"{"url":"http://a/\\/b","n":[1,2.5,null]}"#);
        let expected = r#"{"url": "http://a/\\/b", "n": [1, 2.5, null]}"#;
        assert_eq!(on_screen(&map, 80), expected);
        assert_eq!(on_screen(&Value::str("a\"b"), 80), "a\"b");
        assert_eq!(on_screen(&Value::Double(f64::NAN), 80), "NaN");
        assert_eq!(on_screen(&Value::Null, 80), "null");
    }

    #[test]
    fn what_does_not_fit_goes_over_several_lines() {
        let map = value(r#"{"name":"a","ports":[80,443],"more":{"x":"long enough"}}"#);
        let expected = "\
{
  \"name\": \"a\",
  \"ports\": [80, 443],
  \"more\": {
    \"x\": \"long enough\"
  }
}";
        assert_eq!(on_screen(&map, 25), expected);
    }

    #[test]
    fn plain_members_share_lines() {
        let list = value("[1,22,333,4444,55555,[6]]");
        let nested = "[\n  1,\n  22,\n  333,\n  4444,\n  55555,\n  [6]\n]";
        assert_eq!(on_screen(&list, 20), nested);
        let list = value(r#"{"a":[1,22,333,4444,55555]}"#);
        let packed = "{\n  \"a\": [\n    1, 22,\n    333,\n    4444,\n    55555\n  ]\n}";
        assert_eq!(on_screen(&list, 17), packed);
        let list = value("[1,22,333,4444,55555]");
        assert_eq!(on_screen(&list, 16), "[\n  1, 22, 333,\n  4444, 55555\n]");
    }

    #[test]
    fn text_cannot_steer_the_terminal() {
        assert_eq!(
            on_screen(&Value::str("a\u{1b}[2J\r\nb\tc"), 80),
            "a\\u{1b}[2J\\r\nb\tc"
        );
    }

    #[test]
    fn very_long_text_is_cut() {
        let long = "é".repeat(MAX_ON_SCREEN);
        let text = on_screen(&Value::str(&long), 80);
        assert!(text.len() < MAX_ON_SCREEN + 50 && text.ends_with(" bytes more"));
    }

    #[test]
    fn deep_nesting_is_shown() {
        let deep = (0..500).fold(Value::Int(1), |inner, _| Value::list(vec![inner]));
        let text = on_screen(&deep, 10);
        assert!(text.contains("[[[1]]]"));
    }
}
