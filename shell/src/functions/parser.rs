//! `PARSER_*`: a parser tried out on messages.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alidade_config::json::{JsonDocument, to_pretty};
use alidade_config::{DocumentId, Kind};
use alidade_event::{Event, Map, Object, Origin, Str, Value};
use alidade_parsers::{
    GlobalParserSettings, ParsedRecord, Record, Scratch, SensorParser, SensorParserConfig,
};
use alidade_stellar::{ConfigProblem, Context, EvalError, HostCall, Library, NoRemote};
use serde_json::Value as Json;

use super::Bodies;
use super::arguments::required_text;
use super::body::{Outcome, body, fail, wrong};
use super::config_store::on_store;
use crate::Services;

pub(super) fn bodies(services: &Arc<Services>) -> Bodies {
    let services = services.clone();
    vec![
        ("PARSER_CONFIG", body(config)),
        ("PARSER_INIT", body(move |call| init(call, &services))),
        ("PARSER_PARSE", body(parse)),
    ]
}

/// What PARSER_INIT gives.
#[derive(Debug)]
struct Parser {
    /// The document as it was given.
    document: Json,
    parser: SensorParser,
    records: AtomicUsize,
    parsed: AtomicUsize,
    failed: AtomicUsize,
}

impl Object for Parser {
    fn type_name(&self) -> &'static str {
        "StellarParserRunner"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn display(&self) -> String {
        format!(
            "Parser{{{} successful, {} error(s)}}",
            self.parsed.load(Ordering::Relaxed),
            self.failed.load(Ordering::Relaxed)
        )
    }
}

/// The parser is made as the pipeline makes it: the `fieldValidations` of the global configuration are part of it.
fn init(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let sensor = required_text(call, 0)?.clone();
    let document = document(call, services, &sensor)?;
    let config: SensorParserConfig = match document.typed() {
        Ok(config) => config,
        Err(problem) => return fail(problem.one_line()),
    };
    let library = Library::metron();
    let global = call.global().to_serde();
    let parser = GlobalParserSettings::compile(&global, &library).and_then(|global| {
        SensorParser::compile(&sensor, &config, &global, &library, &*services.patterns)
    });
    let parser = match parser {
        Ok(parser) => parser,
        Err(problems) => return fail(refusal(&sensor, &problems)),
    };
    for warning in parser.warnings() {
        tracing::warn!("{sensor}: {warning}");
    }
    Ok(Value::Object(Arc::new(Parser {
        document: Json::Object(document.into_members()),
        parser,
        records: AtomicUsize::new(0),
        parsed: AtomicUsize::new(0),
        failed: AtomicUsize::new(0),
    })))
}

/// The configuration that is given, else the stored one.
fn document(
    call: &dyn HostCall,
    services: &Services,
    sensor: &Str,
) -> Result<JsonDocument, EvalError> {
    let id = match Kind::Parser.of_sensor(sensor) {
        Ok(Some(id)) => id,
        Ok(None) => return fail("a parser configuration has no sensor"),
        Err(error) => return fail(error.to_string()),
    };
    match call.argument(1) {
        Value::Str(json) => read(&id, json.as_bytes()),
        Value::Map(_) => read(&id, call.argument(1).to_serde().to_string().as_bytes()),
        Value::Null if call.count() < 2 => {
            let stored = on_store(services, |store| {
                let id = id.clone();
                async move { store.read(&id).await }
            })?;
            match stored {
                Some(document) => read(&id, &document.bytes),
                None => fail(format!(
                    "there is no configuration of a parser for {sensor:?}; give one as argument 2"
                )),
            }
        }
        _ => wrong(call, 1, "the configuration of a parser as text or as a map"),
    }
}

fn read(id: &DocumentId, bytes: &[u8]) -> Result<JsonDocument, EvalError> {
    JsonDocument::parse(id, bytes).or_else(|problem| fail(problem.one_line()))
}

fn refusal(sensor: &str, problems: &[ConfigProblem]) -> String {
    let mut text = format!("the configuration of {sensor:?} is not valid:");
    for problem in problems {
        text.push_str(&format!("\n  {problem}"));
    }
    text
}

fn parser_of(call: &dyn HostCall) -> Result<&Parser, EvalError> {
    let parser = match call.argument(0) {
        Value::Object(object) => object.as_any().downcast_ref::<Parser>(),
        _ => None,
    };
    parser.map_or_else(|| wrong(call, 0, "what PARSER_INIT gives"), Ok)
}

