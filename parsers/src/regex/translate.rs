//! From Java's regular expression syntax to PCRE2's.

use std::fmt::Write;

/// Which lines the result is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// Lines of ASCII only, matched as bytes.
    Ascii,
    /// Any line, matched in UTF mode.
    Unicode,
}

/// One capturing group of a Java pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub name: Option<String>,
}

/// Which groups of a pattern stay capturing, and under which numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct NamedGroups {
    /// By Java group number, from 1: whether it is kept.
    kept: Vec<bool>,
    /// Java group names by number, for `\k<name>`.
    names: Vec<Option<String>>,
}

impl NamedGroups {
    /// Keeps no group.
    pub fn none() -> Self {
        Self::default()
    }

    /// Keeps the groups for which `keep` holds (its argument counts from 0, in the order of [`scan_groups`]). A pattern
    /// with back references keeps all of them, so that the numbers stay right.
    pub fn keeping(pattern: &str, groups: &[Group], keep: impl Fn(usize) -> bool) -> Self {
        let all = has_back_reference(pattern);
        NamedGroups {
            kept: (0..groups.len()).map(|at| all || keep(at)).collect(),
            names: groups.iter().map(|group| group.name.clone()).collect(),
        }
    }

    /// The number under which a Java group (counted from 0) is found after a match.
    pub fn number(&self, group: usize) -> Option<usize> {
        if !self.kept.get(group).copied().unwrap_or(false) {
            return None;
        }
        Some(
            self.kept
                .iter()
                .take(group + 1)
                .filter(|kept| **kept)
                .count(),
        )
    }

    fn keeps(&self, group: usize) -> bool {
        self.kept.get(group).copied().unwrap_or(false)
    }
}

/// The capturing groups of a pattern in the order of their opening brackets.
pub(crate) fn scan_groups(pattern: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    walk(pattern, |piece| {
        if let Piece::Open { name } = piece {
            groups.push(Group {
                name: name.map(str::to_owned),
            });
        }
    });
    groups
}

fn has_back_reference(pattern: &str) -> bool {
    let mut found = false;
    walk(pattern, |piece| {
        if let Piece::Escape(escaped) = piece {
            found |=
                escaped.starts_with('k') || escaped.starts_with(|c: char| ('1'..='9').contains(&c));
        }
    });
    found
}

enum Piece<'p> {
    /// A capturing group opens.
    Open { name: Option<&'p str> },
    /// What follows a backslash outside a class.
    Escape(&'p str),
}

/// Walks over groups and escapes, skipping classes and quotations.
fn walk<'p>(pattern: &'p str, mut see: impl FnMut(Piece<'p>)) {
    let mut rest = pattern;
    let mut class_depth = 0usize;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\\' if after.starts_with('Q') => {
                rest = match after.find("\\E") {
                    Some(end) => after.get(end + 2..).unwrap_or_default(),
                    None => "",
                };
                continue;
            }
            '\\' => {
                if class_depth == 0 {
                    see(Piece::Escape(after));
                }
                let width = after.chars().next().map_or(0, char::len_utf8);
                rest = after.get(width..).unwrap_or_default();
                continue;
            }
            '[' => class_depth += 1,
            ']' => class_depth = class_depth.saturating_sub(1),
            '(' if class_depth == 0 => {
                if let Some(name) = group_name(after) {
                    see(Piece::Open { name: Some(name) });
                } else if !after.starts_with('?') && !after.starts_with('*') {
                    see(Piece::Open { name: None });
                }
            }
            _ => {}
        }
        rest = after;
    }
}

/// The name of a group from what follows its opening bracket: `?<name>`.
fn group_name(after_bracket: &str) -> Option<&str> {
    let body = after_bracket.strip_prefix("?<")?;
    if body.starts_with(['=', '!']) {
        return None;
    }
    body.split_once('>').map(|(name, _)| name)
}

const UNICODE_WORD: &str = r"[\p{L}\p{Nd}_]";
const UNICODE_DOT: &str = r"[^\n\r\x{85}\x{2028}\x{2029}]";
const UNICODE_END: &str = r"(?=(?:\r\n|[\n\r\x{85}\x{2028}\x{2029}])?\z)";

/// Writes a Java pattern as PCRE2 has it.
///
/// # Errors
/// When the pattern uses what has no counterpart, as a sentence.
pub(crate) fn translate(
    pattern: &str,
    flavour: Flavour,
    groups: &NamedGroups,
) -> Result<String, String> {
    let mut translation = Translation {
        rest: pattern,
        out: String::with_capacity(pattern.len() + 64),
        flavour,
        groups,
        group: 0,
        plain_dot: has_inline_flag(pattern, 's'),
        plain_end: has_inline_flag(pattern, 'm'),
    };
    translation.run()?;
    Ok(translation.out)
}

