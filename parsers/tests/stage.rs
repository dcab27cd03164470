//! The parser stage as a whole: configuration problems, several messages of one record, metadata, remote calls.

use std::collections::HashMap;

use alidade_event::{ErrorType, Origin, RawMessage, Value};
use alidade_parsers::{
    ConfigProblem, DropReason, GlobalParserSettings, ParsedRecord, Record, Scratch, SensorParser,
    SensorParserConfig,
};
use alidade_stellar::{Context, Library, NoRemote, RemoteCalls, RemoteOutcome};
use serde_json::{Value as Json, json};

fn compile(document: Json) -> Result<SensorParser, Vec<ConfigProblem>> {
    compile_with(document, json!({}), &[])
}

fn compile_with(
    document: Json,
    global: Json,
    patterns: &[(&str, &str)],
) -> Result<SensorParser, Vec<ConfigProblem>> {
    let library = Library::metron();
    let config: SensorParserConfig =
        serde_json::from_value(document).expect("the document is valid");
    let patterns: HashMap<String, String> = patterns
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    let global = GlobalParserSettings::compile(&global, &library)?;
    SensorParser::compile("s", &config, &global, &library, &patterns)
}

fn record<'r>(key: Option<&'r [u8]>, value: &'r [u8]) -> Record<'r> {
    Record {
        topic: "the-topic",
        key,
        value,
        origin: Origin {
            topic: "the-topic".into(),
            partition: 1,
            offset: 2,
            record_time_ms: 3,
            index: 0,
        },
    }
}

fn parse(parser: &SensorParser, record: &Record<'_>, remote: &mut dyn RemoteCalls) -> ParsedRecord {
    let mut context = Context::new(&Value::Null, 1_571_163_620_000, remote);
    let mut out = ParsedRecord::default();
    parser.parse(record, &mut Scratch::default(), &mut context, &mut out);
    out
}

fn json_map(extra: Json) -> Json {
    let mut document = json!({"parserClassName": "org.apache.metron.parsers.json.JSONMapParser"});
    for (name, value) in extra.as_object().expect("an object") {
        document[name.as_str()] = value.clone();
    }
    document
}

fn paths(refusal: Result<SensorParser, Vec<ConfigProblem>>) -> Vec<String> {
    refusal
        .expect_err("the document is refused")
        .into_iter()
        .map(|problem| problem.path)
        .collect()
}

#[test]
fn problems_point_into_the_document() {
    let problems = compile(json!({
        "parserClassName": "NoSuchParser",
        "filterClassName": "NOPE",
        "rawMessageStrategy": "ENVELOPE",
        "fieldTransformations": [
            {"transformation": "STELLAR", "output": ["a/b"], "config": {"a/b": "1 +"}},
            {"transformation": "REMOVE"},
            {"transformation": "BOGUS"},
            {}
        ]
    }));
    let mut found = paths(problems);
    found.sort();
    assert_eq!(
        found,
        [
            "/fieldTransformations/0/config/a~1b",
            "/fieldTransformations/1",
            "/fieldTransformations/2/transformation",
            "/fieldTransformations/3",
            "/filterClassName",
            "/parserClassName",
            "/rawMessageStrategyConfig/messageField",
        ]
    );
}

#[test]
fn an_unknown_parser_is_answered_with_the_known_ones() {
    let problems = compile(json!({"parserClassName": "x.y.NoSuchParser"})).expect_err("refused");
    let text = problems[0].to_string();
    assert!(
        text.contains("x.y.NoSuchParser")
            && text.contains("GrokParser")
            && text.contains("CEFParser"),
        "{text}"
    );
    assert!(compile(json!({"parserClassName": "BasicBroParser"})).is_ok());
    assert!(
        compile(json!({"parserClassName": "org.apache.metron.parsers.bro.BasicBroParser"})).is_ok()
    );
}

