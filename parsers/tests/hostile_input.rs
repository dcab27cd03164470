//! Nothing that a sender can type makes a parser panic or lose a record without a word.

use std::collections::HashMap;

use alidade_event::{Origin, Value};
use alidade_parsers::{
    GlobalParserSettings, ParsedRecord, Record, Scratch, SensorParser, SensorParserConfig,
};
use alidade_stellar::{Context, Library, NoRemote};
use proptest::prelude::*;
use serde_json::json;

fn compile(document: serde_json::Value) -> SensorParser {
    let config: SensorParserConfig =
        serde_json::from_value(document).expect("the document is valid");
    let patterns: HashMap<String, String> = HashMap::new();
    SensorParser::compile(
        "sensor",
        &config,
        &GlobalParserSettings::default(),
        &Library::metron(),
        &patterns,
    )
    .expect("the document compiles")
}

fn squid() -> SensorParser {
    compile(json!({
        "parserClassName": "org.apache.metron.parsers.GrokParser",
        "sensorTopic": "squid",
        "parserConfig": {"grokPath": "/patterns/squid", "patternLabel": "SQUID_DELIMITED", "timestampField": "timestamp"}
    }))
}

/// Every parser with the least that it needs.
fn everything() -> Vec<SensorParser> {
    [
        json!({"parserClassName": "CSVParser", "parserConfig": {"columns": ["timestamp", "a"]}}),
        json!({"parserClassName": "JSONMapParser", "parserConfig": {"mapStrategy": "UNFOLD", "jsonpQuery": "$..x"}}),
        json!({"parserClassName": "JSONMapParser", "parserConfig": {"overrideOriginalString": true}}),
        json!({"parserClassName": "JSONMapParser", "rawMessageStrategy": "ENVELOPE",
               "rawMessageStrategyConfig": {"messageField": "data"}}),
        json!({"parserClassName": "GrokParser", "parserConfig": {
            "grokPath": "/patterns/yaf", "patternLabel": "YAF_DELIMITED", "multiLine": true,
            "timestampField": "start_time", "timeFields": ["start_time", "end_time"], "dateFormat": "yyyy-MM-dd HH:mm:ss.S"}}),
        json!({"parserClassName": "BasicSnortParser"}),
        json!({"parserClassName": "BasicBroParser"}),
        json!({"parserClassName": "Syslog3164Parser"}),
        json!({"parserClassName": "Syslog5424Parser"}),
        json!({"parserClassName": "BasicAsaParser"}),
        json!({"parserClassName": "CEFParser"}),
        json!({"parserClassName": "LEEFParser"}),
        json!({"parserClassName": "RegularExpressionsParser", "parserConfig": {
            "recordTypeRegex": "(?<t>[a-z]+)", "messageHeaderRegex": "(?<h>\\d+)",
            "fields": [{"recordType": "a", "regex": "(?<all>.*)"}]}}),
        json!({"parserClassName": "GrokWebSphereParser"}),
        json!({"parserClassName": "BasicPaloAltoFirewallParser"}),
        json!({"parserClassName": "BasicFireEyeParser"}),
        json!({"parserClassName": "BasicIseParser"}),
        json!({"parserClassName": "BasicLancopeParser"}),
        json!({"parserClassName": "BasicLogstashParser"}),
        json!({"parserClassName": "BasicSourcefireParser"}),
    ]
    .into_iter()
    .map(compile)
    .collect()
}

fn parse(parser: &SensorParser, value: &[u8]) -> ParsedRecord {
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, 1_571_163_620_000, &mut remote);
    let mut out = ParsedRecord::default();
    let record = Record {
        topic: "sensor",
        key: None,
        value,
        origin: Origin {
            topic: "sensor".into(),
            partition: 0,
            offset: 7,
            record_time_ms: 0,
            index: 0,
        },
    };
    parser.parse(&record, &mut Scratch::default(), &mut context, &mut out);
    out
}

fn is_accounted_for(out: &ParsedRecord) -> bool {
    !out.events.is_empty() || !out.errors.is_empty() || !out.dropped.is_empty()
}

/// Lines that nearly are what the parsers expect.
fn near_miss() -> impl Strategy<Value = String> {
    let seeds = prop::sample::select(vec![
        "1571163620.277    192 127.0.0.1 TCP_MISS/301 366 GET http://yahoo.com/ - HIER_DIRECT/72.30.35.10 text/html",
        "<34>1 2019-10-11T22:14:15.003Z host su - ID47 [a@1 k=\"v\"] message",
        "<34>Oct 11 22:14:15 host message",
        "<166>Oct 09 2015 13:42:11 10.1.1.1 %ASA-6-302013: Built outbound TCP connection 1 for o:1.2.3.4/443 to i:10.5.5.5/50123",
        "CEF:0|Acme|Gate|7.1|100|worm|5|rt=Oct 15 2019 18:20:20 src=10.0.0.1 cs1Label=a cs1=b",
        "LEEF:2.0|Acme|Box|1.2|evt42|^|src=10.0.0.1^devTime=1550000000000",
        "{\"http\": {\"ts\": 1550000000.5, \"tx_hosts\": [\"a\"], \"x\": {\"y\": 1}}, \"data\": \"z\"}",
        "<165>Jul 21 06:07:08 10.77.3.4 fenotify-1.alert: CEF:0|x|y|z|a|b|1|rt=1 src=1.1.1.1 dst=2.2.2.2 ",
        "[1:2003:4] msg {TCP} 10.0.0.1:1 -> 10.0.0.2:2",
        "a=1, b={c,d}, e=(f=g)h, i=\\,j=k=l, ",
        "2018-03-04 05:06:07.890|2018-03-04 05:06:09.123|2.2|0.0|6|1.1.1.1|1|2.2.2.2|2|A|0|0|0|1|0|0|0|1|2|3|4|0|idle",
    ]);
    (
        seeds,
        prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 0..4),
    )
        .prop_map(|(seed, changes)| {
            let mut line: Vec<char> = seed.chars().collect();
            for (at, replacement) in changes {
                let at = at.index(line.len());
                line[at] = replacement;
            }
            line.into_iter().collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn squid_accounts_for_random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(is_accounted_for(&parse(&squid(), &bytes)));
    }
}

#[test]
fn every_parser_accounts_for_near_misses() {
    let parsers = everything();
    let squid = squid();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    runner
        .run(&near_miss(), |line| {
            prop_assert!(
                is_accounted_for(&parse(&squid, line.as_bytes())),
                "squid: {line}"
            );
            for parser in &parsers {
                prop_assert!(
                    is_accounted_for(&parse(parser, line.as_bytes())),
                    "{parser:?}: {line}"
                );
            }
            Ok(())
        })
        .expect("every line is accounted for");
}

#[test]
fn every_parser_accounts_for_random_bytes() {
    let parsers = everything();
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(300));
    runner
        .run(&bytes, |bytes| {
            for parser in &parsers {
                prop_assert!(
                    is_accounted_for(&parse(parser, &bytes)),
                    "{parser:?}: {bytes:?}"
                );
            }
            Ok(())
        })
        .expect("every record is accounted for");
}

#[test]
fn a_replay_gives_the_same_guids() {
    let line = b"1571163620.277    192 127.0.0.1 TCP_MISS/301 366 GET http://yahoo.com/ - HIER_DIRECT/72.30.35.10 text/html";
    let guid = |out: ParsedRecord| out.events[0].get_str("guid").map(str::to_owned);
    let parser = squid();
    let first = guid(parse(&parser, line));
    assert!(first.is_some());
    assert_eq!(first, guid(parse(&parser, line)));
}
