//! Parsing without servers: one message, one document, the answer as JSON.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use alidade_event::{Event, NumberStyle, Origin, RawMessage, Value};
use alidade_stellar::{ConfigProblem, Context, Library, NoRemote};

use crate::config::SensorParserConfig;
use crate::sensor::{ParsedRecord, Record, Scratch, SensorParser};
use crate::validate::GlobalParserSettings;

/// Parses one message as an object says: `sensor`, `config` (the parser document), `line` or `line_hex`, and optionally
/// `global`, `metadata` (the record's key), `patterns` (path to text of a pattern file) and `now_ms`.
///
/// The answer has `messages` (the events), `errors` where there are any, `dropped` (reasons) where something was
/// dropped, or `exception` (a text) with `problems` when the configuration is refused.
pub fn parse_case(input: &Json) -> Json {
    match parse(input) {
        Ok(answer) => answer,
        Err(problems) => {
            let texts: Vec<String> = problems.iter().map(ConfigProblem::to_string).collect();
            json!({"messages": [], "exception": texts.join("; "), "problems": texts})
        }
    }
}

fn parse(input: &Json) -> Result<Json, Vec<ConfigProblem>> {
    let problem = |path: &str, message: String| vec![ConfigProblem::new(path, message)];
    let text = |name: &str| input.get(name).and_then(Json::as_str);
    let library = Library::metron();
    let sensor = text("sensor").unwrap_or("sensor");
    let document = input.get("config").cloned().unwrap_or_else(|| json!({}));
    let config: SensorParserConfig =
        serde_json::from_value(document).map_err(|failure| problem("", failure.to_string()))?;
    let global_json = input.get("global").cloned().unwrap_or_else(|| json!({}));
    let global = GlobalParserSettings::compile(&global_json, &library)?;
    let patterns: HashMap<String, String> = input
        .get("patterns")
        .and_then(Json::as_object)
        .map(|files| {
            files
                .iter()
                .filter_map(|(path, text)| Some((path.clone(), text.as_str()?.to_owned())))
                .collect()
        })
        .unwrap_or_default();
    let bytes = match (text("line"), text("line_hex")) {
        (Some(line), _) => line.as_bytes().to_vec(),
        (None, Some(hex)) => from_hex(hex).ok_or_else(|| {
            problem(
                "/line_hex",
                "not an even number of hexadecimal digits".to_owned(),
            )
        })?,
        (None, None) => {
            return Err(problem(
                "/line",
                "neither `line` nor `line_hex` is given".to_owned(),
            ));
        }
    };
    let key = input
        .get("metadata")
        .filter(|metadata| !metadata.is_null())
        .map(|metadata| metadata.to_string().into_bytes());
    let parser = SensorParser::compile(sensor, &config, &global, &library, &patterns)?;
    let global_value = Value::from_serde(&global_json, NumberStyle::Jackson);
    let now_ms = input
        .get("now_ms")
        .and_then(Json::as_i64)
        .unwrap_or_else(|| jiff::Timestamp::now().as_millisecond());
    let mut remote = NoRemote;
    let mut context = Context::new(&global_value, now_ms, &mut remote);
    let mut out = ParsedRecord::default();
    let record = Record {
        topic: "",
        key: key.as_deref(),
        value: &bytes,
        origin: Origin {
            topic: sensor.into(),
            partition: 0,
            offset: 0,
            record_time_ms: now_ms,
            index: 0,
        },
    };
    parser.parse(&record, &mut Scratch::default(), &mut context, &mut out);
    Ok(answer(&out, now_ms))
}

fn answer(out: &ParsedRecord, now_ms: i64) -> Json {
    let mut answer = Map::new();
    let messages: Vec<Json> = out.events.iter().map(to_json).collect();
    answer.insert("messages".to_owned(), Json::Array(messages));
    if !out.errors.is_empty() {
        let errors = out.errors.iter().map(|error| {
            let mut fields = to_json(&error.to_event(now_ms, None, ""));
            if let (Some(RawMessage::Event(event)), Some(fields)) =
                (error.raw.first(), fields.as_object_mut())
            {
                fields.insert("raw_message".to_owned(), to_json(event));
            }
            fields
        });
        answer.insert("errors".to_owned(), errors.collect());
    }
    if !out.dropped.is_empty() {
        let reasons = out.dropped.iter().map(|reason| Json::from(reason.as_str()));
        answer.insert("dropped".to_owned(), reasons.collect());
    }
    Json::Object(answer)
}

fn to_json(event: &Event) -> Json {
    serde_json::from_str(&event.to_json()).unwrap_or(Json::Null)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
