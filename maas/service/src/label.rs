/// A text as a part of a file's name: letters of `[A-Za-z0-9.-]`, anything else as `_`, and no more than `limit` of them.
pub(crate) fn file_label(text: &str, limit: usize) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' || c == '-' {
            c
        } else {
            '_'
        }
    };
    text.chars().map(plain).take(limit).collect()
}
