//! Java regular expressions on PCRE2.
//!
//! A pattern is compiled twice: once for lines of plain ASCII, which are matched byte by byte without any check, and once
//! in UTF mode for all others. The two agree on ASCII, so a line never sees the difference, but the usual line is faster.

mod translate;

use std::sync::atomic::{AtomicU64, Ordering};

use pcre2::bytes::{CaptureLocations, Regex, RegexBuilder};

pub(crate) use translate::{Flavour, Group, NamedGroups, scan_groups};

/// Upper bound of the matcher's steps. A squid line takes a few hundred; a pattern that explodes ends here as an error.
const MATCH_LIMIT: u32 = 500_000;
/// Stack that a match may use before it ends as an error, in bytes.
const MAX_JIT_STACK: usize = 1 << 20;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A compiled pattern. Immutable and shared by threads; what a match needs besides lives in [`MatchScratch`].
#[derive(Debug)]
pub(crate) struct JavaRegex {
    ascii: Option<Regex>,
    utf: Regex,
    id: u64,
}

/// Where the groups of the last match lie, kept for reuse: one entry per pattern that this thread has run.
#[derive(Default)]
pub(crate) struct MatchScratch {
    locations: Vec<(u64, CaptureLocations)>,
}

impl std::fmt::Debug for MatchScratch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("MatchScratch")
            .field("patterns", &self.locations.len())
            .finish()
    }
}

/// Patterns of replaced configurations are forgotten when a thread holds more than this.
const MAX_KEPT_PATTERNS: usize = 128;

impl MatchScratch {
    fn for_pattern(&mut self, id: u64, regex: &Regex) -> &mut CaptureLocations {
        if let Some(at) = self.locations.iter().position(|(known, _)| *known == id) {
            return &mut self.locations[at].1;
        }
        if self.locations.len() >= MAX_KEPT_PATTERNS {
            self.locations.clear();
        }
        let at = self.locations.len();
        self.locations.push((id, regex.capture_locations()));
        &mut self.locations[at].1
    }
}

/// The groups of one match, as byte ranges of the text.
pub(crate) struct Found<'s> {
    locations: &'s CaptureLocations,
}

impl Found<'_> {
    /// The range of a group; nothing when it took no part in the match.
    pub fn group(&self, number: usize) -> Option<(usize, usize)> {
        self.locations.get(number)
    }
}

impl JavaRegex {
    /// Compiles a pattern that is searched anywhere in a text. `groups` says which groups are kept.
    ///
    /// # Errors
    /// What is wrong with the pattern, as a sentence.
    pub fn find(pattern: &str, groups: &NamedGroups) -> Result<JavaRegex, String> {
        Self::build(pattern, groups, "", "")
    }

    /// Compiles a pattern that must match a whole text.
    ///
    /// # Errors
    /// What is wrong with the pattern, as a sentence.
    pub fn full(pattern: &str, groups: &NamedGroups) -> Result<JavaRegex, String> {
        Self::build(pattern, groups, "\\A(?:", ")\\z")
    }

    fn build(
        pattern: &str,
        groups: &NamedGroups,
        before: &str,
        after: &str,
    ) -> Result<JavaRegex, String> {
        let utf_source = translate::translate(pattern, Flavour::Unicode, groups)?;
        let utf = compile(&format!("{before}{utf_source}{after}"), true)?;
        let ascii = if pattern.is_ascii() {
            let source = translate::translate(pattern, Flavour::Ascii, groups)?;
            // A pattern may name characters beyond a byte (`\u2028`): then the UTF form serves every line.
            compile(&format!("{before}{source}{after}"), false).ok()
        } else {
            None
        };
        Ok(JavaRegex {
            ascii,
            utf,
            id: NEXT_ID.fetch_add(2, Ordering::Relaxed),
        })
    }

