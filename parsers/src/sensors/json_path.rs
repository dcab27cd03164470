//! The part of JSONPath that selects messages from a document.

use alidade_event::{Map, Value};

/// A compiled path.
#[derive(Debug)]
pub(crate) struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Name(String),
    Index(i64),
    /// `[*]` and `.*`
    Every,
    /// `..name`; without a name, every value below.
    Descendants(Option<String>),
    Slice {
        from: Option<i64>,
        to: Option<i64>,
    },
    /// `[?(...)]`: alternatives of conditions that must all hold.
    Filter(Vec<Vec<Condition>>),
}

#[derive(Debug)]
struct Condition {
    path: Vec<String>,
    /// Without one, the path must exist.
    comparison: Option<(Comparison, Value)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Most values that a path may select.
const MAX_SELECTED: usize = 1 << 20;

impl JsonPath {
    /// Compiles a path such as `$.foo`, `$..bar[*]` or `$.foo[?(@.id == 2)]`.
    ///
    /// # Errors
    /// Where the path cannot be understood.
    pub fn compile(source: &str) -> Result<JsonPath, String> {
        let source = source.trim();
        let mut rest = source.strip_prefix('$').unwrap_or(source);
        let rooted;
        if !source.starts_with('$') {
            rooted = format!(".{source}");
            rest = &rooted;
        }
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) =
                step(rest).ok_or_else(|| format!("`{rest}` is not a step of a JSON path"))?;
            steps.push(step);
            rest = after;
        }
        Ok(JsonPath { steps })
    }

    /// What the path selects: the value itself where it can be only one, a list of values otherwise. Nothing when there
    /// is no such value.
    pub fn select(&self, document: &Value) -> Option<Value> {
        let definite = self
            .steps
            .iter()
            .all(|step| matches!(step, Step::Name(_) | Step::Index(_)));
        let mut selected = vec![document];
        for step in &self.steps {
            let mut next = Vec::new();
            for value in selected {
                step.apply(value, &mut next);
                if next.len() > MAX_SELECTED {
                    return None;
                }
            }
            selected = next;
        }
        if definite {
            return selected.first().map(|value| (*value).clone());
        }
        Some(Value::list(selected.into_iter().cloned().collect()))
    }
}

fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix("..") {
        let (name, rest) = name(rest);
        return Some(match name {
            "" => (
                Step::Descendants(None),
                rest.strip_prefix('*').unwrap_or(rest),
            ),
            name => (Step::Descendants(Some(name.to_owned())), rest),
        });
    }
    if let Some(rest) = text.strip_prefix('.') {
        if let Some(rest) = rest.strip_prefix('*') {
            return Some((Step::Every, rest));
        }
        let (name, rest) = name(rest);
        return (!name.is_empty()).then(|| (Step::Name(name.to_owned()), rest));
    }
    let body = text.strip_prefix('[')?;
    if let Some(filter) = body.strip_prefix('?') {
        let filter = filter.trim_start().strip_prefix('(')?;
        let end = closing_bracket(filter)?;
        let rest = filter.get(end + 1..)?.trim_start().strip_prefix(']')?;
        return Some((Step::Filter(conditions(filter.get(..end)?)?), rest));
    }
    if body.starts_with(['\'', '"']) {
        let (name, rest) = quoted(body)?;
        return Some((
            Step::Name(name.to_owned()),
            rest.trim_start().strip_prefix(']')?,
        ));
    }
    let (inside, rest) = body.split_once(']')?;
    let inside = inside.trim();
    if inside == "*" {
        return Some((Step::Every, rest));
    }
    if let Some((from, to)) = inside.split_once(':') {
        let bound = |text: &str| -> Option<Option<i64>> {
            match text.trim() {
                "" => Some(None),
                digits => digits.parse().ok().map(Some),
            }
        };
        let slice = Step::Slice {
            from: bound(from)?,
            to: bound(to)?,
        };
        return Some((slice, rest));
    }
    Some((Step::Index(inside.parse().ok()?), rest))
}