/// Events first, then errors, each in the order of the messages. What a filter drops is not there.
fn parse(call: &mut dyn HostCall) -> Outcome {
    let parser = parser_of(call)?;
    let messages: Vec<&Str> = match call.argument(1) {
        Value::Str(message) => vec![message],
        Value::List(members) => {
            let texts = members.iter().map(|member| match member {
                Value::Str(message) => Some(message),
                _ => None,
            });
            match texts.collect() {
                Some(messages) => messages,
                None => return wrong(call, 1, "text or a list of texts"),
            }
        }
        _ => return wrong(call, 1, "text or a list of texts"),
    };
    let mut scratch = Scratch::default();
    let mut out = ParsedRecord::default();
    for message in messages {
        let mut remote = NoRemote;
        let mut context = Context::new(call.global(), call.now_ms(), &mut remote);
        let number = parser.records.fetch_add(1, Ordering::Relaxed);
        let record = Record {
            topic: parser.parser.sensor(),
            key: None,
            value: message.as_bytes(),
            origin: Origin {
                topic: Str::new(parser.parser.sensor()),
                partition: 0,
                offset: i64::try_from(number).unwrap_or(i64::MAX),
                record_time_ms: call.now_ms(),
                index: 0,
            },
        };
        parser
            .parser
            .parse(&record, &mut scratch, &mut context, &mut out);
    }
    parser.parsed.fetch_add(out.events.len(), Ordering::Relaxed);
    parser.failed.fetch_add(out.errors.len(), Ordering::Relaxed);
    let mut results: Vec<Value> = out.events.into_iter().map(to_map).collect();
    for error in &out.errors {
        results.push(to_map(error.to_event(call.now_ms(), None, "")));
    }
    Ok(Value::list(results))
}

fn to_map(event: Event) -> Value {
    let mut map = Map::with_capacity(event.len());
    for (name, value) in event {
        map.insert_str(&name, value);
    }
    Value::map(map)
}

/// The document as it was given; upstream adds every field with its default.
fn config(call: &mut dyn HostCall) -> Outcome {
    let parser = parser_of(call)?;
    Ok(Value::str(&to_pretty(&parser.document)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{session, session_with_store, shown};

    const CSV: &str = r#"csv := PARSER_INIT('own', '{"parserClassName": "org.apache.metron.parsers.csv.CSVParser", "parserConfig": {"columns": {"a": 0, "b": 1}}}')"#;

    #[test]
    fn messages_become_maps_and_errors_follow() {
        let (session, _runtime) = session();
        session.answer(CSV);
        session.answer("all := PARSER_PARSE(csv, ['1,2', 'x', '3,4'])");
        assert_eq!(
            shown(&session, "MAP(all, m -> MAP_GET('a', m))"),
            r#"["1","3",null]"#
        );
        assert_eq!(
            shown(&session, "MAP_GET('error_type', GET(all, 2))"),
            "parser_error"
        );
        assert_eq!(shown(&session, "LENGTH(PARSER_PARSE(csv, '5,6'))"), "1");
        assert_eq!(
            shown(&session, "TO_STRING(csv)"),
            "Parser{3 successful, 1 error(s)}"
        );
        assert!(shown(&session, "PARSER_CONFIG(csv)").contains("\"a\" : 0"));
    }

    #[test]
    fn a_configuration_may_be_a_map_or_a_stored_one() {
        let (session, _runtime, _folder) = session_with_store(
            "parsers/own.json",
            r#"{"parserClassName": "org.apache.metron.parsers.json.JSONMapParser"}"#,
        );
        assert_eq!(
            shown(
                &session,
                "MAP_GET('a', GET(PARSER_PARSE(PARSER_INIT('own'), '{\"a\": 5}'), 0))"
            ),
            "5"
        );
        let by_map =
            "PARSER_INIT('x', {'parserClassName': 'org.apache.metron.parsers.json.JSONMapParser'})";
        assert!(shown(&session, by_map).contains("Parser{0 successful"));
        assert!(shown(&session, "PARSER_INIT('none')").contains("no configuration of a parser"));
    }

    #[test]
    fn global_validations_are_applied() {
        let (session, _runtime) = session();
        session.answer("%define fieldValidations := [{'input': ['b'], 'validation': 'INTEGER'}]");
        session.answer(CSV);
        let source = "MAP_GET('error_type', GET(PARSER_PARSE(csv, '1,x'), 0))";
        assert_eq!(shown(&session, source), "parser_invalid");
    }

    #[test]
    fn what_is_wrong_is_told() {
        let (session, _runtime) = session();
        for (source, reason) in [
            ("PARSER_INIT('squid')", "-z"),
            ("PARSER_INIT('a/b', '{}')", "slash"),
            ("PARSER_INIT('own', '{')", "own"),
            ("PARSER_INIT('own', '{}')", "does not name its parser"),
            ("PARSER_INIT('own', null)", "argument 2"),
            ("PARSER_PARSE(STATS_INIT(), 'x')", "PARSER_INIT"),
            ("PARSER_CONFIG(null)", "PARSER_"),
        ] {
            let text = shown(&session, source);
            assert!(
                text.starts_with("[!] ") && text.contains(reason),
                "{source}: {text}"
            );
        }
        session.answer(CSV);
        assert!(shown(&session, "PARSER_PARSE(csv, [1])").contains("argument 2 must be text"));
    }
}
