//! Java's regular expressions in the words of the `regex` crate.
//!
//! Nearly all are the same. Different are the classes, which in Java are of ASCII, what `.` leaves out, and the escapes
//! that only Java has. What the crate does not have at all (look-around, back-references) is left as it is; the crate then
//! refuses it.

/// The pattern for the `regex` crate; nothing when the crate would take it for something else. `whole` tells that the pattern
/// must match to the end of the text.
pub(super) fn translate(java: &str, whole: bool) -> Option<String> {
    let mut out = String::with_capacity(java.len() + 16);
    let mut characters = java.chars().peekable();
    let mut class_depth = 0usize;
    let mut quantified = false;
    while let Some(character) = characters.next() {
        // A plus after a quantifier makes it possessive, which the crate takes for one more repetition.
        if class_depth == 0 && quantified && character == '+' {
            return None;
        }
        quantified = class_depth == 0 && matches!(character, '*' | '+' | '?' | '}');
        match character {
            '\\' => {
                let Some(escaped) = characters.next() else {
                    out.push('\\');
                    break;
                };
                if escaped == 'Q' {
                    quote(&mut characters, &mut out);
                } else {
                    escape(escaped, class_depth > 0, &mut characters, &mut out);
                }
            }
            '[' => {
                class_depth += 1;
                out.push('[');
                if characters.peek() == Some(&'^') {
                    characters.next();
                    out.push('^');
                }
            }
            ']' if class_depth > 0 => {
                class_depth -= 1;
                out.push(']');
            }
            // Of these the crate makes sets; in Java they are characters and ranges.
            '-' | '~' if class_depth > 0 && characters.peek() == Some(&character) => return None,
            '(' if class_depth == 0 && has_odd_flags(characters.clone()) => return None,
            // In the middle of a text it also stands before a last line end.
            '$' if class_depth == 0 && !whole => return None,
            '.' if class_depth == 0 => out.push_str(r"[^\n\r\u{85}\u{2028}\u{2029}]"),
            other => out.push(other),
        }
    }
    Some(out)
}

/// Whether a group begins with flags of which one changes what `.`, blanks or `#` mean: then the translation of those would
/// be wrong.
fn has_odd_flags(mut rest: impl Iterator<Item = char>) -> bool {
    if rest.next() != Some('?') {
        return false;
    }
    let flags: Vec<char> = rest
        .take_while(|letter| letter.is_ascii_alphabetic() || *letter == '-')
        .collect();
    flags.iter().any(|flag| matches!(flag, 's' | 'x'))
}

/// Everything up to `\E` stands for itself.
fn quote(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    let mut literal = String::new();
    while let Some(character) = characters.next() {
        if character == '\\' && characters.peek() == Some(&'E') {
            characters.next();
            break;
        }
        literal.push(character);
    }
    out.push_str(&regex::escape(&literal));
}

fn escape(
    escaped: char,
    in_class: bool,
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) {
    // Classes nest, so that a bracketed class may stand inside another one.
    let class = match escaped {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => r"[ \t\n\x0B\f\r]",
        'S' => r"[^ \t\n\x0B\f\r]",
        'h' => r"[ \t\u{A0}\u{1680}\u{180e}\u{2000}-\u{200a}\u{202f}\u{205f}\u{3000}]",
        'v' => r"[\n\x0B\f\r\u{85}\u{2028}\u{2029}]",
        'R' if !in_class => r"(?:\r\n|[\n\x0B\f\r\u{85}\u{2028}\u{2029}])",
        'b' if !in_class => r"(?-u:\b)",
        'B' if !in_class => r"(?-u:\B)",
        'Z' if !in_class => r"(?:\r?\n)?\z",
        'e' => r"\x1B",
        'p' | 'P' => return property(escaped, characters, out),
        other if !other.is_alphanumeric() => {
            out.push_str(&regex::escape(other.encode_utf8(&mut [0; 4])));
            return;
        }
        other => {
            out.push('\\');
            out.push(other);
            return;
        }
    };
    out.push_str(class);
}

/// `\p{Lower}` and its like, which in Java are of ASCII.
fn property(
    escaped: char,
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) {
    if characters.peek() != Some(&'{') {
        out.push('\\');
        out.push(escaped);
        return;
    }
    characters.next();
    let name: String = characters.by_ref().take_while(|c| *c != '}').collect();
    let negated = if escaped == 'P' { "^" } else { "" };
    let ascii = match name.as_str() {
        "Lower" => "lower",
        "Upper" => "upper",
        "ASCII" => "ascii",
        "Alpha" => "alpha",
        "Digit" => "digit",
        "Alnum" => "alnum",
        "Punct" => "punct",
        "Graph" => "graph",
        "Print" => "print",
        "Blank" => "blank",
        "Cntrl" => "cntrl",
        "XDigit" => "xdigit",
        "Space" => "space",
        other => {
            let name = other.strip_prefix("Is").unwrap_or(other);
            out.push_str(&format!("\\{escaped}{{{name}}}"));
            return;
        }
    };
    out.push_str(&format!("[[:{negated}{ascii}:]]"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_translation_compiles_and_means_what_java_means() {
        for (java, text, expected) in [
            (r"\d+", "12", true),
            (r"\d+", "٣", false),
            (r"[\w.]+", "a.b_9", true),
            (r"[^\s]+", "a b", false),
            (r"a.c", "a\rc", false),
            (r"\Qa.c\E", "abc", false),
            (r"\Qa.c\E", "a.c", true),
            (r"\p{Lower}+", "abc", true),
            (r"\p{Lower}+", "abç", false),
            (r"[\p{Punct}]+", "!?", true),
            (r"\p{IsAlphabetic}+", "abç", true),
            (r"\bfoo\b", "foo", true),
            (r"(?i)FOO", "foo", true),
            (r"[a-c&&[b]]", "b", true),
            (r"\<a\>\ \_\-", "<a> _-", true),
            (r"[a+]+?", "a+", true),
        ] {
            let regex =
                regex::Regex::new(&format!(r"\A(?:{})\z", translate(java, true).unwrap())).unwrap();
            assert_eq!(regex.is_match(text), expected, "{java} {text}");
        }
    }
}
