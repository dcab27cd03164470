//! `?NAME`: what there is to know about a function, and `?`: what there is to ask.

use alidade_stellar::{Library, compile};

use super::magics::MAGICS;
use super::session::Outcome;

/// What can be typed, and the areas of functions.
pub(super) fn topics(library: &Library) -> String {
    let mut text = String::from(
        "\
EXPRESSION                  evaluates it: TO_UPPER('a'), [1, 2], if x > 1 then 'a' else 'b'
NAME := EXPRESSION          keeps the value as a variable
?FUNCTION                   explains a function
# TEXT                      is a comment
quit                        ends the session, as Ctrl-D does
",
    );
    for magic in MAGICS {
        text.push_str(&format!("{:<28}{}\n", magic.usage, magic.description));
    }
    text.push_str("\nAreas of functions; ?AREA tells what they do:\n");
    let specs = library.specs();
    for area in Library::areas() {
        let count = specs.iter().filter(|spec| spec.area == area).count();
        text.push_str(&format!("{area} ({count})\n"));
    }
    text.trim_end().to_owned()
}

/// What there is to know about a function, or about all functions of an area.
pub(super) fn about(library: &Library, name: &str) -> Outcome {
    let known = library
        .spec(name)
        .or_else(|| library.spec(&name.to_ascii_uppercase()));
    if let Some(spec) = known {
        return Outcome::Text(spec.help());
    }
    if let Some(area) = Library::areas().find(|area| area.eq_ignore_ascii_case(name)) {
        return Outcome::Text(functions_of(library, area));
    }
    Outcome::Failed(format!(
        "No docs available for function '{name}'; {}",
        close_to(library, name)
    ))
}

fn functions_of(library: &Library, area: &str) -> String {
    let mut specs = library.specs();
    specs.retain(|spec| spec.area == area);
    let lines: Vec<String> = specs
        .iter()
        .map(|spec| format!("{}\n    {}", spec.signature(), spec.description))
        .collect();
    lines.join("\n")
}

/// The compiler's guess at what was meant, else where to look.
fn close_to(library: &Library, name: &str) -> String {
    let findings = compile(&format!("{name}()"), library).err();
    let guess = findings
        .and_then(|findings| findings.into_iter().next()?.help)
        .filter(|help| help.starts_with("did you mean"));
    guess.unwrap_or_else(|| "%functions lists them".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_explained_in_any_case() {
        let library = Library::metron();
        for name in ["MAP_GET", "map_get"] {
            let Outcome::Text(text) = about(&library, name) else {
                panic!("no text");
            };
            assert!(text.starts_with("MAP_GET("), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_nearly_right_is_guessed() {
        let library = Library::metron();
        let failure = |name: &str| match about(&library, name) {
            Outcome::Failed(text) => text,
            other => panic!("{other:?}"),
        };
        assert!(failure("TO_UPER").contains("TO_UPPER"));
        assert!(failure("'").starts_with("No docs available for function '''"));
        assert!(failure("xyzzy").contains("%functions"));
    }

    #[test]
    fn the_topics_name_every_magic_and_area() {
        let library = Library::metron();
        let text = topics(&library);
        for magic in MAGICS {
            assert!(text.contains(magic.usage));
        }
        for area in Library::areas() {
            assert!(text.contains(area));
            let Outcome::Text(functions) = about(&library, &area.to_uppercase()) else {
                panic!("{area}");
            };
            assert!(functions.contains('('), "{area}");
        }
    }
}
