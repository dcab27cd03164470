use std::ops::Range;

use super::comments::{blank_comments, end_of_string};

/// Where the value of a JSON pointer stands in a document, in bytes, with its quotes if it is a string.
///
/// Of a key given twice the last one counts, as for the reader. Comments may stand anywhere.
pub fn locate(text: &str, pointer: &str) -> Option<Range<usize>> {
    let blanked = blank_comments(text);
    find(blanked.as_bytes(), pointer).map(|found| found.value)
}

/// Where the key of a JSON pointer's last step stands in a document, in bytes, with its quotes. Nothing for a member of
/// an array and for the whole document.
pub fn key_of(text: &str, pointer: &str) -> Option<Range<usize>> {
    let blanked = blank_comments(text);
    find(blanked.as_bytes(), pointer).and_then(|found| found.key)
}

struct Found {
    key: Option<Range<usize>>,
    value: Range<usize>,
}

fn find(bytes: &[u8], pointer: &str) -> Option<Found> {
    let start = skip_blanks(bytes, 0);
    let mut found = Found {
        key: None,
        value: start..end_of_value(bytes, start)?,
    };
    if pointer.is_empty() {
        return Some(found);
    }
    for step in pointer.strip_prefix('/')?.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        let start = found.value.start;
        found = match bytes.get(start)? {
            b'{' => find_member(bytes, start, &step)?,
            b'[' => find_element(bytes, start, step.parse().ok()?)?,
            _ => return None,
        };
    }
    Some(found)
}

fn find_member(bytes: &[u8], object: usize, name: &str) -> Option<Found> {
    let mut last = None;
    let mut at = skip_blanks(bytes, object + 1);
    while bytes.get(at) == Some(&b'"') {
        let key = at..end_of_string(bytes, at);
        let colon = skip_blanks(bytes, key.end);
        if bytes.get(colon) != Some(&b':') {
            return last;
        }
        let start = skip_blanks(bytes, colon + 1);
        let value = start..end_of_value(bytes, start)?;
        at = skip_comma(bytes, value.end);
        if key_text(bytes, &key).as_deref() == Some(name) {
            last = Some(Found {
                key: Some(key),
                value,
            });
        }
    }
    last
}

fn find_element(bytes: &[u8], array: usize, index: usize) -> Option<Found> {
    let mut at = skip_blanks(bytes, array + 1);
    for _ in 0..index {
        let end = end_of_value(bytes, at)?;
        at = skip_comma(bytes, end);
    }
    let value = at..end_of_value(bytes, at)?;
    Some(Found { key: None, value })
}

fn key_text(bytes: &[u8], key: &Range<usize>) -> Option<String> {
    serde_json::from_slice(bytes.get(key.clone())?).ok()
}

fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| is_blank(byte)).count()
}

fn skip_comma(bytes: &[u8], from: usize) -> usize {
    let at = skip_blanks(bytes, from);
    if bytes.get(at) == Some(&b',') {
        return skip_blanks(bytes, at + 1);
    }
    at
}

/// The place behind the value that starts at `start`. Counts brackets instead of recursing, so depth costs nothing.
fn end_of_value(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => at = end_of_string(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth == 0 => return None,
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            _ if depth > 0 => {
                at += 1;
                continue;
            }
            _ => at = end_of_scalar(bytes, at)?,
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

fn end_of_scalar(bytes: &[u8], start: usize) -> Option<usize> {
    let is_scalar = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    let length = bytes[start..]
        .iter()
        .take_while(|byte| is_scalar(byte))
        .count();
    (length > 0).then_some(start + length)
}

/// Where a span of a string's value stands in the document: `literal` is the range of the string with its quotes, `span`
/// counts bytes of the unescaped value. Escapes are counted at their written length.
pub fn raw_span_in_string(text: &str, literal: Range<usize>, span: Range<usize>) -> Range<usize> {
    let inside = literal.start + 1..literal.end.saturating_sub(1).max(literal.start + 1);
    let raw = text.get(inside.clone()).unwrap_or_default();
    let mut start = None;
    let mut end = None;
    let mut value_at = 0;
    let mut raw_at = 0;
    while raw_at < raw.len() {
        if value_at >= span.start && start.is_none() {
            start = Some(raw_at);
        }
        if value_at >= span.end {
            end = Some(raw_at);
            break;
        }
        let (raw_length, value_length) = next_character(&raw[raw_at..]);
        raw_at += raw_length;
        value_at += value_length;
    }
    let start = start.unwrap_or(raw.len());
    let end = end.unwrap_or(raw.len()).max(start);
    inside.start + start..inside.start + end
}

/// The lengths of the next character as written and as a value.
fn next_character(raw: &str) -> (usize, usize) {
    let Some(rest) = raw.strip_prefix('\\') else {
        let length = raw.chars().next().map_or(1, char::len_utf8);
        return (length, length);
    };
    if !rest.starts_with('u') {
        return (raw.len().min(2), 1);
    }
    let unit = |at: usize| {
        raw.get(at..at + 4)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
    };
    match unit(2) {
        Some(0xD800..=0xDBFF) if raw.get(6..8) == Some("\\u") => (raw.len().min(12), 4),
        Some(code) => (
            raw.len().min(6),
            char::from_u32(code).map_or(1, char::len_utf8),
        ),
        None => (raw.len().min(2), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{ // "b": 1
  "a/b" : [ 1, {"x": "y" /* , */ }, "z" ], "d": {}, "d" : true, "e~f": -1.5e3 }  trailing "#;

    fn found(pointer: &str) -> Option<&'static str> {
        locate(TEXT, pointer).map(|range| &TEXT[range])
    }

    #[test]
    fn values_are_found_where_they_stand() {
        assert_eq!(found("/a~1b/0"), Some("1"));
        assert_eq!(found("/a~1b/1/x"), Some("\"y\""));
        assert_eq!(found("/a~1b/2"), Some("\"z\""));
        assert_eq!(found("/e~0f"), Some("-1.5e3"));
        assert_eq!(found("/d"), Some("true"), "the last of two equal keys");
        assert!(found("").unwrap().ends_with("e3 }"));
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        for missing in ["/b", "/a~1b/3", "/a~1b/x", "/d/x", "a", "/"] {
            assert_eq!(found(missing), None, "{missing}");
        }
        for broken in [
            "",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":}",
            "[",
            "]",
            "{\"a\":\"",
        ] {
            locate(broken, "/a");
            assert_eq!(key_of(broken, "/b"), None, "{broken}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(locate(&deep, "/0"), None);
    }

    #[test]
    fn keys_are_found_too() {
        let range = key_of(TEXT, "/a~1b/1/x").unwrap();
        assert_eq!(&TEXT[range], "\"x\"");
        assert_eq!(key_of(TEXT, "/a~1b/0"), None);
    }

    #[test]
    fn a_span_of_a_value_is_mapped_through_escapes() {
        let text = r#"{"k": "a\n\"b\" \u00e9\ud83d\ude00 c"}"#;
        let literal = locate(text, "/k").unwrap();
        let value: String = serde_json::from_str(&text[literal.clone()]).unwrap();
        let raw_of = |part: &str| {
            let start = value.find(part).unwrap();
            &text[raw_span_in_string(text, literal.clone(), start..start + part.len())]
        };
        assert_eq!(raw_of("\"b\""), r#"\"b\""#);
        assert_eq!(raw_of("é"), r"\u00e9");
        assert_eq!(raw_of("😀"), r"\ud83d\ude00");
        assert_eq!(raw_of("c"), "c");
        let end = value.len();
        assert_eq!(raw_span_in_string(text, literal, end..end).len(), 0);
    }
}