fn name(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[', '*']).unwrap_or(text.len()))
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next()?;
    text.get(1..)?.split_once(quote)
}

/// The place of the bracket that closes a condition, quoted text skipped.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => return Some(at),
            (None, ')') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

fn conditions(text: &str) -> Option<Vec<Vec<Condition>>> {
    text.split("||")
        .map(|alternative| alternative.split("&&").map(condition).collect())
        .collect()
}

fn condition(text: &str) -> Option<Condition> {
    const COMPARISONS: [(&str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let text = text.trim();
    let found = COMPARISONS.iter().find_map(|(sign, comparison)| {
        text.split_once(sign)
            .map(|(left, right)| (left, *comparison, right))
    });
    let Some((left, comparison, right)) = found else {
        return Some(Condition {
            path: inner_path(text)?,
            comparison: None,
        });
    };
    Some(Condition {
        path: inner_path(left.trim())?,
        comparison: Some((comparison, literal(right.trim())?)),
    })
}

fn inner_path(text: &str) -> Option<Vec<String>> {
    let mut rest = text.strip_prefix('@')?;
    let mut path = Vec::new();
    while !rest.is_empty() {
        match step(rest)? {
            (Step::Name(name), after) => {
                path.push(name);
                rest = after;
            }
            _ => return None,
        }
    }
    Some(path)
}

fn literal(text: &str) -> Option<Value> {
    if text.starts_with(['\'', '"']) {
        let (inside, rest) = quoted(text)?;
        return rest.is_empty().then(|| Value::str(inside));
    }
    match text {
        "null" => Some(Value::Null),
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        number => number.parse().ok().map(Value::Double),
    }
}

impl Step {
    fn apply<'v>(&self, value: &'v Value, out: &mut Vec<&'v Value>) {
        match (self, value) {
            (Step::Name(name), Value::Map(map)) => out.extend(map.get_str(name)),
            (Step::Index(index), Value::List(members)) => {
                out.extend(position(*index, members.len()).and_then(|at| members.get(at)));
            }
            (Step::Every, value) => out.extend(children(value)),
            (Step::Descendants(name), value) => descend(value, name.as_deref(), out, 0),
            (Step::Slice { from, to }, Value::List(members)) => {
                let bound = |given: &Option<i64>, default: usize| {
                    given.map_or(default, |index| {
                        position(index, members.len()).unwrap_or(if index < 0 {
                            0
                        } else {
                            members.len()
                        })
                    })
                };
                let (from, to) = (bound(from, 0), bound(to, members.len()));
                out.extend(members.get(from..to).unwrap_or_default());
            }
            (Step::Filter(alternatives), value) => {
                out.extend(children(value).into_iter().filter(|child| {
                    alternatives
                        .iter()
                        .any(|all| all.iter().all(|condition| condition.holds(child)))
                }));
            }
            _ => {}
        }
    }
}

/// A position from the start, or from the end when it is negative.
fn position(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        return usize::try_from(index).ok();
    }
    length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::List(members) => members.iter().collect(),
        Value::Map(map) => map.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

fn descend<'v>(value: &'v Value, name: Option<&str>, out: &mut Vec<&'v Value>, depth: usize) {
    // The reader bounds the depth of documents; this one bounds it for good.
    if depth > 256 || out.len() > MAX_SELECTED {
        return;
    }
    if let (Value::Map(map), Some(name)) = (value, name) {
        out.extend(Map::get_str(map, name));
    }
    for child in children(value) {
        if name.is_none() {
            out.push(child);
        }
        descend(child, name, out, depth + 1);
    }
}

impl Condition {
    fn holds(&self, value: &Value) -> bool {
        let mut found = value;
        for name in &self.path {
            let inner = match found {
                Value::Map(map) => map.get_str(name),
                _ => None,
            };
            match inner {
                Some(inner) => found = inner,
                None => return false,
            }
        }
        let Some((comparison, expected)) = &self.comparison else {
            return true;
        };
        if let (Some(left), Some(right)) = (found.as_f64(), expected.as_f64()) {
            return comparison.holds(left.partial_cmp(&right));
        }
        match (found, expected) {
            (Value::Str(left), Value::Str(right)) => comparison.holds(Some(left.cmp(right))),
            (left, right) => {
                comparison.holds(left.same(right).then_some(std::cmp::Ordering::Equal))
            }
        }
    }
}

impl Comparison {
    /// `None` stands for values that are different but have no order.
    fn holds(self, order: Option<std::cmp::Ordering>) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Comparison::Equal => order == Some(Equal),
            Comparison::NotEqual => order != Some(Equal),
            Comparison::Less => order == Some(Less),
            Comparison::LessOrEqual => matches!(order, Some(Less | Equal)),
            Comparison::Greater => order == Some(Greater),
            Comparison::GreaterOrEqual => matches!(order, Some(Greater | Equal)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, JACKSON};

    fn select(path: &str) -> Option<String> {
        let document = json::read(
            r#"{"foo":[{"id":1,"t":"a"},{"id":2,"t":"b","m":{"id":9}},{"t":"c"}],"bar":{"baz":[5]},"a b":7}"#,
            JACKSON,
        )
        .unwrap();
        JsonPath::compile(path)
            .unwrap()
            .select(&document)
            .map(|value| value.to_json())
    }

    #[test]
    fn paths_select_one_value_or_many() {
        let cases = [
            ("$.bar.baz", Some("[5]")),
            ("$['a b']", Some("7")),
            ("$.foo[0].id", Some("1")),
            ("$.foo[-1].t", Some("\"c\"")),
            ("$.foo[*].t", Some("[\"a\",\"b\",\"c\"]")),
            ("$.foo[0:2].id", Some("[1,2]")),
            ("$..id", Some("[1,2,9]")),
            ("$.bar.*", Some("[[5]]")),
            ("$.foo[?(@.id==2)].t", Some("[\"b\"]")),
            ("$.foo[?(@.id > 1 || @.t == 'c')].t", Some("[\"b\",\"c\"]")),
            ("$.foo[?(@.m.id)].id", Some("[2]")),
            ("$.nosuch", None),
            ("$.nosuch[*]", Some("[]")),
        ];
        for (path, expected) in cases {
            assert_eq!(select(path).as_deref(), expected, "{path}");
        }
        for bad in ["$.foo[", "$.", "$.foo[?(x)]", "$[x]"] {
            assert!(JsonPath::compile(bad).is_err(), "{bad}");
        }
    }
}
