//! What Tab offers.

use std::sync::Arc;

use alidade_stellar::{Library, TokenKind, tokens};
use reedline::{Completer, CompletionResult, Span, Suggestion};

use super::input::Input;
use super::magics::{MAGICS, UNDEFINE};
use super::session::Globals;
use crate::Services;
use crate::printing::{harmless, shown};

/// Words of the language that are worth completing.
const KEYWORDS: [&str; 8] = [
    "and", "default", "else", "exists(", "false", "match", "null", "true",
];

/// The longest value that is shown beside a variable, in characters.
const MAX_SHOWN: usize = 60;

/// Offers functions, variables, magics and globals.
pub(super) struct Names {
    pub library: Library,
    pub services: Arc<Services>,
    pub globals: Globals,
}

/// A name on offer and what there is to know about it.
#[derive(Debug, PartialEq, Eq)]
struct Offer {
    text: String,
    description: String,
}

impl Completer for Names {
    fn complete(&mut self, line: &str, position: usize) -> CompletionResult {
        let position = line.floor_char_boundary(position);
        let (before, _) = line.split_at(position);
        let start = word_start(before);
        let offers = self.offers(before, start);
        let suggestions: Vec<Suggestion> = offers
            .into_iter()
            .map(|offer| Suggestion {
                value: offer.text,
                description: Some(offer.description).filter(|text| !text.is_empty()),
                span: Span::new(start, position),
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::fresh(suggestions)
    }
}

impl Names {
    /// What can stand in place of the word that begins at `start` and ends the text.
    fn offers(&self, before: &str, start: usize) -> Vec<Offer> {
        let (context, word) = before.split_at(start);
        let context = context.trim_start();
        if context == "%" {
            return magics(word);
        }
        if context == "?" {
            return self.functions(word, "");
        }
        if context.strip_prefix('%').map(str::trim) == Some(UNDEFINE) {
            return self.globals(word);
        }
        // With a word put in its place, what is typed can be told.
        let probe = format!("{context}x");
        let Some(source) = Input::read(&probe).expression() else {
            return Vec::new();
        };
        let inside_text = tokens(source)
            .last()
            .is_some_and(|last| matches!(last.kind, TokenKind::Error | TokenKind::Comment));
        if inside_text {
            return Vec::new();
        }
        let mut offers = self.variables(word);
        offers.extend(self.functions(word, "("));
        if !word.is_empty() {
            offers.extend(keywords(word));
        }
        offers
    }

    fn functions(&self, word: &str, behind: &str) -> Vec<Offer> {
        let wanted = word.to_ascii_uppercase();
        self.library
            .names()
            .into_iter()
            .filter(|name| name.starts_with(&wanted))
            .filter_map(|name| self.library.spec(name))
            .map(|spec| {
                let signature = spec.signature();
                // The name stands beside it already.
                let parameters = signature.strip_prefix(spec.name).unwrap_or_default();
                Offer {
                    text: format!("{}{behind}", spec.name),
                    description: format!("{parameters}  {}", spec.description),
                }
            })
            .collect()
    }

    fn variables(&self, word: &str) -> Vec<Offer> {
        let mut offers: Vec<Offer> = self
            .services
            .variables()
            .into_iter()
            .filter(|variable| variable.name.starts_with(word))
            .map(|variable| Offer {
                description: shortened(&shown(&variable.value)),
                text: variable.name,
            })
            .collect();
        offers.sort_by(|a, b| a.text.cmp(&b.text));
        offers
    }

    fn globals(&self, word: &str) -> Vec<Offer> {
        let mut names = self.globals.names();
        names.retain(|name| name.starts_with(word));
        names
            .into_iter()
            .map(|text| Offer {
                text,
                description: String::new(),
            })
            .collect()
    }
}

/// Where the word begins that ends the text.
fn word_start(text: &str) -> usize {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_.:$".contains(letter);
    text.trim_end_matches(is_part).len()
}

fn magics(word: &str) -> Vec<Offer> {
    MAGICS
        .iter()
        .filter(|magic| magic.name.starts_with(word))
        .map(|magic| Offer {
            text: magic.name.to_owned(),
            description: magic.description.to_owned(),
        })
        .collect()
}

fn keywords(word: &str) -> Vec<Offer> {
    KEYWORDS
        .iter()
        .filter(|keyword| keyword.starts_with(word))
        .map(|keyword| Offer {
            text: (*keyword).to_owned(),
            description: String::new(),
        })
        .collect()
}

fn shortened(text: &str) -> String {
    let start: String = text.chars().take(MAX_SHOWN).collect();
    harmless(&start.replace(['\n', '\t'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::session;

    /// What is on offer at the end of a line, after some lines.
    fn offered(lines: &[&str], text: &str) -> Vec<String> {
        let (session, _runtime) = session();
        for line in lines {
            session.answer(line);
        }
        let mut names = Names {
            library: session.library().clone(),
            services: session.services().clone(),
            globals: session.globals().clone(),
        };
        let result = names.complete(text, text.len());
        let offers = result.suggestions();
        for offer in offers {
            assert_eq!(offer.span.end, text.len());
        }
        offers.iter().map(|offer| offer.value.clone()).collect()
    }

    #[test]
    fn functions_are_completed_in_any_case_with_their_signature() {
        assert_eq!(offered(&[], "x := TO_UP"), ["TO_UPPER("]);
        assert_eq!(offered(&[], "[1, to_up"), ["TO_UPPER("]);
        assert_eq!(offered(&[], "?TO_UP"), ["TO_UPPER"]);
        let (session, _runtime) = session();
        let names = Names {
            library: session.library().clone(),
            services: session.services().clone(),
            globals: session.globals().clone(),
        };
        let offers = names.offers("TO_UP", 0);
        assert!(offers[0].description.starts_with("(input)  "));
    }

    #[test]
    fn variables_stand_before_functions() {
        let lines = ["url := 'http://a/\u{1b}\n'", "urn := 1"];
        assert_eq!(
            offered(&lines, "1 + ur"),
            [
                "url",
                "urn",
                "URL_TO_HOST(",
                "URL_TO_PATH(",
                "URL_TO_PORT(",
                "URL_TO_PROTOCOL("
            ]
        );
        assert_eq!(offered(&["a.b := 1"], "a."), ["a.b"]);
        assert_eq!(offered(&[], "e")[0..2], ["ENCODE(", "ENDS_WITH("]);
        assert_eq!(offered(&[], "nul"), ["null"]);
    }

    #[test]
    fn magics_and_globals_are_completed() {
        assert_eq!(offered(&[], "%f"), ["functions"]);
        assert_eq!(offered(&[], "%").len(), MAGICS.len());
        assert_eq!(
            offered(&["%define es.port := 1"], "%undefine es"),
            ["es.port"]
        );
        assert_eq!(offered(&[], "%define a := TO_UP"), ["TO_UPPER("]);
        assert!(offered(&[], "%functions TO_UP").is_empty());
    }

    #[test]
    fn nothing_is_offered_inside_of_texts_and_comments() {
        assert!(offered(&[], "'TO_UP").is_empty());
        assert!(offered(&[], "# TO_UP").is_empty());
        assert!(!offered(&[], "'a' + TO_UP").is_empty());
        assert!(offered(&[], "é").len() > 100);
    }
}
