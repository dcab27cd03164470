//! Compiled patterns: linear where possible, with backtracking under a limit where a pattern needs it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::translate::translate;

/// How much memory the linear engine may take for one pattern, in bytes.
const SIZE_LIMIT: usize = 4 << 20;
/// How many steps the backtracking engine may take for one match.
const MATCH_LIMIT: u32 = 200_000;
/// Patterns that are not known at compile time and are kept, for each thread.
const KEPT: usize = 200;
/// How long all matches in a text are looked for, and how often the clock is looked at.
const LONGEST_SEARCH: Duration = Duration::from_secs(2);
const MATCHES_BETWEEN_LOOKS: usize = 64;
/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 64 << 10;

#[derive(Debug)]
pub(super) enum Pattern {
    Linear(regex::Regex),
    Backtracking(pcre2::bytes::Regex),
}

/// A compiled pattern that matches whole texts, and one that finds places in a text.
impl Pattern {
    /// Matches only a whole text, as Java's `matches` does.
    pub fn whole(source: &str) -> Result<Pattern, String> {
        Pattern::new(source, true)
    }

    /// Finds places in a text.
    pub fn find(source: &str) -> Result<Pattern, String> {
        Pattern::new(source, false)
    }

    fn new(source: &str, whole: bool) -> Result<Pattern, String> {
        if source.len() > MAX_PATTERN {
            return Err(format!("the pattern has more than {MAX_PATTERN} bytes"));
        }
        let enclose = |pattern: &str| match whole {
            true => format!(r"\A(?:{pattern})\z"),
            false => pattern.to_owned(),
        };
        let linear = translate(source, whole).map(|translated| {
            regex::RegexBuilder::new(&enclose(&translated))
                .size_limit(SIZE_LIMIT)
                .build()
        });
        let refusal = match linear {
            Some(Ok(regex)) => return Ok(Pattern::Linear(regex)),
            Some(Err(refusal)) => Some(first_line(&refusal)),
            None => None,
        };
        // What the linear engine does not have, PCRE has in Java's words.
        let backtracking = pcre2::bytes::RegexBuilder::new()
            .utf(true)
            // Of the line ends that Java knows these are what logs have.
            .build(&format!(
                "(*LIMIT_MATCH={MATCH_LIMIT})(*ANYCRLF){}",
                enclose(source)
            ));
        match backtracking {
            Ok(regex) => Ok(Pattern::Backtracking(regex)),
            Err(error) => {
                let reason = refusal.unwrap_or_else(|| error.to_string());
                Err(format!("not a regular expression: {reason}"))
            }
        }
    }

    pub fn is_match(&self, text: &str) -> Result<bool, String> {
        match self {
            Pattern::Linear(regex) => Ok(regex.is_match(text)),
            Pattern::Backtracking(regex) => regex.is_match(text.as_bytes()).map_err(gave_up),
        }
    }

