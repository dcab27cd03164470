//! Models that answer as a test says.

use std::collections::BTreeSet;

use alidade_event::{Map, Value};
use alidade_stellar::{RemoteCalls, RemoteOutcome};
use serde_json::Value as Json;

use super::case::ModelAnswer;
use super::compare::same;

/// Answers calls from a test; null where the test has no answer.
pub struct StubbedModels<'c> {
    answers: &'c [ModelAnswer],
    /// What was asked for without an answer, for people.
    pub notes: BTreeSet<String>,
}

impl<'c> StubbedModels<'c> {
    pub fn new(answers: &'c [ModelAnswer]) -> Self {
        StubbedModels {
            answers,
            notes: BTreeSet::new(),
        }
    }

    fn endpoint(&mut self, arguments: &[Value]) -> Value {
        let Some(name) = arguments.first().and_then(text) else {
            return Value::Null;
        };
        let version = arguments.get(1).and_then(text);
        let is_meant = |answer: &&ModelAnswer| {
            answer.model == name
                && match (&version, &answer.version) {
                    (Some(wanted), Some(version)) => wanted == version,
                    _ => true,
                }
        };
        let Some(answer) = self.answers.iter().find(is_meant) else {
            self.notes.insert(format!(
                "the model `{name}` has no answers in this test, so that it gives null"
            ));
            return Value::Null;
        };
        let version = version.or_else(|| answer.version.clone());
        let fields = [
            ("name", name),
            ("version", version.unwrap_or_else(|| "1.0".to_owned())),
            ("url", "http://a.model.of.this.test".to_owned()),
        ];
        let endpoint: Map = fields
            .into_iter()
            .map(|(field, value)| (Value::str(field), Value::str(&value)))
            .collect();
        Value::map(endpoint)
    }

    fn apply(&mut self, arguments: &[Value]) -> Value {
        let Some(Value::Map(endpoint)) = arguments.first() else {
            return Value::Null;
        };
        let part = |field: &str| endpoint.get_str(field).and_then(text).unwrap_or_default();
        let (model, version) = (part("name"), part("version"));
        let (function, given) = match arguments {
            [_, Value::Str(function), given, ..] => (function.to_string(), given),
            [_, .., given] => ("apply".to_owned(), given),
            _ => return Value::Null,
        };
        let given = given.to_serde();
        let is_meant = |answer: &&ModelAnswer| {
            let args = answer.args.as_ref();
            answer.model == model
                && answer.function == function
                && answer
                    .version
                    .as_ref()
                    .is_none_or(|wanted| *wanted == version)
                && args.is_none_or(|args| same(&Json::Object(args.clone()), &given))
        };
        if let Some(answer) = self.answers.iter().find(is_meant) {
            return Value::from_serde(&answer.answer, alidade_event::NumberStyle::Jackson);
        }
        self.notes.insert(format!(
            "the model `{model}` has no answer to `{function}` with {given} in this test, so that it gives null"
        ));
        Value::Null
    }
}

impl RemoteCalls for StubbedModels<'_> {
    fn call(&mut self, function: &'static str, arguments: &[Value]) -> RemoteOutcome {
        RemoteOutcome::Ready(match function {
            "MAAS_GET_ENDPOINT" => self.endpoint(arguments),
            "MAAS_MODEL_APPLY" => self.apply(arguments),
            other => {
                self.notes
                    .insert(format!("{other} is not called in tests: it gives null"));
                Value::Null
            }
        })
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Str(text) => Some(text.to_string()),
        other => Some(other.to_json()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alidade_event::NumberStyle;
    use serde_json::json;

    fn value(json: &Json) -> Value {
        Value::from_serde(json, NumberStyle::Jackson)
    }

    fn ask(models: &mut StubbedModels<'_>, function: &'static str, arguments: &[Value]) -> Json {
        match models.call(function, arguments) {
            RemoteOutcome::Ready(value) => value.to_serde(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_answer_that_fits_is_given() {
        let answers: Vec<ModelAnswer> = serde_json::from_value(json!([
            {"model": "dga", "args": {"host": "cnn.com"}, "answer": {"is_malicious": "legit"}},
            {"model": "dga", "function": "why", "answer": "because"},
            {"model": "dga", "answer": {"is_malicious": "malicious"}},
        ]))
        .unwrap();
        let mut models = StubbedModels::new(&answers);
        let dga = ask(&mut models, "MAAS_GET_ENDPOINT", &[Value::str("dga")]);
        assert_eq!(dga["name"], "dga");
        let dga = value(&dga);
        let host = |name: &str| value(&json!({"host": name}));
        let mut apply = |arguments: &[Value]| ask(&mut models, "MAAS_MODEL_APPLY", arguments);
        assert_eq!(
            apply(&[dga.clone(), host("cnn.com")])["is_malicious"],
            "legit"
        );
        assert_eq!(
            apply(&[dga.clone(), host("x.com")])["is_malicious"],
            "malicious"
        );
        assert_eq!(
            apply(&[dga.clone(), Value::str("why"), host("x")]),
            "because"
        );
        assert_eq!(apply(&[dga, Value::str("who"), host("x")]), Json::Null);
        assert_eq!(
            ask(&mut models, "MAAS_GET_ENDPOINT", &[Value::str("other")]),
            Json::Null
        );
        let notes: Vec<&String> = models.notes.iter().collect();
        assert_eq!(notes.len(), 2);
        assert!(
            notes[0].contains("`dga` has no answer to `who` with {\"host\":\"x\"}"),
            "{notes:?}"
        );
    }
}
