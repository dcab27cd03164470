use std::collections::HashSet;
use std::ops::Range;

use super::comments::end_of_string;

/// Where keys stand that their object has already had, in bytes and with their quotes. The text is JSON whose comments are
/// blanks; of anything else, some keys may be missed.
pub(super) fn repeated_keys(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut repeated = Vec::new();
    // For each bracket that is open, the keys so far; nothing for a list.
    let mut open: Vec<Option<HashSet<&str>>> = Vec::new();
    let mut at = 0;
    let mut is_key_next = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => {
                open.push(Some(HashSet::new()));
                is_key_next = true;
            }
            b'[' => {
                open.push(None);
                is_key_next = false;
            }
            b'}' | b']' => {
                open.pop();
                is_key_next = false;
            }
            b',' => is_key_next = matches!(open.last(), Some(Some(_))),
            b'"' => {
                let end = end_of_string(bytes, at);
                if is_key_next
                    && let (Some(Some(keys)), Some(key)) = (open.last_mut(), text.get(at..end))
                    && !keys.insert(key)
                {
                    repeated.push(at..end);
                }
                is_key_next = false;
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    repeated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_one_object_are_compared() {
        let text =
            r#"{"a": {"a": "b", "b": ["a", "a", {"a": 1}]}, "b": "a", "c": "a", "b" : 2, "a": 3}"#;
        let found: Vec<(usize, &str)> = repeated_keys(text)
            .into_iter()
            .map(|range| (range.start, &text[range]))
            .collect();
        assert_eq!(found, [(65, "\"b\""), (74, "\"a\"")]);
    }

    #[test]
    fn any_text_is_survived() {
        for text in ["", "}", "]]{", "{\"", "{\"a\":1,\"a", ",,\"a\"", "[{]}"] {
            repeated_keys(text);
        }
    }
}