    /// The text of a group of the first match; the outer nothing when there is no match, the inner one when the group took
    /// no part in it or does not exist.
    pub fn group<'t>(
        &self,
        text: &'t str,
        group: usize,
    ) -> Result<Option<Option<&'t str>>, String> {
        match self {
            Pattern::Linear(regex) => Ok(regex
                .captures(text)
                .map(|captures| captures.get(group).map(|found| found.as_str()))),
            Pattern::Backtracking(regex) => {
                let captures = regex.captures(text.as_bytes()).map_err(gave_up)?;
                Ok(captures.map(|captures| {
                    let found = captures.get(group)?;
                    text.get(found.start()..found.end())
                }))
            }
        }
    }

    /// The places of all matches, each with the places of its groups. A match may be empty right behind another one, as in
    /// Java.
    pub fn all(&self, text: &str) -> Result<Vec<Groups>, String> {
        let mut found = Vec::new();
        let mut from = 0;
        let started = Instant::now();
        while from <= text.len() {
            // One search is bounded; so many of them, each up to the end of the text, are not.
            if found.len() % MATCHES_BETWEEN_LOOKS == MATCHES_BETWEEN_LOOKS - 1
                && started.elapsed() > LONGEST_SEARCH
            {
                return Err(format!(
                    "finding all matches takes longer than {LONGEST_SEARCH:?}"
                ));
            }
            let Some(groups) = self.first_from(text, from)? else {
                break;
            };
            let Some(Some((start, end))) = groups.first().copied() else {
                break;
            };
            from = end;
            if start == end {
                let next = text.get(end..).and_then(|rest| rest.chars().next());
                from += next.map_or(1, char::len_utf8);
            }
            found.push(groups);
        }
        Ok(found)
    }

    /// The places of the groups of the first match that begins at a byte or behind it.
    fn first_from(&self, text: &str, from: usize) -> Result<Option<Groups>, String> {
        match self {
            Pattern::Linear(regex) => Ok(regex.captures_at(text, from).map(|captures| {
                let places = captures.iter();
                places
                    .map(|place| place.map(|place| (place.start(), place.end())))
                    .collect()
            })),
            Pattern::Backtracking(regex) => {
                let mut places = regex.capture_locations();
                let found = regex.captures_read_at(&mut places, text.as_bytes(), from);
                let found = found.map_err(gave_up)?;
                Ok(found.map(|_| (0..places.len()).map(|group| places.get(group)).collect()))
            }
        }
    }

    /// The number of groups, the whole match not counted.
    pub fn groups(&self) -> usize {
        let all = match self {
            Pattern::Linear(regex) => regex.captures_len(),
            Pattern::Backtracking(regex) => regex.captures_len(),
        };
        all.saturating_sub(1)
    }

    /// The number of a named group.
    pub fn group_number(&self, name: &str) -> Option<usize> {
        match self {
            Pattern::Linear(regex) => regex
                .capture_names()
                .position(|candidate| candidate == Some(name)),
            Pattern::Backtracking(regex) => {
                let mut names = regex.capture_names().iter();
                names.position(|candidate| candidate.as_deref() == Some(name))
            }
        }
    }
}

/// The places of the groups of one match, the whole match first.
pub(super) type Groups = Vec<Option<(usize, usize)>>;

fn gave_up(error: pcre2::Error) -> String {
    format!("the pattern needs too many steps: {error}")
}

fn first_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

thread_local! {
    static PATTERNS: RefCell<HashMap<(String, bool), Rc<Pattern>>> = RefCell::default();
}

/// A pattern that is known only now; kept for the next time.
pub(super) fn cached(source: &str, whole: bool) -> Result<Rc<Pattern>, String> {
    PATTERNS.with_borrow_mut(|patterns| {
        let key = (source.to_owned(), whole);
        if let Some(pattern) = patterns.get(&key) {
            return Ok(Rc::clone(pattern));
        }
        let pattern = Rc::new(Pattern::new(source, whole)?);
        if patterns.len() >= KEPT {
            patterns.clear();
        }
        patterns.insert(key, Rc::clone(&pattern));
        Ok(pattern)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_linear_engine_lacks_is_matched_with_a_limit() {
        let look_ahead = Pattern::whole("foo(?=bar).*").unwrap();
        assert_eq!(look_ahead.is_match("foobar"), Ok(true));
        let doubled = Pattern::whole(r"(\w+) \1").unwrap();
        assert_eq!(doubled.is_match("ab ab"), Ok(true));
        assert_eq!(doubled.is_match("ab ac"), Ok(false));
        let exponential = Pattern::whole(r"(?=x?)(a+)+b\1").unwrap();
        assert!(exponential.is_match(&"a".repeat(5000)).is_err());
        assert_eq!(Pattern::whole("a++a").unwrap().is_match("aa"), Ok(false));
        assert_eq!(Pattern::find("c$").unwrap().is_match("abc\n"), Ok(true));
        assert_eq!(
            Pattern::whole("(?s).*foo").unwrap().is_match("a\nfoo"),
            Ok(true)
        );
        assert_eq!(
            Pattern::whole("(?is:A.b)").unwrap().is_match("a\nB"),
            Ok(true)
        );
        assert_eq!(Pattern::whole("[!--]").unwrap().is_match("%"), Ok(true));
        assert_eq!(
            Pattern::whole(".*(?<!b)c").unwrap().is_match("a\rac"),
            Ok(false)
        );
        assert!(
            Pattern::find("a[^b]*b|a")
                .unwrap()
                .all(&"a".repeat(200_000))
                .is_err()
        );
        assert!(Pattern::whole("(").is_err());
        assert!(Pattern::whole("a*+(").is_err());
        assert!(Pattern::whole("a{1000000}{1000000}").is_err());
    }
}
