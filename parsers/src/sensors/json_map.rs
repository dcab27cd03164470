//! JSON objects, or several of them selected from a larger document.

use alidade_event::{Event, FieldName, Map, Str, Value, field};
use alidade_stellar::{ConfigProblem, config_code};

use super::json_path::JsonPath;
use super::{MessageParser, Run, Setup, bad_pattern, setting_problem};
use crate::charset::Charset;
use crate::java_order::{self, Filled};
use crate::json;
use crate::sensor::DropReason;

/// What becomes of fields that hold objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MapStrategy {
    Drop,
    Unfold,
    Allow,
    Error,
}

#[derive(Debug)]
struct JsonMapParser {
    map_strategy: MapStrategy,
    query: Option<JsonPath>,
    /// The name under which the message is put into a list before it is queried.
    wrap: Option<String>,
    override_original_string: bool,
    charset: Charset,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    JsonMapParser::new(setup)
        .map(|parser| Box::new(parser) as Box<dyn MessageParser>)
        .map_err(|problem| vec![problem])
}

impl JsonMapParser {
    fn new(setup: &Setup<'_>) -> Result<Self, ConfigProblem> {
        let map_strategy = match setup.text("mapStrategy")?.as_deref() {
            None | Some("DROP") => MapStrategy::Drop,
            Some("UNFOLD") => MapStrategy::Unfold,
            Some("ALLOW") => MapStrategy::Allow,
            Some("ERROR") => MapStrategy::Error,
            Some(other) => {
                return Err(setting_problem(
                    "mapStrategy",
                    format!("there is no strategy `{other}`"),
                )
                .with_code(config_code::UNKNOWN_NAME)
                .with_help("one of DROP, UNFOLD, ALLOW, ERROR"));
            }
        };
        let query = setup
            .text("jsonpQuery")?
            .filter(|query| !query.trim().is_empty())
            .map(|query| JsonPath::compile(&query))
            .transpose()
            .map_err(|reason| bad_pattern("jsonpQuery", reason))?;
        let wrap = match setup.switch("wrapInEntityArray")? {
            true => Some(
                setup
                    .text("wrapEntityName")?
                    .unwrap_or_else(|| "messages".to_owned()),
            ),
            false => None,
        };
        Ok(JsonMapParser {
            map_strategy,
            wrap: wrap.filter(|_| query.is_some()),
            query,
            override_original_string: setup.switch("overrideOriginalString")?,
            charset: setup.charset()?,
        })
    }

    fn objects(&self, text: &str, query: &JsonPath) -> Result<Option<Vec<Event>>, String> {
        let document = match &self.wrap {
            None => json::read(text, json::JACKSON)?,
            Some(name) => {
                let text = text.trim_end();
                let members = text.strip_suffix(',').unwrap_or(text);
                let mut quoted = Vec::new();
                alidade_event::write_string(name, &mut quoted);
                let quoted = String::from_utf8(quoted).unwrap_or_default();
                json::read(&format!("{{{quoted}:[{members}]}}"), json::JACKSON)?
            }
        };
        let Some(selected) = query.select(&document) else {
            return Ok(None);
        };
        let Value::List(members) = &selected else {
            return Err(format!(
                "the query gives a {}, not a list of objects",
                selected.type_name()
            ));
        };
        members
            .iter()
            .map(|member| match member {
                Value::Map(map) => Ok(as_event(map)),
                other => Err(format!(
                    "the query gives a list that holds a {}",
                    other.type_name()
                )),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The field for which the object is refused, if there is one.
    fn refused_field<'e>(&self, object: &'e Event) -> Option<&'e FieldName> {
        if self.map_strategy != MapStrategy::Error {
            return None;
        }
        object
            .iter()
            .find_map(|(name, value)| matches!(value, Value::Map(_)).then_some(name))
    }

    fn finish(&self, object: Event, now_ms: i64) -> Event {
        let original = self
            .override_original_string
            .then(|| text_in_java_order(&object));
        let mut event = self.flatten(object);
        if let Some(original) = original {
            event.set(field::ORIGINAL_STRING, original);
        }
        if !event.contains(field::TIMESTAMP) {
            event.set(field::TIMESTAMP, now_ms);
        }
        event
    }

    fn flatten(&self, object: Event) -> Event {
        let has_maps = object
            .iter()
            .any(|(_, value)| matches!(value, Value::Map(_)));
        if !has_maps || self.map_strategy == MapStrategy::Allow {
            return object;
        }
        let mut event = Event::with_capacity(object.len() + 8);
        for (name, value) in object {
            match (value, self.map_strategy) {
                (Value::Map(map), MapStrategy::Unfold) => unfold(&name, &map, &mut event),
                (Value::Map(_), _) => {}
                (value, _) => {
                    event.set(name, value);
                }
            }
        }
        event
    }
}

impl MessageParser for JsonMapParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        let objects = match &self.query {
            None => json::read_event(&text, json::JACKSON).map(|event| Some(vec![event])),
            Some(query) => self.objects(&text, query),
        };
        let objects = match objects {
            Ok(Some(objects)) if !objects.is_empty() => objects,
            Ok(_) => {
                run.drop(DropReason::NothingSelected);
                return;
            }
            Err(reason) => {
                run.fail(format!("Unable to parse {text}: {reason}"));
                return;
            }
        };
        for object in objects {
            match self.refused_field(&object) {
                None => run.event(self.finish(object, run.now_ms)),
                Some(name) => run.fail_part(
                    &object.to_json(),
                    format!("Unable to process {name} because value is a map."),
                ),
            }
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }
}

fn unfold(prefix: &str, map: &Map, event: &mut Event) {
    for (key, value) in map.iter() {
        let name = format!("{prefix}.{}", key.as_str().unwrap_or_default());
        match value {
            Value::Map(inner) => unfold(&name, inner, event),
            value => {
                event.set(FieldName::from(name), value.clone());
            }
        }
    }
}

fn as_event(map: &Map) -> Event {
    map.iter()
        .map(|(key, value)| {
            (
                FieldName::new(key.as_str().unwrap_or_default()),
                value.clone(),
            )
        })
        .collect()
}

/// The object as upstream writes it: its fields in the order of a Java map that was copied from another.
fn text_in_java_order(event: &Event) -> Str {
    let fields: Vec<(&FieldName, &Value)> = event.iter().collect();
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let ordered: Event = java_order::order(&names, Filled::Copied)
        .into_iter()
        .filter_map(|at| fields.get(at))
        .map(|(name, value)| ((*name).clone(), (*value).clone()))
        .collect();
    Str::from(ordered.to_json())
}
