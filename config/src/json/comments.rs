/// The bytes with every comment (`//` to the end of the line, `/* */`) and a leading byte order mark turned to blanks, so
/// that each remaining byte keeps its place. Line ends inside comments stay.
pub(super) fn blank_comments(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    if text.starts_with('\u{feff}') {
        blank(&mut out, 0, 3);
        at = 3;
    }
    while at < bytes.len() {
        at = match (bytes[at], bytes.get(at + 1)) {
            (b'"', _) => end_of_string(bytes, at),
            (b'/', Some(b'/')) => {
                let end = find(bytes, at, |window| window[0] == b'\n' || window[0] == b'\r');
                blank(&mut out, at, end);
                end
            }
            (b'/', Some(b'*')) => {
                let end = find(bytes, at + 2, |window| window.starts_with(b"*/"));
                let end = (end + 2).min(bytes.len());
                blank(&mut out, at, end);
                end
            }
            _ => at + 1,
        };
    }
    // Only whole characters were replaced, by ASCII.
    String::from_utf8(out).unwrap_or_default()
}

/// The place behind a string that opens at `start`; the end of the text when it is never closed.
pub(super) fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn find(bytes: &[u8], from: usize, hit: impl Fn(&[u8]) -> bool) -> usize {
    (from..bytes.len())
        .find(|&at| hit(&bytes[at..]))
        .unwrap_or(bytes.len())
}

fn blank(out: &mut [u8], from: usize, to: usize) {
    for byte in &mut out[from..to] {
        if *byte != b'\n' && *byte != b'\r' {
            *byte = b' ';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_blanks_and_places_hold() {
        let text = "{ // one\n \"a//b\": /* two\n lines */ 1, \"c\\\"/*\": 2 }";
        let blanked = blank_comments(text);
        assert_eq!(
            blanked,
            "{       \n \"a//b\":       \n          1, \"c\\\"/*\": 2 }"
        );
        assert_eq!(blanked.len(), text.len());
    }

    #[test]
    fn what_is_never_closed_ends_with_the_text() {
        assert_eq!(blank_comments("{} /* x é"), "{}        ");
        assert_eq!(blank_comments("{} // x"), "{}     ");
        assert_eq!(blank_comments("\"a\\"), "\"a\\");
        assert_eq!(blank_comments("\u{feff}{}"), "   {}");
        assert_eq!(blank_comments("{}/"), "{}/");
    }
}
