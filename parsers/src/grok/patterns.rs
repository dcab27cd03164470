//! Pattern files: where they are read from, what is built in, and how their lines are understood.

use std::collections::HashMap;

/// Where pattern files come from (upstream: HDFS, then the class path).
pub trait PatternSource {
    /// The text of the file at `path`; nothing when there is no such file.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    fn read(&self, path: &str) -> Result<Option<String>, std::io::Error>;
}

/// No pattern files beyond the built-in ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuiltInPatterns;

impl PatternSource for BuiltInPatterns {
    fn read(&self, _path: &str) -> Result<Option<String>, std::io::Error> {
        Ok(None)
    }
}

impl PatternSource for HashMap<String, String> {
    fn read(&self, path: &str) -> Result<Option<String>, std::io::Error> {
        Ok(self.get(path).cloned())
    }
}

/// The pattern files that come with the program, by their usual paths.
const BUILT_IN: [(&str, &str); 5] = [
    (
        "/patterns/common",
        include_str!("../../../config/zookeeper/patterns/common"),
    ),
    (
        "/patterns/squid",
        include_str!("../../../config/zookeeper/patterns/squid"),
    ),
    (
        "/patterns/yaf",
        include_str!("../../../config/zookeeper/patterns/yaf"),
    ),
    (
        "/patterns/asa",
        include_str!("../../../config/zookeeper/patterns/asa"),
    ),
    (
        "/patterns/websphere",
        include_str!("../../../config/zookeeper/patterns/websphere"),
    ),
];

/// The text of a pattern file: from the source, else the built-in one of that path.
///
/// # Errors
/// When the source has the file but cannot read it.
pub(crate) fn load(
    path: &str,
    source: &dyn PatternSource,
) -> Result<Option<String>, std::io::Error> {
    if let Some(text) = source.read(path)? {
        return Ok(Some(text));
    }
    Ok(built_in(path).map(str::to_owned))
}

/// A built-in pattern file; a leading slash and the folder may be left out.
pub(crate) fn built_in(path: &str) -> Option<&'static str> {
    BUILT_IN
        .iter()
        .find(|(known, _)| *known == path || known.trim_start_matches('/') == path)
        .map(|(_, text)| *text)
}

/// Named definitions. A later one replaces an earlier one of the same name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Definitions(HashMap<String, String>);

impl Definitions {
    /// Adds the definitions of a file: `NAME`, blanks, expression. Other lines are skipped, as upstream does.
    pub fn add_file(&mut self, text: &str) {
        for line in text.split(['\n', '\r']) {
            let name_length = line.find(|c| !is_name(c)).unwrap_or(line.len());
            let (name, rest) = line.split_at(name_length);
            let expression = rest.trim_start_matches([' ', '\t', '\u{b}', '\u{c}']);
            if name.is_empty() || expression.len() == rest.len() {
                continue;
            }
            self.add(name, expression);
        }
    }

    pub fn add(&mut self, name: &str, expression: &str) {
        self.0.insert(name.to_owned(), expression.to_owned());
    }

    /// The names that files define, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// A definition; of names that no file defines, the one in the `grok` crate's library, if there is one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).or_else(|| {
            let (_, expression) = grok::patterns().iter().find(|(known, _)| *known == name)?;
            Some(expression)
        })
    }
}

/// Characters of a pattern's name: Java's `[A-z0-9_]`, which takes in the six symbols between `Z` and `a`.
pub(crate) fn is_name(c: char) -> bool {
    matches!(c, 'A'..='z' | '0'..='9')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_not_definitions_are_skipped() {
        let mut definitions = Definitions::default();
        definitions.add_file("# note\nA a+\n  B b\nC-D x\n\tE e\nF\t[0-9] \nA aa\nLONELY\n");
        assert_eq!(definitions.get("A"), Some("aa"));
        assert_eq!(definitions.get("F"), Some("[0-9] "));
        assert!(
            definitions
                .get("COMBINEDAPACHELOG")
                .is_some_and(|library| library.contains("HTTPD_COMBINEDLOG"))
        );
        for missing in ["B", "C", "E", "LONELY", "#"] {
            assert_eq!(definitions.get(missing), None, "{missing}");
        }
    }

    #[test]
    fn built_in_files_are_found_when_the_source_has_none() {
        let text = load("/patterns/squid", &BuiltInPatterns).unwrap().unwrap();
        assert!(text.contains("SQUID_DELIMITED"));
        assert!(
            load("/patterns/nowhere", &BuiltInPatterns)
                .unwrap()
                .is_none()
        );
        let own: HashMap<String, String> =
            [("/patterns/squid".to_owned(), "X y\n".to_owned())].into();
        assert_eq!(
            load("/patterns/squid", &own).unwrap().as_deref(),
            Some("X y\n")
        );
    }
}