fn has_inline_flag(pattern: &str, flag: char) -> bool {
    pattern.match_indices("(?").any(|(at, opening)| {
        pattern
            .get(at + opening.len()..)
            .unwrap_or_default()
            .chars()
            .take_while(|c| c.is_ascii_alphabetic())
            .any(|c| c == flag)
    })
}

struct Translation<'p> {
    rest: &'p str,
    out: String,
    flavour: Flavour,
    groups: &'p NamedGroups,
    /// Number of capturing groups seen so far.
    group: usize,
    plain_dot: bool,
    plain_end: bool,
}

impl<'p> Translation<'p> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        Some(c)
    }

    fn unicode(&self) -> bool {
        self.flavour == Flavour::Unicode
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.open()?,
                '.' if self.unicode() && !self.plain_dot => self.out.push_str(UNICODE_DOT),
                '$' if self.unicode() && !self.plain_end => self.out.push_str(UNICODE_END),
                other => self.out.push(other),
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        let name = group_name(self.rest);
        if name.is_none() && self.rest.starts_with('?') {
            let flags = self.rest.get(1..).unwrap_or_default();
            let letters: String = flags
                .chars()
                .take_while(|c| c.is_ascii_alphabetic() || *c == '-')
                .collect();
            if let Some(flag) = letters
                .chars()
                .find(|c| matches!(c, 'U' | 'u' | 'd' | 'J' | 'n'))
            {
                return Err(format!("the inline flag `{flag}` is not supported"));
            }
            self.out.push('(');
            return Ok(());
        }
        if name.is_none() && self.rest.starts_with('*') {
            return Err("a quantifier stands at the start of a group".to_owned());
        }
        if let Some(name) = name {
            self.rest = self.rest.get(name.len() + 3..).unwrap_or_default();
        }
        let kept = self.groups.keeps(self.group);
        self.group += 1;
        self.out.push_str(if kept { "(" } else { "(?:" });
        Ok(())
    }

    fn literal(&mut self, c: char) {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !c.is_ascii_control() {
            self.out.push('\\');
        }
        self.out.push(c);
    }

    /// `\Q...\E`, without its opening.
    fn quotation(&mut self) {
        let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
        self.rest = rest;
        for c in quoted.chars() {
            self.literal(c);
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.next() else {
            return Err("the pattern ends in a backslash".to_owned());
        };
        match c {
            'Q' => self.quotation(),
            'b' if self.unicode() => {
                let _ = write!(
                    self.out,
                    "(?:(?<={UNICODE_WORD})(?!{UNICODE_WORD})|(?<!{UNICODE_WORD})(?={UNICODE_WORD}))"
                );
            }
            'B' if self.unicode() => {
                let _ = write!(
                    self.out,
                    "(?:(?<={UNICODE_WORD})(?={UNICODE_WORD})|(?<!{UNICODE_WORD})(?!{UNICODE_WORD}))"
                );
            }
            'k' => self.named_reference()?,
            '1'..='9' => self.numbered_reference(c),
            other => self.common_escape(other, false)?,
        }
        Ok(())
    }

    fn named_reference(&mut self) -> Result<(), String> {
        let Some((name, rest)) = self
            .rest
            .strip_prefix('<')
            .and_then(|body| body.split_once('>'))
        else {
            return Err("`\\k` is not followed by a group name in `<>`".to_owned());
        };
        self.rest = rest;
        let found = self
            .groups
            .names
            .iter()
            .position(|known| known.as_deref() == Some(name));
        let Some(group) = found else {
            return Err(format!("`\\k<{name}>` names no group"));
        };
        let _ = write!(self.out, "\\g{{{}}}", group + 1);
        Ok(())
    }

    /// Java takes as many digits as still name a group.
    fn numbered_reference(&mut self, first: char) {
        let total = self.groups.kept.len();
        let mut number = first.to_digit(10).unwrap_or_default() as usize;
        while let Some(digit) = self.rest.chars().next().and_then(|c| c.to_digit(10)) {
            let longer = number * 10 + digit as usize;
            if longer > total {
                break;
            }
            number = longer;
            self.next();
        }
        let _ = write!(self.out, "\\g{{{number}}}");
    }

    /// Escapes that mean the same inside and outside a class.
    fn common_escape(&mut self, c: char, in_class: bool) -> Result<(), String> {
        match c {
            'u' => {
                let digits = self.rest.get(..4).unwrap_or_default();
                let code = u32::from_str_radix(digits, 16)
                    .map_err(|_| "`\\u` is not followed by four hexadecimal digits".to_owned())?;
                self.rest = self.rest.get(4..).unwrap_or_default();
                let _ = write!(self.out, "\\x{{{code:x}}}");
            }
            'p' | 'P' => self.property(c == 'P', in_class)?,
            other if other.is_ascii_alphanumeric() => {
                self.out.push('\\');
                self.out.push(other);
            }
            other => self.literal(other),
        }
        Ok(())
    }

    fn property(&mut self, negated: bool, in_class: bool) -> Result<(), String> {
        let name = match self
            .rest
            .strip_prefix('{')
            .and_then(|body| body.split_once('}'))
        {
            Some((name, rest)) => {
                self.rest = rest;
                name.to_owned()
            }
            None => self.next().map(String::from).unwrap_or_default(),
        };
        let posix = match name.as_str() {
            "Lower" => Some("lower"),
            "Upper" => Some("upper"),
            "Alpha" => Some("alpha"),
            "Digit" => Some("digit"),
            "Alnum" => Some("alnum"),
            "Punct" => Some("punct"),
            "Graph" => Some("graph"),
            "Print" => Some("print"),
            "Blank" => Some("blank"),
            "Cntrl" => Some("cntrl"),
            "XDigit" => Some("xdigit"),
            "Space" => Some("space"),
            "ASCII" => Some("ascii"),
            _ => None,
        };
        let sign = if negated { "^" } else { "" };
        let _ = match (posix, in_class) {
            (Some(class), true) => write!(self.out, "[:{sign}{class}:]"),
            (Some(class), false) => write!(self.out, "[[:{sign}{class}:]]"),
            (None, _) => {
                let plain = name.strip_prefix("Is").unwrap_or(&name);
                let plain = if plain == "Alphabetic" { "L" } else { plain };
                let letter = if negated { 'P' } else { 'p' };
                write!(self.out, "\\{letter}{{{plain}}}")
            }
        };
        Ok(())
    }

    /// A class, whose `[` has been read.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.next();
            self.out.push('^');
        }
        self.class_body(0)
    }

    fn class_body(&mut self, depth: usize) -> Result<(), String> {
        if depth > 8 {
            return Err("a character class nests too deep".to_owned());
        }
        let mut first = true;
        loop {
            let Some(c) = self.next() else {
                return Err("a character class is not closed".to_owned());
            };
            match c {
                ']' if !first || depth > 0 => {
                    if depth == 0 {
                        self.out.push(']');
                    }
                    return Ok(());
                }
                ']' => self.out.push_str("\\]"),
                '[' if self.rest.starts_with('^') => {
                    return Err("a negated class inside a class is not supported".to_owned());
                }
                '[' => self.class_body(depth + 1)?,
                '&' if self.rest.starts_with('&') => {
                    return Err("class intersection (`&&`) is not supported".to_owned());
                }
                '\\' => self.class_escape()?,
                '-' | '^' if depth == 0 => self.out.push(c),
                '-' => self.out.push('-'),
                other => self.literal(other),
            }
            first = false;
        }
    }

    fn class_escape(&mut self) -> Result<(), String> {
        let Some(c) = self.next() else {
            return Err("the pattern ends in a backslash".to_owned());
        };
        if c == 'Q' {
            self.quotation();
            return Ok(());
        }
        self.common_escape(c, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_counted_as_java_does() {
        let names: Vec<Option<String>> = scan_groups(r"(a)(?:b)(?<n>c)\(([(])(?<=x)(?<!y)(?>z)")
            .into_iter()
            .map(|group| group.name)
            .collect();
        assert_eq!(names, [None, Some("n".to_owned()), None]);
    }

    #[test]
    fn only_wanted_groups_stay_unless_the_pattern_refers_back() {
        let pattern = "(a)(?<n>b)";
        let groups = NamedGroups::keeping(pattern, &scan_groups(pattern), |at| at == 1);
        assert_eq!(
            translate(pattern, Flavour::Ascii, &groups).unwrap(),
            "(?:a)(b)"
        );
        assert_eq!(groups.number(1), Some(1));
        assert_eq!(groups.number(0), None);

        let pattern = r"(a)(?<n>b)\1\k<n>";
        let groups = NamedGroups::keeping(pattern, &scan_groups(pattern), |at| at == 1);
        assert_eq!(
            translate(pattern, Flavour::Ascii, &groups).unwrap(),
            r"(a)(b)\g{1}\g{2}"
        );
        assert_eq!(groups.number(1), Some(2));
    }
}
