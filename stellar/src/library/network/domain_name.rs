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
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
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
    // One pass: a label ends at a dot and at the end of the name.
    let mut start = 0;
    let mut before = b'.';
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'.' if is_dash(before) || before == b'.' || at - start > 63 => return false,
            b'.' => start = at + 1,
            b'-' | b'_' if before == b'.' => return false,
            b'-' | b'_' => {}
            _ if byte.is_ascii_alphanumeric() || !byte.is_ascii() => {}
            _ => return false,
        }
        before = byte;
    }
    let first_of_last = name.as_bytes().get(start);
    first_of_last.is_some_and(|byte| !byte.is_ascii_digit())
        && !is_dash(before)
        && name.len() - start <= 63
}

fn is_dash(byte: u8) -> bool {
    matches!(byte, b'-' | b'_')
}

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
