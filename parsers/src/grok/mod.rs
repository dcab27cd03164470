//! Grok: named patterns put together into one regular expression whose groups are fields.
//!
//! The rules are upstream's (java-grok 0.1.0), including which of several groups supplies a field. All of that is decided
//! when the pattern is compiled: every field ends up with exactly one group, every other group captures nothing.

mod patterns;
mod trial;

use indexmap::IndexMap;

use alidade_event::{FieldName, Str, Value};

pub use patterns::{BuiltInPatterns, PatternSource};
pub(crate) use patterns::{Definitions, load};
pub use trial::{GrokExpression, predict_grok};

use crate::regex::{Found, JavaRegex, MatchScratch, NamedGroups, scan_groups};
use patterns::is_name;

/// The name whose captures are thrown away.
const UNWANTED: &str = "UNWANTED";
/// Upstream's bound on expansion; what needs more refers to itself.
const MAX_EXPANSIONS: usize = 1000;
/// Most bytes that expansion looks through, all steps together: many times what the longest useful pattern takes.
const MAX_WORK: usize = 16 << 20;
/// Longest expanded pattern, in bytes.
const MAX_PATTERN: usize = 1 << 20;
/// Prefix of the group names that expansion makes.
const GROUP: &str = "grokgroup";

/// A compiled grok pattern.
#[derive(Debug)]
pub(crate) struct Grok {
    regex: JavaRegex,
    fields: Vec<GrokField>,
    unknown: Vec<String>,
}

/// A field and the group that supplies it.
#[derive(Debug, Clone)]
pub(crate) struct GrokField {
    pub name: FieldName,
    pub group: usize,
}

impl Grok {
    /// Compiles `%{label}`. The field that holds the whole match, named like the label, is left out.
    ///
    /// # Errors
    /// What is wrong with the patterns, as a sentence.
    pub fn compile(definitions: &Definitions, label: &str) -> Result<Grok, String> {
        Self::compile_expression(definitions, &format!("%{{{label}}}"), label)
    }

    fn compile_expression(
        definitions: &Definitions,
        expression: &str,
        label: &str,
    ) -> Result<Grok, String> {
        let expanded = expand(definitions.clone(), expression)?;
        let groups = scan_groups(&expanded.pattern);
        let mut by_group_name: IndexMap<&str, usize> = IndexMap::new();
        for (at, group) in groups.iter().enumerate() {
            if let Some(name) = &group.name {
                by_group_name.entry(name).or_insert(at);
            }
        }
        // The last group name that leads to a field supplies it, even when its group takes no part in a match.
        let mut by_field: IndexMap<&str, usize> = IndexMap::new();
        for (group_name, at) in by_group_name {
            let field = expanded.field_of(group_name);
            if field != UNWANTED && field != label {
                by_field.insert(field, at);
            }
        }
        let kept = NamedGroups::keeping(&expanded.pattern, &groups, |at| {
            by_field.values().any(|wanted| *wanted == at)
        });
        let fields = by_field
            .iter()
            .filter_map(|(field, at)| {
                kept.number(*at).map(|group| GrokField {
                    name: FieldName::new(field),
                    group,
                })
            })
            .collect();
        Ok(Grok {
            regex: JavaRegex::find(&expanded.pattern, &kept)?,
            fields,
            unknown: expanded.unknown,
        })
    }

    pub fn fields(&self) -> &[GrokField] {
        &self.fields
    }

    /// Names that the pattern refers to but nothing defines. Upstream takes them for the literal text `null`.
    pub fn unknown_names(&self) -> &[String] {
        &self.unknown
    }

    /// Searches a line for the pattern; the first place where it matches counts.
    ///
    /// # Errors
    /// When the matcher gave up.
    pub fn find<'s>(
        &self,
        line: &str,
        scratch: &'s mut MatchScratch,
    ) -> Result<Option<Found<'s>>, String> {
        self.regex.captures(line, scratch)
    }
}

struct Expanded {
    pattern: String,
    /// Fields by the number in the group's name.
    fields: Vec<String>,
    unknown: Vec<String>,
}

impl Expanded {
    fn field_of<'e>(&'e self, group_name: &'e str) -> &'e str {
        group_name
            .strip_prefix(GROUP)
            .and_then(|number| number.parse::<usize>().ok())
            .and_then(|number| self.fields.get(number))
            .map_or(group_name, String::as_str)
    }
}

