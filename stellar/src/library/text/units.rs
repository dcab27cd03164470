//! Lengths and places in a text are counted in UTF-16 code units, as upstream does.

pub(crate) fn utf16_length(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.chars().map(char::len_utf16).sum()
}

/// The byte at which the code unit `unit` begins. Inside a surrogate pair: where the pair begins, since half a character is
/// not text.
pub(crate) fn byte_at(text: &str, unit: usize) -> usize {
    if text.is_ascii() {
        return unit.min(text.len());
    }
    let mut units = 0;
    for (at, character) in text.char_indices() {
        if units + character.len_utf16() > unit {
            return at;
        }
        units += character.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_beyond_the_basic_plane_count_twice() {
        assert_eq!(utf16_length("a😀b"), 4);
        assert_eq!(byte_at("a😀b", 0), 0);
        assert_eq!(byte_at("a😀b", 1), 1);
        assert_eq!(byte_at("a😀b", 2), 1);
        assert_eq!(byte_at("a😀b", 3), 5);
        assert_eq!(byte_at("a😀b", 4), 6);
    }
}