    /// Searches the text and hands out the groups of the first match.
    ///
    /// # Errors
    /// When the match was given up: too many steps, too deep, or too little memory.
    pub fn captures<'s>(
        &self,
        text: &str,
        scratch: &'s mut MatchScratch,
    ) -> Result<Option<Found<'s>>, String> {
        let (id, regex) = match &self.ascii {
            Some(ascii) if text.is_ascii() => (self.id, ascii),
            _ => (self.id + 1, &self.utf),
        };
        let locations = scratch.for_pattern(id, regex);
        match regex.captures_read(locations, text.as_bytes()) {
            Ok(Some(_)) => Ok(Some(Found { locations })),
            Ok(None) => Ok(None),
            Err(failure) => Err(give_up(&failure)),
        }
    }

    /// Whether the pattern is found in the text.
    ///
    /// # Errors
    /// As [`JavaRegex::captures`].
    pub fn is_match(&self, text: &str) -> Result<bool, String> {
        let regex = match &self.ascii {
            Some(ascii) if text.is_ascii() => ascii,
            _ => &self.utf,
        };
        regex
            .is_match(text.as_bytes())
            .map_err(|failure| give_up(&failure))
    }
}

fn give_up(failure: &pcre2::Error) -> String {
    format!("the pattern was given up on this text: {failure}")
}

fn compile(source: &str, utf: bool) -> Result<Regex, String> {
    let limited =
        format!("(*LIMIT_MATCH={MATCH_LIMIT})(*LIMIT_DEPTH=5000)(*LIMIT_HEAP=20000){source}");
    RegexBuilder::new()
        .crlf(true)
        .utf(utf)
        .jit_if_available(true)
        .max_jit_stack_size(Some(MAX_JIT_STACK))
        .build(&limited)
        .map_err(|failure| format!("not a regular expression: {failure}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, text: &str) -> Option<String> {
        let regex = JavaRegex::find(pattern, &NamedGroups::none()).unwrap();
        let mut scratch = MatchScratch::default();
        let found = regex.captures(text, &mut scratch).unwrap()?;
        let (start, end) = found.group(0)?;
        Some(text[start..end].to_owned())
    }

    #[test]
    fn word_boundaries_see_letters_beyond_ascii_but_word_characters_do_not() {
        assert_eq!(found(r"\b\w+\b", "naïve"), None);
        assert_eq!(found(r"\w+", "naïve").as_deref(), Some("na"));
        assert_eq!(found(r"\b\w+\b", "naive").as_deref(), Some("naive"));
    }

    #[test]
    fn dots_stop_at_javas_line_ends() {
        assert_eq!(found("a.*", "ab\u{2028}c").as_deref(), Some("ab"));
        assert_eq!(found("a.*", "ab\u{b}c\rd").as_deref(), Some("ab\u{b}c"));
        assert_eq!(found("(?s)a.*", "ab\nc").as_deref(), Some("ab\nc"));
        assert_eq!(found("b$", "ab\r\n").as_deref(), Some("b"));
        assert_eq!(found("é$", "aé\u{2029}").as_deref(), Some("é"));
    }

    #[test]
    fn classes_are_javas() {
        assert_eq!(found(r"[A|a]+", "b|a").as_deref(), Some("|a"));
        assert_eq!(found(r"[a[bc]]+", "xabcx").as_deref(), Some("abc"));
        assert_eq!(found(r"[\p{Punct}]+", "a,;b").as_deref(), Some(",;"));
        assert_eq!(found(r"\p{Alpha}+", "1ab2").as_deref(), Some("ab"));
        assert_eq!(found(r"\u0041\Q.*\E", "A.*").as_deref(), Some("A.*"));
        assert!(JavaRegex::find("[a-z&&[^b]]", &NamedGroups::none()).is_err());
    }

    #[test]
    fn a_pattern_that_explodes_ends_as_an_error() {
        let regex = JavaRegex::find(r"^(?:(?:a|a)*)*(?:b|c)", &NamedGroups::none()).unwrap();
        let text = "a".repeat(200);
        let mut scratch = MatchScratch::default();
        let began = std::time::Instant::now();
        assert!(regex.captures(&text, &mut scratch).is_err());
        assert!(began.elapsed().as_secs() < 5);
    }
}
