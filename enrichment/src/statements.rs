//! The three shapes of `stellar.config`, compiled into groups.

use alidade_event::FieldName;
use alidade_stellar::{Diagnostic, Library, compile, config_code};
use alidade_triage::Findings;
use serde_json::Value;

use crate::group::{Group, Statement};
use crate::pointer::child;

/// The groups in the order in which they are run: those with a name in the order of the configuration, then the default
/// group. Nothing when `config` has none of the three shapes.
pub(crate) fn groups(
    config: &Value,
    path: &str,
    library: &Library,
    findings: &mut Findings,
) -> Option<Vec<Group>> {
    let mut compiler = Compiler { library, findings };
    match config {
        Value::Array(entries) if entries.is_empty() => Some(Vec::new()),
        Value::Array(entries) => Some(vec![compiler.list("", entries, path)]),
        Value::Object(entries) => Some(compiler.map_of_groups(entries, path)),
        other => {
            let what = if other.is_null() {
                "missing"
            } else {
                "neither a map nor a list"
            };
            compiler.findings.problem(
                config_code::WRONG_TYPE,
                path,
                format!("the statements are {what}"),
                "write {\"variable\": \"expression\"} or [\"variable := expression\"], or a map of such groups",
            );
            None
        }
    }
}

struct Compiler<'a> {
    library: &'a Library,
    findings: &'a mut Findings,
}

impl Compiler<'_> {
    fn map_of_groups(
        &mut self,
        entries: &serde_json::Map<String, Value>,
        path: &str,
    ) -> Vec<Group> {
        let mut groups = Vec::new();
        let mut default = Group::named("");
        let mut has_default = false;
        for (key, value) in entries {
            let path = child(path, key);
            match value {
                Value::Object(statements) => groups.push(self.map(key, statements, &path)),
                Value::Array(statements) => groups.push(self.list(key, statements, &path)),
                Value::String(source) => {
                    has_default = true;
                    self.statement(&mut default, key, source, 0, &path);
                }
                _ => self.findings.warning(
                    config_code::NO_EFFECT,
                    &path,
                    "not a text: ignored",
                    "write the expression in quotes",
                ),
            }
        }
        if has_default {
            groups.push(default);
        }
        groups
    }

    fn map(&mut self, name: &str, entries: &serde_json::Map<String, Value>, path: &str) -> Group {
        let mut group = Group::named(name);
        for (variable, value) in entries {
            let path = child(path, variable);
            match value {
                Value::String(source) => self.statement(&mut group, variable, source, 0, &path),
                Value::Null => {}
                other => self.not_a_text(&mut group, other, &path),
            }
        }
        group
    }

    fn list(&mut self, name: &str, entries: &[Value], path: &str) -> Group {
        let mut group = Group::named(name);
        for (position, entry) in entries.iter().enumerate() {
            let path = format!("{path}/{position}");
            let Value::String(text) = entry else {
                self.not_a_text(&mut group, entry, &path);
                continue;
            };
            let Some((variable, source)) = text.split_once(":=") else {
                self.findings.warning(
                    config_code::NO_EFFECT,
                    &path,
                    "no variable is given: the entry is skipped",
                    "write `variable := expression`",
                );
                continue;
            };
            let trimmed = source.trim();
            let offset = text.len() - source.trim_start().len();
            self.statement(&mut group, variable.trim(), trimmed, offset, &path);
        }
        group
    }

    fn statement(
        &mut self,
        group: &mut Group,
        variable: &str,
        source: &str,
        offset: usize,
        path: &str,
    ) {
        let program = if source.trim().is_empty() {
            None
        } else {
            match compile(source, self.library) {
                Ok(program) => {
                    self.findings.diagnostics(path, offset, program.warnings());
                    Some(program)
                }
                Err(diagnostics) => {
                    self.findings.diagnostics(path, offset, &diagnostics);
                    let first = diagnostics.first().map(Diagnostic::to_string);
                    group.breaks(format!(
                        "`{variable} := {source}`: {}",
                        first.as_deref().unwrap_or("cannot be read")
                    ));
                    return;
                }
            }
        };
        group.statements.push(Statement {
            variable: FieldName::new(variable),
            program,
        });
    }

    fn not_a_text(&mut self, group: &mut Group, value: &Value, path: &str) {
        let message = format!("a statement must be a text, not {value}");
        self.findings.problem(
            config_code::WRONG_TYPE,
            path,
            message.clone(),
            "write the expression in quotes",
        );
        group.breaks(format!("{path}: {message}"));
    }
}

impl Group {
    fn named(name: &str) -> Group {
        Group {
            name: FieldName::new(name),
            statements: Vec::new(),
            broken: None,
        }
    }

    /// Notes why the group cannot run; the first reason counts.
    fn breaks(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shape(config: Value) -> (Vec<(String, Vec<String>)>, Findings) {
        let mut findings = Findings::default();
        let groups = groups(&config, "/c", &Library::metron(), &mut findings).unwrap_or_default();
        let shape = groups
            .iter()
            .map(|group| {
                let variables = group.statements.iter().map(|s| s.variable.to_string());
                (group.name.to_string(), variables.collect())
            })
            .collect();
        (shape, findings)
    }

    fn group(name: &str, variables: &[&str]) -> (String, Vec<String>) {
        let variables = variables.iter().map(|name| (*name).to_owned()).collect();
        (name.to_owned(), variables)
    }

    #[test]
    fn a_map_is_the_default_group() {
        let (groups, findings) = shape(json!({"b": "1", "a": ""}));
        assert_eq!(groups, [group("", &["b", "a"])]);
        assert_eq!(findings, Findings::default());
    }

    #[test]
    fn a_list_is_the_default_group() {
        let (groups, findings) = shape(json!(["b := 1", " a:=b := c ", "nothing"]));
        assert_eq!(groups[0].0, "");
        assert_eq!(groups[0].1[0], "b");
        assert_eq!(findings.warnings[0].path, "/c/2");
        assert_eq!(shape(json!([])).0, []);
    }

    #[test]
    fn named_groups_come_before_the_default_one() {
        let (groups, findings) = shape(json!({
            "x": "1", "g": {"a": "1", "n": null}, "h": ["b := 1"], "empty": {}, "five": 5,
        }));
        let expected = [
            group("g", &["a", "n"]),
            group("h", &["b"]),
            group("empty", &[]),
            group("", &["x"]),
        ];
        assert_eq!(groups[0].1, ["a"]);
        assert_eq!(groups[1..], expected[1..]);
        assert_eq!(findings.warnings.len(), 1);
        assert_eq!(findings.warnings[0].path, "/c/five");
        assert_eq!(shape(json!({"five": 5})).0, []);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let (_, findings) =
            shape(json!({"g": {"a/b": 5}, "h": [6], "x": "1 +", "l": ["y :=  2 *"]}));
        let paths: Vec<&str> = findings.problems.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(paths, ["/c/g/a~1b", "/c/h/0", "/c/x", "/c/l/0"]);
        let span = findings.problems[3].span.clone().unwrap();
        assert!(span.start >= 6 && span.end <= 9, "{span:?}");
        for bad in [json!(null), json!(5), json!("x := 1")] {
            assert_eq!(shape(bad).1.problems[0].path, "/c");
        }
    }
}