/// Replaces references until none is left. All occurrences of one reference text become groups of one name at once; the
/// same text that a later replacement brings in gets a name of its own.
fn expand(mut definitions: Definitions, expression: &str) -> Result<Expanded, String> {
    let mut expanded = Expanded {
        pattern: expression.to_owned(),
        fields: Vec::new(),
        unknown: Vec::new(),
    };
    let mut work = 0;
    while let Some(reference) = Reference::first_in(&expanded.pattern) {
        work += expanded.pattern.len();
        if expanded.fields.len() >= MAX_EXPANSIONS || work > MAX_WORK {
            return Err(format!(
                "deep recursion in pattern `{expression}`: `{}` leads back to itself",
                reference.pattern
            ));
        }
        if let Some(definition) = &reference.definition {
            definitions.add(&reference.pattern, definition);
        }
        let definition = definitions.get(&reference.pattern);
        if definition.is_none() && !expanded.unknown.contains(&reference.pattern) {
            expanded.unknown.push(reference.pattern.clone());
        }
        let group = format!(
            "(?<{GROUP}{}>{})",
            expanded.fields.len(),
            definition.unwrap_or("null")
        );
        let uses = expanded.pattern.matches(&reference.text).count();
        if expanded.pattern.len() + uses * group.len() > MAX_PATTERN {
            return Err(format!(
                "pattern `{expression}` grows beyond {MAX_PATTERN} bytes"
            ));
        }
        expanded.pattern = expanded.pattern.replace(&reference.text, &group);
        expanded
            .fields
            .push(reference.field.unwrap_or(reference.pattern));
    }
    if let Some(at) = expanded.pattern.find("%{") {
        let rest: String = expanded
            .pattern
            .get(at..)
            .unwrap_or_default()
            .chars()
            .take(40)
            .collect();
        return Err(format!(
            "`{rest}` is not a reference: names and fields take letters, digits, `_` and `:` only"
        ));
    }
    Ok(expanded)
}

/// `%{PATTERN:field=definition}`; field and definition may be missing.
struct Reference {
    text: String,
    pattern: String,
    field: Option<String>,
    definition: Option<String>,
}

impl Reference {
    fn first_in(expression: &str) -> Option<Reference> {
        expression
            .match_indices("%{")
            .find_map(|(at, _)| Reference::read(expression.get(at..)?))
    }

    fn read(text: &str) -> Option<Reference> {
        let body = text.strip_prefix("%{")?;
        let (pattern, rest) = take_while(body, is_name);
        if pattern.is_empty() {
            return None;
        }
        let (field, rest) = match rest.strip_prefix(':') {
            Some(after) => {
                let (field, rest) = take_while(after, |c| is_name(c) || c == ':');
                if field.is_empty() {
                    return None;
                }
                (Some(field.to_owned()), rest)
            }
            None => (None, rest),
        };
        let (definition, rest) = match rest.strip_prefix('=') {
            Some(after) => {
                let (definition, rest) = take_while(after, |c| c != '{' && c != '}');
                if definition.is_empty() {
                    return None;
                }
                (Some(definition.to_owned()), rest)
            }
            None => (None, rest),
        };
        let rest = rest.strip_prefix('}')?;
        Some(Reference {
            text: text.get(..text.len() - rest.len())?.to_owned(),
            pattern: pattern.to_owned(),
            field,
            definition,
        })
    }
}

