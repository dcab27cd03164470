use alidade_event::{Map, Str, Value};
use alidade_stellar::{ConfigProblem, config_code};

/// A free-form map of a configuration document, read key by key with upstream's scalar coercions: `"40"` is a number,
/// `1` and `"yes"` are true. What cannot be coerced is noted as a problem, and the default is given.
pub(crate) struct Section<'a> {
    map: Option<&'a Map>,
    path: String,
    problems: &'a mut Vec<ConfigProblem>,
}

impl<'a> Section<'a> {
    /// `value` is the section; nothing or null is an empty one, anything but a map is a problem.
    pub(crate) fn new(
        value: Option<&'a Value>,
        path: String,
        problems: &'a mut Vec<ConfigProblem>,
    ) -> Self {
        let map = match value {
            None | Some(Value::Null) => None,
            Some(Value::Map(map)) => Some(map.as_ref()),
            Some(other) => {
                problems.push(
                    ConfigProblem::new(
                        path.clone(),
                        format!("a {} stands where an object is wanted", other.type_name()),
                    )
                    .with_code(config_code::WRONG_TYPE)
                    .with_help("write `{ \"key\": value, ... }`"),
                );
                None
            }
        };
        Section {
            map,
            path,
            problems,
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map
            .and_then(|map| map.get_str(key))
            .filter(|value| !value.is_null())
    }

    pub(crate) fn is_present(&self) -> bool {
        self.map.is_some()
    }

    pub(crate) fn pointer(&self, key: &str) -> String {
        format!(
            "{}/{}",
            self.path,
            key.replace('~', "~0").replace('/', "~1")
        )
    }

    pub(crate) fn problem(&mut self, key: &str, message: impl Into<String>, help: &str) {
        let problem = ConfigProblem::new(self.pointer(key), message)
            .with_code(config_code::WRONG_TYPE)
            .with_help(help);
        self.problems.push(problem);
    }

    pub(crate) fn note(&mut self, problem: ConfigProblem) {
        self.problems.push(problem);
    }

    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        let truth = match value {
            Value::Bool(truth) => Some(*truth),
            Value::Str(text) => truth_of(text),
            Value::Int(_) | Value::Long(_) => value.as_i64().and_then(|number| match number {
                0 => Some(false),
                1 => Some(true),
                _ => None,
            }),
            _ => None,
        };
        if truth.is_none() {
            self.problem(
                key,
                format!("{} is neither true nor false", shown(value)),
                "write true or false",
            );
        }
        truth
    }

    /// A whole number; fractions are cut off, as upstream does.
    pub(crate) fn whole(&mut self, key: &str) -> Option<i64> {
        let value = self.get(key)?;
        let number = match value {
            Value::Int(_) | Value::Long(_) => value.as_i64(),
            Value::Float(_) | Value::Double(_) => value
                .as_f64()
                .filter(|number| number.is_finite())
                .map(|number| number as i64),
            Value::Str(text) => text.trim().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.problem(
                key,
                format!("{} is not a whole number", shown(value)),
                "write a whole number such as 5",
            );
        }
        number
    }

    /// A number that counts something: negative ones become zero.
    pub(crate) fn count(&mut self, key: &str) -> Option<u64> {
        self.whole(key)
            .map(|number| u64::try_from(number).unwrap_or(0))
    }

    /// A text; numbers and truths are written out.
    pub(crate) fn text(&mut self, key: &str) -> Option<Str> {
        let value = self.get(key)?;
        match value {
            Value::Str(text) => Some(text.clone()),
            Value::Bool(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::BigInt(_)
            | Value::Double(_) => Some(value.to_json().into()),
            other => {
                let message = format!("a {} stands where a text is wanted", other.type_name());
                self.problem(key, message, "write a text in quotes");
                None
            }
        }
    }
}

fn truth_of(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A value as it is shown in a message: its JSON, shortened.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.to_json();
    let end = text.floor_char_boundary(80);
    if end == text.len() {
        return format!("`{text}`");
    }
    format!("`{}…`", text.get(..end).unwrap_or_default())
}