#[test]
fn settings_are_checked_with_their_place() {
    let grok = |settings: Json| {
        paths(compile(
            json!({"parserClassName": "GrokParser", "parserConfig": settings}),
        ))
    };
    assert_eq!(
        grok(json!({"patternLabel": "X"})),
        ["/parserConfig/grokPath"]
    );
    assert_eq!(
        grok(json!({"grokPath": "/nowhere", "patternLabel": "X"})),
        ["/parserConfig/grokPath"]
    );
    let squid = |name: &str, value: &str| {
        let mut settings =
            json!({"grokPath": "/patterns/squid", "patternLabel": "SQUID_DELIMITED"});
        settings[name] = json!(value);
        grok(settings)
    };
    assert_eq!(squid("dateFormat", "yyyy-QQ"), ["/parserConfig/dateFormat"]);
    assert_eq!(
        squid("readCharset", "KLINGON"),
        ["/parserConfig/readCharset"]
    );
    let bad_validation = compile_with(
        json_map(json!({})),
        json!({"fieldValidations": [{"validation": "DATE", "input": ["a"]}]}),
        &[],
    );
    assert_eq!(paths(bad_validation), ["/fieldValidations/0/config/format"]);
}

#[test]
fn an_unknown_label_is_a_warning() {
    let parser = compile(json!({
        "parserClassName": "GrokParser",
        "parserConfig": {"grokPath": "/patterns/squid", "patternLabel": "NO_SUCH_LABEL"}
    }))
    .expect("upstream starts, so do we");
    assert_eq!(parser.warnings()[0].path, "/parserConfig/patternLabel");
}

#[test]
fn one_failing_message_takes_no_other_with_it() {
    let parser = compile(json_map(json!({
        "parserConfig": {"jsonpQuery": "$.all"},
        "fieldTransformations": [{"transformation": "STELLAR", "output": ["q"], "config": {"q": "100 / n"}}]
    })))
    .expect("valid");
    let value = br#"{"all":[{"timestamp":1,"n":5},{"timestamp":2,"n":0},{"timestamp":3,"n":10}]}"#;
    let out = parse(&parser, &record(None, value), &mut NoRemote);
    let times: Vec<Option<&Value>> = out
        .events
        .iter()
        .map(|event| event.get("timestamp"))
        .collect();
    assert_eq!(times, [Some(&Value::Int(1)), Some(&Value::Int(3))]);
    assert_eq!(out.errors.len(), 1);
    assert_eq!(out.errors[0].error_type, ErrorType::ParserError);
    assert_eq!(out.errors[0].raw, [RawMessage::Bytes(value.to_vec())]);
    assert_ne!(out.events[0].get("guid"), out.events[1].get("guid"));
}

