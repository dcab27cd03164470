//! The texts of DIGEST-MD5: `name=value,name="value"`.

/// Reads a list of directives. In quotes, a backslash takes away the meaning of what follows it.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut directives = Vec::new();
    let mut rest = text.trim_start_matches(is_separator);
    while !rest.is_empty() {
        let Some((name, after)) = rest.split_once('=') else {
            return Err(format!("{rest:?} is not of the form name=value"));
        };
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = after.find(is_separator).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        directives.push((name.trim().to_ascii_lowercase(), value));
        if !after.is_empty() && !after.starts_with(is_separator) {
            return Err("a quoted value is followed by more".to_owned());
        }
        rest = after.trim_start_matches(is_separator);
    }
    Ok(directives)
}

fn is_separator(character: char) -> bool {
    character == ',' || character.is_ascii_whitespace()
}

/// A value and what follows its closing quote.
fn unquote(quoted: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &quoted[place + 1..])),
            '\\' => match characters.next() {
                Some((_, escaped)) => value.push(escaped),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err("a quoted value has no end".to_owned())
}

pub(super) fn quote(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn directives_are_read() {
        let text = r#"realm="default",nonce="a\"b\\c", qop="auth,auth-int" ,,charset=utf-8,ALGORITHM=md5-sess"#;
        let expected = [
            ("realm", "default"),
            ("nonce", r#"a"b\c"#),
            ("qop", "auth,auth-int"),
            ("charset", "utf-8"),
            ("algorithm", "md5-sess"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parse(text).unwrap(), expected);
        assert_eq!(parse(" , ").unwrap(), []);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["realm", "a=\"b", "a=\"b\\", "a=\"b\"c", "a=b,c"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a=\",\\\\ ä]{0,12}") {
            let _ = parse(&text);
        }

        #[test]
        fn quoted_values_read_back(value: String) {
            let text = format!("a={},b=c", quote(&value));
            let expected = [("a".to_owned(), value), ("b".to_owned(), "c".to_owned())];
            prop_assert_eq!(parse(&text).unwrap(), expected);
        }
    }
}
