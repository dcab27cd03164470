//! The part of a path that comes from an event is made harmless.

use std::fmt::Write as _;

use alidade_event::Str;
use xxhash_rust::xxh3::xxh3_64;

/// Longest name of one folder, in bytes: what HDFS and local file systems take.
const MAX_NAME: usize = 200;
/// Deepest path below the root.
const MAX_DEPTH: usize = 16;

/// A folder below the root: relative, without `..`, hidden or reserved names, control characters or separators of other
/// systems. An empty text stands for the root.
///
/// Names that had to be changed keep a mark of what they were, so that two of them do not fall together.
pub(super) fn safe_folder(wanted: &str) -> Str {
    let mut safe = String::with_capacity(wanted.len());
    let names = wanted.split('/').filter(|name| !matches!(*name, "" | "."));
    for name in names.take(MAX_DEPTH) {
        if !safe.is_empty() {
            safe.push('/');
        }
        push_safe_name(name, &mut safe);
    }
    Str::from(safe)
}

/// One name for a file or folder, whatever the text: slashes are replaced as well.
pub(crate) fn safe_name(wanted: &str) -> Str {
    let mut safe = String::new();
    push_safe_name(&wanted.replace('/', "\\"), &mut safe);
    Str::from(safe)
}

fn push_safe_name(name: &str, out: &mut String) {
    let is_harmless = name.len() <= MAX_NAME
        && !name.starts_with('.')
        && !name.chars().any(is_unwanted)
        && name.trim() == name;
    if is_harmless {
        return out.push_str(name);
    }
    let trimmed = name.trim();
    let end = trimmed.floor_char_boundary(MAX_NAME - 20);
    for (at, letter) in trimmed.get(..end).unwrap_or_default().chars().enumerate() {
        let hides = at == 0 && letter == '.';
        out.push(if hides || is_unwanted(letter) {
            '_'
        } else {
            letter
        });
    }
    // Writing to a String cannot fail.
    let _ = write!(out, "_{:016x}", xxh3_64(name.as_bytes()));
}

/// HDFS takes no colons; the rest is trouble for whoever reads a listing.
fn is_unwanted(letter: char) -> bool {
    letter.is_control() || matches!(letter, ':' | '\\' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_folders_stay() {
        for folder in ["squid", "uid-1", "a/b/c", "год", "with space", "_x", "a.b"] {
            assert_eq!(safe_folder(folder), folder);
        }
        assert_eq!(safe_folder(""), "");
        assert_eq!(safe_folder("/a//b/"), "a/b");
        assert_eq!(safe_folder("./a/./b"), "a/b");
    }

    #[test]
    fn nothing_leads_out_of_the_root() {
        for (folder, start) in [
            ("..", "_."),
            ("../../etc", "_."),
            ("a/../../b", "a/_."),
            (".snapshot", "_snapshot"),
            ("a\0b", "a_b"),
            ("a:b", "a_b"),
            ("a\\..\\b", "a_.._b"),
            ("a\nb", "a_b"),
        ] {
            let safe = safe_folder(folder);
            assert!(safe.starts_with(start), "{folder:?}: {safe}");
        }
        assert_eq!(safe_folder("/etc/passwd"), "etc/passwd");
    }

    #[test]
    fn long_names_are_cut_and_told_apart() {
        let (one, two) = (
            format!("{}1", "x".repeat(300)),
            format!("{}2", "x".repeat(300)),
        );
        assert_ne!(safe_folder(&one), safe_folder(&two));
        assert!(safe_folder(&one).len() <= MAX_NAME);
        assert_ne!(safe_folder("a:b"), safe_folder("a\\b"));
    }

    proptest! {
        #[test]
        fn every_text_gives_a_harmless_folder(text in "(\\PC|[./\\\\:\0\n])*") {
            let safe = safe_folder(&text);
            prop_assert!(!safe.starts_with('/') && !safe.ends_with('/'));
            prop_assert!(safe.split('/').count() <= MAX_DEPTH);
            prop_assert!(!safe.chars().any(is_unwanted));
            for name in safe.split('/').filter(|_| !safe.is_empty()) {
                prop_assert!(!name.is_empty() && !name.starts_with('.') && name.len() <= MAX_NAME);
            }
            prop_assert_eq!(safe_folder(&safe), safe.clone(), "making it safe again changes nothing");
        }
    }
}
