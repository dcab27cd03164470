//! Grok expressions on their own, for trying them out.

use alidade_event::{FieldName, Value};

use super::patterns::{Definitions, PatternSource, load};
use super::{GROUP, Grok, captured_value, expand};
use crate::regex::MatchScratch;

/// The file whose patterns an expression may use.
const COMMON: &str = "/patterns/common";
/// The name that upstream gives the expression; a field of that name is left out.
const LABEL: &str = "pattern";
/// Patterns below this length, alternatives counted, say too little about a text.
const LEAST_COMPLEXITY: usize = 20;
/// How upstream names the groups that expansion makes: the length of a pattern depends on it.
const UPSTREAM_GROUP: &str = "name";

/// A compiled grok expression over the common patterns.
#[derive(Debug)]
pub struct GrokExpression(Grok);

impl GrokExpression {
    /// Compiles an expression such as `%{IP:source} %{INT:port}`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn compile(expression: &str, source: &dyn PatternSource) -> Result<Self, String> {
        let mut definitions = common(source)?;
        definitions.add_file(&format!("{LABEL} {expression}"));
        Grok::compile(&definitions, LABEL).map(GrokExpression)
    }

    /// The fields of the first match; nothing where there is none. Blank lines never match.
    ///
    /// # Errors
    /// When the matcher gave up.
    pub fn captures(&self, line: &str) -> Result<Option<Vec<(FieldName, Value)>>, String> {
        if line.trim().is_empty() {
            return Ok(None);
        }
        let mut scratch = MatchScratch::default();
        let Some(found) = self.0.find(line, &mut scratch)? else {
            return Ok(None);
        };
        let mut fields = Vec::with_capacity(self.0.fields().len());
        for field in self.0.fields() {
            let text = found
                .group(field.group)
                .and_then(|(start, end)| line.get(start..end));
            fields.push((field.name.clone(), text.map_or(Value::Null, captured_value)));
        }
        Ok(Some(fields))
    }
}

/// A grok expression that may fit a text: the parts that common patterns match are replaced by references to them.
///
/// Upstream means to take the longest patterns first, but its comparison never says "less", so that they come in the order
/// of their names.
///
/// # Errors
/// When the common patterns cannot be read.
pub fn predict_grok(text: &str, source: &dyn PatternSource) -> Result<String, String> {
    let definitions = common(source)?;
    let mut predicted = text.to_owned();
    if text.trim().is_empty() {
        return Ok(predicted);
    }
    let mut scratch = MatchScratch::default();
    for name in definitions.names() {
        let reference = format!("%{{{name}}}");
        if complexity(&definitions, &reference) < LEAST_COMPLEXITY {
            continue;
        }
        let Ok(grok) = Grok::compile(&definitions, name) else {
            continue;
        };
        let Ok(Some(found)) = grok.find(text, &mut scratch) else {
            continue;
        };
        let part = found.group(0).and_then(|(start, end)| text.get(start..end));
        let Some(part) = part.filter(|part| has_inner_boundary(part) && !has_reference(part))
        else {
            continue;
        };
        predicted = predicted.replace(part, &reference);
    }
    Ok(predicted)
}

fn common(source: &dyn PatternSource) -> Result<Definitions, String> {
    let file = load(COMMON, source).map_err(|error| format!("{COMMON}: {error}"))?;
    let mut definitions = Definitions::default();
    definitions.add_file(&file.unwrap_or_default());
    Ok(definitions)
}

/// The length of an expanded pattern and the number of its alternatives; nothing for one that cannot be expanded.
fn complexity(definitions: &Definitions, reference: &str) -> usize {
    let Ok(expanded) = expand(definitions.clone(), reference) else {
        return 0;
    };
    let pattern = expanded
        .pattern
        .replace(&format!("(?<{GROUP}"), &format!("(?<{UPSTREAM_GROUP}"));
    pattern.chars().count() + pattern.matches('|').count()
}

/// Whether a word begins or ends inside of a text: a lone word is not worth a pattern.
fn has_inner_boundary(part: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let ends_line =
        |letter: char| matches!(letter, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let letters: Vec<char> = part.chars().collect();
    letters.windows(2).any(|pair| match pair {
        [a, b] => is_word(*a) != is_word(*b) && !ends_line(*a) && !ends_line(*b),
        _ => false,
    })
}

fn has_reference(part: &str) -> bool {
    part.match_indices("%{").any(|(at, opening)| {
        let inside = part.get(at + opening.len()..).unwrap_or_default();
        let end = inside.find(['}', '+']);
        end.is_some_and(|end| {
            end > 0 && inside.get(end..).is_some_and(|rest| rest.starts_with('}'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BuiltInPatterns;

    fn captures(expression: &str, line: &str) -> Option<Vec<(String, Value)>> {
        let grok = GrokExpression::compile(expression, &BuiltInPatterns).unwrap();
        let fields = grok.captures(line).unwrap()?;
        let named = |(name, value): (FieldName, Value)| (name.to_string(), value);
        Some(fields.into_iter().map(named).collect())
    }

    #[test]
    fn an_expression_captures_fields() {
        assert_eq!(
            captures("%{IP:ip}:%{INT:port}", "at 10.0.0.1:80"),
            Some(vec![
                ("ip".to_owned(), Value::str("10.0.0.1")),
                ("port".to_owned(), Value::Int(80))
            ])
        );
        assert_eq!(captures("%{IP:ip}", "nope"), None);
        assert_eq!(captures("x*", "  "), None);
        assert!(GrokExpression::compile("(", &BuiltInPatterns).is_err());
    }

    #[test]
    fn parts_that_patterns_match_become_references() {
        let predict = |text: &str| predict_grok(text, &BuiltInPatterns).unwrap();
        let line = predict("GET http://cnn.com/a from 10.0.0.1");
        assert!(line.contains("%{"), "{line}");
        assert!(!line.contains("10.0.0.1"), "{line}");
        assert_eq!(predict(""), "");
        assert_eq!(predict("word"), "word");
    }

    #[test]
    fn lone_words_and_references_are_kept() {
        assert!(has_inner_boundary("a.b") && has_inner_boundary(" a"));
        assert!(!has_inner_boundary("ab") && !has_inner_boundary("a\n") && !has_inner_boundary(""));
        assert!(has_reference("a %{b} c"));
        assert!(!has_reference("%{}") && !has_reference("%{a") && !has_reference("%{a+b}"));
    }
}