fn take_while(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

/// The value of captured text: a whole number of 32 bits is a number, text in quotes loses them, the rest stays.
pub(crate) fn captured_value(text: &str) -> Value {
    if let Some(number) = small_integer(text) {
        return Value::Int(number);
    }
    Value::Str(Str::new(without_quotes(text)))
}

/// Java's `Integer.parseInt`: an optional sign and digits, within 32 bits.
fn small_integer(text: &str) -> Option<i32> {
    let first = *text.as_bytes().first()?;
    if !first.is_ascii_digit() && first != b'-' && first != b'+' {
        return None;
    }
    text.parse().ok()
}

fn without_quotes(text: &str) -> &str {
    for quote in ['"', '\''] {
        let Some(inner) = text.strip_prefix(quote) else {
            continue;
        };
        if inner.is_empty() {
            return inner;
        }
        if let Some(inner) = inner.strip_suffix(quote) {
            return inner;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captures(file: &str, label: &str, line: &str) -> Option<Vec<(String, Value)>> {
        let mut definitions = Definitions::default();
        definitions.add_file(patterns::built_in("/patterns/common").unwrap());
        definitions.add_file(file);
        let grok = Grok::compile(&definitions, label).unwrap();
        let mut scratch = MatchScratch::default();
        let found = grok.find(line, &mut scratch).unwrap()?;
        let value = |field: &GrokField| match found.group(field.group) {
            Some((start, end)) => captured_value(&line[start..end]),
            None => Value::Null,
        };
        Some(
            grok.fields()
                .iter()
                .map(|field| (field.name.to_string(), value(field)))
                .collect(),
        )
    }

    fn one(file: &str, line: &str) -> Vec<(String, Value)> {
        captures(file, "T", line).unwrap()
    }

    #[test]
    fn values_are_whole_numbers_or_text() {
        let cases: [(&str, Value); 10] = [
            ("007", Value::Int(7)),
            ("+5", Value::Int(5)),
            ("-5", Value::Int(-5)),
            ("2147483648", Value::str("2147483648")),
            ("3.5", Value::str("3.5")),
            ("\"12\"", Value::str("12")),
            ("'a b'", Value::str("a b")),
            ("\"a'", Value::str("\"a'")),
            ("\"", Value::str("")),
            ("-", Value::str("-")),
        ];
        for (text, expected) in cases {
            assert_eq!(captured_value(text), expected, "{text}");
        }
    }

    #[test]
    fn the_same_reference_twice_takes_the_first() {
        assert_eq!(
            one("T %{INT:a} %{INT:a}", "1 2"),
            [("a".to_owned(), Value::Int(1))]
        );
    }

    #[test]
    fn the_same_field_from_two_patterns_takes_the_last_even_when_null() {
        assert_eq!(
            one("T -(?:%{INT:a}|%{WORD:a})", "-1"),
            [("a".to_owned(), Value::Null)]
        );
        assert_eq!(
            one("T -(?:%{INT:a}|%{WORD:a})", "-b"),
            [("a".to_owned(), Value::str("b"))]
        );
    }

    #[test]
    fn references_without_a_field_are_fields_of_their_own_name() {
        assert_eq!(
            one("T %{INT}-%{WORD:UNWANTED}", "1-b"),
            [("INT".to_owned(), Value::Int(1))]
        );
        assert_eq!(
            one("T (?<own>[a-z]+)(x)%{INT:n:int}", "abx5"),
            [
                ("own".to_owned(), Value::str("ab")),
                ("n:int".to_owned(), Value::Int(5))
            ]
        );
    }

    #[test]
    fn inline_definitions_define() {
        assert_eq!(
            one("T %{AB:f=[ab]+}-%{AB:g}", "ab-ba"),
            [
                ("f".to_owned(), Value::str("ab")),
                ("g".to_owned(), Value::str("ba"))
            ]
        );
    }

    #[test]
    fn faulty_patterns_are_refused_with_a_reason() {
        let compile = |file: &str| {
            let mut definitions = Definitions::default();
            definitions.add_file(file);
            Grok::compile(&definitions, "T")
        };
        assert!(compile("T a%{T}").unwrap_err().contains("recursion"));
        assert!(
            compile("T %{INT:a.b}")
                .unwrap_err()
                .contains("not a reference")
        );
        assert!(compile("T (a").unwrap_err().contains("regular expression"));
        let doubling: String = (0..40)
            .map(|i| format!("P{i} %{{P{}:a}}%{{P{}:b}}\n", i + 1, i + 1))
            .collect();
        assert!(compile(&format!("{doubling}T %{{P0}}\n")).is_err());
        assert_eq!(compile("T %{NOPE}").unwrap().unknown_names(), ["NOPE"]);
    }

    #[test]
    fn no_match_is_no_fields() {
        assert_eq!(captures("T %{INT:a}", "T", "abc"), None);
        assert_eq!(captures("", "MISSING", "abc"), None);
    }
}
