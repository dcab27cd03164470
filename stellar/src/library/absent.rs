//! Functions that upstream has and this library has not, so that a configuration that is carried over says why.

/// Names with the reason, by group.
const ABSENT: &[(&str, &[&str])] = &[("upstream has it only in examples", &["NOW"])];

/// Why a function of upstream is not here; nothing when upstream has no such function.
pub(crate) fn absent(name: &str) -> Option<&'static str> {
    let group = ABSENT.iter().find(|(_, names)| names.contains(&name));
    group.map(|(reason, _)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Library;

    #[test]
    fn nothing_is_both_absent_and_there() {
        let library = Library::metron();
        for (_, names) in ABSENT {
            for name in *names {
                assert!(library.spec(name).is_none(), "{name}");
            }
        }
        assert_eq!(absent("TO_UPPER"), None);
        assert!(absent("NOW").is_some());
    }
}
