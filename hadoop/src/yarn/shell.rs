//! Texts for a node manager's launch script, in which nothing means anything but itself.
//!
//! The script has environment values and the command inside of double quotes, and the command then goes to a second
//! shell. Before that, `<LOG_DIR>`, `<CPS>` and `{{NAME}}` are replaced, for which there is no escape.

use crate::HadoopError;

const REPLACED: [&str; 4] = ["<LOG_DIR>", "<CPS>", "{{", "}}"];

/// A value of an environment variable.
///
/// # Errors
/// [`HadoopError::Invalid`] when it has something that YARN would replace, or a zero byte.
pub fn value(text: &str) -> Result<String, HadoopError> {
    check(text)?;
    Ok(in_double_quotes(text))
}

/// One argument of a command.
///
/// # Errors
/// As [`value`].
pub fn argument(text: &str) -> Result<String, HadoopError> {
    check(text)?;
    let single_quoted = format!("'{}'", text.replace('\'', r"'\''"));
    Ok(in_double_quotes(&single_quoted))
}

fn check(text: &str) -> Result<(), HadoopError> {
    if text.contains('\0') {
        return Err(HadoopError::Invalid(format!("{text:?} has a zero byte")));
    }
    for replaced in REPLACED {
        if text.contains(replaced) {
            return Err(HadoopError::Invalid(format!(
                "{text:?} cannot be handed to a container: YARN replaces {replaced:?}; pass it in a file"
            )));
        }
    }
    Ok(())
}

fn in_double_quotes(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '"' | '$' | '`') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// What a program gets when a launch script is made of these.
    fn through_the_script(text: &str) -> (String, String) {
        let script = format!(
            "export VALUE=\"{}\"\nexec /bin/bash -c \"printf '%s\\\\001%s' \\\"\\$VALUE\\\" {}\"",
            value(text).unwrap(),
            argument(text).unwrap()
        );
        let output = Command::new("/bin/bash")
            .arg("-c")
            .arg(&script)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (value, argument) = text.split_once('\x01').unwrap();
        (value.to_owned(), argument.to_owned())
    }

    #[test]
    fn awkward_texts_arrive_as_they_are() {
        for text in [
            "",
            "plain",
            "a b",
            "it's",
            r#""$HOME`id`\"#,
            "ä\n*?!~#;&",
            "''\\''",
        ] {
            assert_eq!(
                through_the_script(text),
                (text.to_owned(), text.to_owned()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_yarn_replaces_is_refused() {
        for text in ["<LOG_DIR>/x", "a<CPS>b", "{{HOME}}", "}}", "a\0b"] {
            assert!(value(text).is_err(), "{text:?}");
            assert!(argument(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]
        #[test]
        fn any_text_arrives_or_is_refused(text in "[a-c'\"\\\\$`(){}<>! \n|;&*~#]{0,12}") {
            if value(&text).is_ok() {
                prop_assert_eq!(through_the_script(&text), (text.clone(), text));
            }
        }
    }
}
