/// A JSON pointer one step further down; `/` and `~` in the step are escaped.
pub(crate) fn child(pointer: &str, step: &str) -> String {
    let escaped = step.replace('~', "~0").replace('/', "~1");
    format!("{pointer}/{escaped}")
}

#[cfg(test)]
mod tests {
    use super::child;

    #[test]
    fn steps_are_escaped() {
        assert_eq!(child("/a", "b/c~d"), "/a/b~1c~0d");
    }
}
