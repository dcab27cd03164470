//! `${name}` in values.

/// As many rounds as Hadoop makes.
const MAX_ROUNDS: usize = 20;

/// A value whose parts double each other grows fast.
const MAX_BYTES: usize = 1 << 20;

/// Replaces `${name}`, also in what comes in its place. A name that `lookup` does not know stays as it stands.
pub(super) fn expand(
    value: &str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut text = value.to_owned();
    for _ in 0..MAX_ROUNDS {
        let (replaced, is_changed) = one_round(&text, &lookup)?;
        if !is_changed {
            return Ok(replaced);
        }
        text = replaced;
    }
    Err(format!(
        "the variables in {value:?} go round in circles, or deeper than {MAX_ROUNDS} levels"
    ))
}

fn one_round(
    text: &str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<(String, bool), String> {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_changed = false;
    while let Some(start) = rest.find("${") {
        replaced.push_str(&rest[..start]);
        let after = &rest[start + 2..];
        // The innermost of `${a${b}}` goes first.
        let Some(end) = after.find('}') else {
            rest = &rest[start..];
            break;
        };
        if let Some(inner) = after[..end].rfind("${") {
            replaced.push_str(&rest[start..start + 2 + inner]);
            rest = &after[inner..];
            continue;
        }
        let name = &after[..end];
        match lookup(name) {
            Some(value) => {
                replaced.push_str(&value);
                is_changed = true;
            }
            None => replaced.push_str(&rest[start..start + 2 + end + 1]),
        }
        if replaced.len() > MAX_BYTES {
            return Err("the variables in it make it longer than 1 MiB".to_owned());
        }
        rest = &after[end + 1..];
    }
    replaced.push_str(rest);
    Ok((replaced, is_changed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lookup(name: &str) -> Option<String> {
        let value = match name {
            "a" => "1",
            "b" => "${a}${a}",
            "x1" => "nested",
            "loop" => "${loop}",
            "grow" => "${grow}${grow}${grow}${grow}",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn variables_are_replaced() {
        let cases = [
            ("", ""),
            ("plain $ { } text", "plain $ { } text"),
            ("<${a}>", "<1>"),
            ("${b}${a}", "111"),
            ("${x${a}}", "nested"),
            ("${unknown} ${a}", "${unknown} 1"),
            ("${a} ${", "1 ${"),
            ("${${}", "${${}"),
            ("ä${a}ö", "ä1ö"),
        ];
        for (value, expected) in cases {
            assert_eq!(expand(value, lookup).unwrap(), expected, "{value}");
        }
    }

    #[test]
    fn circles_and_growth_end() {
        assert!(expand("${loop}", lookup).unwrap_err().contains("circles"));
        assert!(expand("${grow}", lookup).unwrap_err().contains("1 MiB"));
    }

    proptest! {
        #[test]
        fn any_text_is_expanded_or_refused(value in "[${}abx1 ä]{0,20}") {
            let _ = expand(&value, lookup);
        }
    }
}