#[test]
fn metadata_are_topic_and_key() {
    let parser = compile(json_map(
        json!({"readMetadata": true, "mergeMetadata": true}),
    ))
    .expect("valid");
    let out = parse(
        &parser,
        &record(Some(br#"{"customer":"c"}"#), br#"{"timestamp":1}"#),
        &mut NoRemote,
    );
    assert_eq!(
        out.events[0].get_str("metron.metadata.topic"),
        Some("the-topic")
    );
    assert_eq!(out.events[0].get_str("metron.metadata.customer"), Some("c"));
    let out = parse(
        &parser,
        &record(Some(b"no json"), br#"{"timestamp":1}"#),
        &mut NoRemote,
    );
    assert!(out.events.is_empty());
    assert_eq!(out.errors.len(), 1);
    let out = parse(
        &parser,
        &record(Some(b""), br#"{"timestamp":1}"#),
        &mut NoRemote,
    );
    assert_eq!(out.events.len(), 1);
}

#[test]
fn an_envelope_may_carry_the_first_original_string() {
    let parser = compile(json!({
        "parserClassName": "CSVParser",
        "parserConfig": {"columns": ["timestamp", "a"]},
        "rawMessageStrategy": "ENVELOPE",
        "rawMessageStrategyConfig": {"messageField": "data", "metadataPrefix": ""},
        "mergeMetadata": false
    }))
    .expect("valid");
    let value = br#"{"data":"1,x","original_string":"<1>1,x","guid":"g"}"#;
    let out = parse(&parser, &record(None, value), &mut NoRemote);
    assert_eq!(out.events[0].get_str("original_string"), Some("<1>1,x"));
    assert_ne!(out.events[0].get_str("guid"), Some("g"));
}

#[test]
fn what_is_dropped_is_told() {
    let filtered = compile(json_map(
        json!({"filterClassName": "STELLAR", "parserConfig": {"filter.query": "a == 1"}}),
    ))
    .expect("valid");
    let out = parse(
        &filtered,
        &record(None, br#"{"timestamp":1,"a":2}"#),
        &mut NoRemote,
    );
    assert_eq!(out.dropped, [DropReason::Filtered]);
    assert!(out.events.is_empty() && out.errors.is_empty());
    let csv = compile(json!({"parserClassName": "CSVParser", "parserConfig": {"columns": "a"}}))
        .expect("valid");
    assert_eq!(
        parse(&csv, &record(None, b"# note"), &mut NoRemote).dropped,
        [DropReason::Comment]
    );
}

#[test]
fn a_pattern_that_explodes_is_an_error_of_its_line() {
    let parser = compile_with(
        json!({"parserClassName": "GrokParser", "parserConfig": {"grokPath": "/p", "patternLabel": "T"}}),
        json!({}),
        &[("/p", "T ^(?:%{WORD:UNWANTED}\\s*)*[;#]\n")],
    )
    .expect("valid");
    let line = "word ".repeat(400);
    let began = std::time::Instant::now();
    let out = parse(&parser, &record(None, line.as_bytes()), &mut NoRemote);
    assert_eq!(out.errors.len(), 1);
    assert!(began.elapsed().as_secs() < 10);
}

/// Notes calls down until it is told the answers.
#[derive(Default)]
struct Later {
    answered: bool,
    calls: usize,
}

impl RemoteCalls for Later {
    fn call(&mut self, function: &'static str, _arguments: &[Value]) -> RemoteOutcome {
        if function == "MAAS_GET_ENDPOINT" {
            return RemoteOutcome::Ready(Value::map(alidade_event::Map::new()));
        }
        self.calls += 1;
        if self.answered {
            RemoteOutcome::Ready(Value::str("malicious"))
        } else {
            RemoteOutcome::Pending
        }
    }
}

#[test]
fn an_event_waits_for_its_model_and_goes_on_at_that_transformation() {
    let parser = compile(json_map(json!({
        "fieldTransformations": [
            {"transformation": "STELLAR", "output": ["count"], "config": {"count": "if exists(count) then 99 else 1"}},
            {"transformation": "STELLAR", "output": ["early", "verdict"], "config": {
                "early": "'set'",
                "verdict": "MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga'), 'apply', {'host': host})"}},
            {"transformation": "STELLAR", "output": ["is_alert"], "config": {
                "is_alert": "if verdict == 'malicious' then 'true' else null"}}
        ]
    })))
    .expect("valid");
    let mut remote = Later::default();
    let out = parse(
        &parser,
        &record(None, br#"{"timestamp":1,"host":"x.com"}"#),
        &mut remote,
    );
    assert!(out.events.is_empty() && out.errors.is_empty());
    assert_eq!(out.pending.len(), 1);
    remote.answered = true;
    let mut context = Context::new(&Value::Null, 0, &mut remote);
    let mut done = ParsedRecord::default();
    for pending in out.pending {
        assert_eq!(pending.origin().offset, 2);
        parser.resume(pending, &mut Scratch::default(), &mut context, &mut done);
    }
    let event = &done.events[0];
    assert_eq!(
        event.get("count"),
        Some(&Value::Int(1)),
        "the first transformation ran once"
    );
    assert_eq!(event.get_str("early"), Some("set"));
    assert_eq!(event.get_str("verdict"), Some("malicious"));
    assert_eq!(event.get_str("is_alert"), Some("true"));
    assert_eq!(
        event.get_str("original_string"),
        Some(r#"{"timestamp":1,"host":"x.com"}"#)
    );
}
