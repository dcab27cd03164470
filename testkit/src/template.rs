//! Configuration templates: text with `{{name}}` placeholders.

use crate::LaunchError;

/// Fills in every placeholder; one without a value is an error.
pub(crate) fn fill(
    template: &'static str,
    text: &str,
    values: &[(&str, &str)],
) -> Result<String, LaunchError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (placeholder, behind) = after.split_once("}}").unwrap_or((after, ""));
        let Some((_, value)) = values.iter().find(|(name, _)| *name == placeholder) else {
            let placeholder = placeholder.to_owned();
            return Err(LaunchError::Template {
                template,
                placeholder,
            });
        };
        filled.push_str(before);
        filled.push_str(value);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_every_placeholder() {
        let filled = fill("t", "a={{x}} b={{y}} c={{x}}\n", &[("x", "1"), ("y", "2")]).unwrap();
        assert_eq!(filled, "a=1 b=2 c=1\n");
    }

    #[test]
    fn names_the_placeholder_without_a_value() {
        let error = fill("zoo.cfg", "port={{port}}", &[("x", "1")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "template zoo.cfg asks for `port`, which nobody filled in"
        );
    }
}
