//! Domain names and their public suffixes.
//!
//! The suffixes are those of the list that the `psl` crate carries, its private part included. Upstream carries the list
//! of 2014.

use std::borrow::Cow;

use crate::EvalError;
use crate::library::prelude::*;

/// A valid domain name, split before its public suffix.
pub(super) struct DomainName<'d> {
    /// Everything before the suffix, without the dot between; empty when the name is a suffix itself.
    pub labels: &'d str,
    /// The suffix as it stands there.
    suffix: &'d str,
    /// Whether the suffix is in the list.
    is_known: bool,
}

impl<'d> DomainName<'d> {
    /// Nothing when the text is not a domain name; an address is none.
    pub fn parse(text: &'d str) -> Option<Self> {
        // A dot at the end names the root.
        let name = text.strip_suffix('.').unwrap_or(text);
        if !is_valid(name) {
            return None;
        }
        let (length, is_known) = suffix_length(name);
        let start = name.len().checked_sub(length)?;
        let labels = name.get(..start)?;
        Some(DomainName {
            labels: labels.strip_suffix('.').unwrap_or(labels),
            suffix: name.get(start..)?,
            is_known,
        })
    }

    /// The suffix in lower case; one that is not in the list as it stands there.
    pub fn written_suffix(&self) -> Cow<'d, str> {
        if self.is_known {
            return lower(self.suffix);
        }
        Cow::Borrowed(self.suffix)
    }
}

/// The length of the public suffix in bytes, and whether it is in the list. Of an unknown top level, it is the last label.
fn suffix_length(name: &str) -> (usize, bool) {
    let lowered = lower(name);
    match psl::suffix(lowered.as_bytes()) {
        Some(suffix) => (suffix.as_bytes().len(), suffix.is_known()),
        None => (name.len(), false),
    }
}

/// ASCII letters in lower case; a copy only where there are upper ones.
pub(super) fn lower(name: &str) -> Cow<'_, str> {
    // Looking at all bytes, and not only up to the first, can be done to many at once.
    let has_upper = name
        .bytes()
        .fold(false, |found, byte| found | byte.is_ascii_uppercase());
    if has_upper {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}

/// Labels of 1 to 63 characters out of letters, digits, `-` and `_`, neither of the last two at an end; the last label does
/// not begin with a digit.
fn is_valid(name: &str) -> bool {
    if name.is_empty() || name.len() > 253 {
        return false;
    }
    let mut before = Kind::Dot;
    let mut length = 0;
    let mut first_of_label = b'.';
    for byte in name.bytes() {
        let kind = KINDS[usize::from(byte)];
        let fits = match kind {
            Kind::Part => true,
            Kind::Dash => before != Kind::Dot,
            Kind::Dot => before == Kind::Part && length <= 63,
            Kind::Stranger => false,
        };
        if !fits {
            return false;
        }
        if before == Kind::Dot {
            first_of_label = byte;
            length = 0;
        }
        length += 1;
        before = kind;
    }
    before == Kind::Part && length <= 63 && !first_of_label.is_ascii_digit()
}

/// What a byte is in a domain name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// May stand everywhere in a label.
    Part,
    /// May stand in a label, not at an end of it.
    Dash,
    Dot,
    Stranger,
}

/// The kinds of all bytes: one look at a table is a fraction of the comparisons it stands for.
const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Stranger; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        kinds[byte] = match byte as u8 {
            b'.' => Kind::Dot,
            b'-' | b'_' => Kind::Dash,
            other if other.is_ascii_alphanumeric() || !other.is_ascii() => Kind::Part,
            _ => Kind::Stranger,
        };
        byte += 1;
    }
    kinds
};

/// The text of the first argument; an error for anything but text and null.
pub(super) fn domain_argument<'c>(call: &'c Call) -> Result<Option<&'c Str>, EvalError> {
    match call.get(0) {
        Value::Null => Ok(None),
        Value::Str(text) => Ok(Some(text)),
        _ => call.wrong(0, "a domain name as text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_their_rules() {
        let long = "a".repeat(63);
        let longer = "a".repeat(64);
        for (name, expected) in [
            ("a", true),
            ("a.b", true),
            ("a-b_c.d1", true),
            ("bücher.de", true),
            ("1.a", true),
            (&long, true),
            (&format!("{long}.{long}"), true),
            ("", false),
            (".", false),
            (".a", false),
            ("a..b", false),
            ("a.", false),
            ("-a", false),
            ("a-", false),
            ("a_.b", false),
            ("a.-b", false),
            ("a b", false),
            ("a.1b", false),
            ("10.0.0.1", false),
            (&longer, false),
            (&format!("{longer}.a"), false),
            (&format!("{long}.{long}.{long}.{long}"), false),
        ] {
            assert_eq!(is_valid(name), expected, "{name}");
        }
    }
}
