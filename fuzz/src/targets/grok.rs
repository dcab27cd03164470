use std::collections::HashMap;

use alidade_event::{Origin, Value};
use alidade_parsers::{
    GlobalParserSettings, ParsedRecord, Record, Scratch, SensorParser, SensorParserConfig,
};
use alidade_stellar::{Context, NoRemote};
use serde_json::json;

use super::{Target, Violation, promise, sources};
use crate::Observed;
use crate::scope::NOW_MS;

/// The input is a pattern file, whose last pattern is used, and in the last line what it is matched with.
pub const TARGET: Target = Target {
    name: "grok",
    run,
    seeds,
    generate: None,
    words,
};

const FILES: &[(&str, &str)] = &[
    (
        include_str!("../../../config/zookeeper/patterns/squid"),
        "1467011157.401    415 127.0.0.1 TCP_MISS/200 337891 GET http://www.example.com/a - DIRECT/10.1.2.3 text/html",
    ),
    (
        include_str!("../../../config/zookeeper/patterns/yaf"),
        "2016-01-28 15:29:48.512|2016-01-28 15:29:48.512|   0.000|   0.000|  6|  216.21.170.221| 80|  10.0.2.15| 39468|      AS|       0|       0|       0|22efa001|00000000|000|000|       1|      44|       0|       0|    0|idle ",
    ),
    (
        include_str!("../../../config/zookeeper/patterns/asa"),
        "<162>Aug 05 2016 01:01:34: %ASA-2-106001: Inbound TCP connection denied from 10.1.2.3/80 to 10.2.3.4/99 flags ACK on interface inside",
    ),
    (
        include_str!("../../../config/zookeeper/patterns/websphere"),
        "<133>Apr 15 17:47:28 ABCXML1413 [rojOut][0x81000033][auth][notice] user(rick007): [120.43.200.6]: User logged into 'cohlOut'.",
    ),
];

const PATTERNS: &[(&str, &str)] = &[
    (
        "X (?<a>\\d+)-%{WORD:b}(?:\\s+%{NUMBER:c:int})?",
        "12-ab 3.5",
    ),
    (
        "A %{B:b}\nB %{C:c}%{C:c}\nC (?:x|y)++\nX %{A}%{GREEDYDATA:rest}",
        "xyxy rest",
    ),
    (
        "X ^(?>a|ab)(?=c)(?<!d)\\Qc.\\E[^\\]&&[a-z]]\\k<n>(?<n>.)$",
        "acc.",
    ),
    (
        "X %{TIMESTAMP_ISO8601:t} %{LOGLEVEL:l} %{IPORHOST:h} %{URI:u} %{QS:q}",
        "2019-01-01T00:00:00Z INFO h http://a/b \"x\"",
    ),
    (
        "X (a+)+$",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
    ),
    ("X %{X}", "a"),
    ("X %{DATA:a}%{DATA:b}%{DATA:c} %{SPACE}é", "1 2 3 é"),
];

fn seeds() -> Vec<Vec<u8>> {
    let all = FILES.iter().chain(PATTERNS);
    all.map(|(file, line)| format!("{}\n{line}", file.trim_end()).into_bytes())
        .collect()
}

fn words() -> Vec<String> {
    let words = [
        "%{WORD:a}",
        "%{NUMBER:n}",
        "%{GREEDYDATA:g}",
        "%{DATA:d}",
        "%{IP:ip}",
        "%{X}",
        "%{",
        "}",
        ":",
        "(?<a>",
        "(?:",
        "(?>",
        "(?=",
        "(?!",
        "(?<=",
        "(?<!",
        ")",
        "[^",
        "]",
        "[[:alpha:]]",
        "\\Q",
        "\\E",
        "\\d+",
        "\\p{Alpha}",
        "\\x{10ffff}",
        "\\u00e9",
        "\\k<a>",
        "\\1",
        "*+",
        "+?",
        "{0,99999}",
        "{2,}",
        "(a+)+",
        "(a|a)*",
        "|",
        "^",
        "$",
        "\\b",
        "(?i)",
        "(?x)",
        "(?u)",
        "&&",
        "\\G",
        "\\Z",
        "(*UTF)",
        "(*LIMIT_MATCH=9)",
        "(?R)",
        "(?1)",
        "(?{",
        "(?#",
        "\nX ",
        "é",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "\\c",
        "\\N{",
        "\\X",
        "\\R",
        "(?P<b>",
        "UNWANTED",
        "%{IP:a:int}",
        ".*",
        "\\",
    ];
    words.map(str::to_owned).to_vec()
}

fn run(input: &[u8], observed: &mut Observed) -> Result<(), Violation> {
    let text = String::from_utf8_lossy(input);
    let (file, line) = text.rsplit_once('\n').unwrap_or((&text, ""));
    let label = file.lines().last().unwrap_or_default();
    let label = label.split_whitespace().next().unwrap_or_default();
    let document = json!({
        "parserClassName": "org.apache.metron.parsers.GrokParser",
        "parserConfig": {"grokPath": "/p", "patternLabel": label},
    });
    let config: SensorParserConfig = serde_json::from_value(document)
        .map_err(|error| Violation(format!("the document of this target: {error}")))?;
    let patterns = HashMap::from([("/p".to_owned(), file.to_owned())]);
    let global = GlobalParserSettings::default();
    let library = sources::library();
    let parser = match SensorParser::compile("s", &config, &global, library, &patterns) {
        Ok(parser) => parser,
        Err(problems) => {
            promise(!problems.is_empty(), || {
                "refused without a reason".to_owned()
            })?;
            for problem in problems {
                observed.note_message(&problem.message);
            }
            return Ok(());
        }
    };
    let mut first = ParsedRecord::default();
    parse(
        &parser,
        line.as_bytes(),
        &mut Scratch::default(),
        &mut first,
    );
    super::records::check(&parser, line.as_bytes(), &first, observed)?;
    observed.note((
        "fields",
        first.events.first().map(|event| event.len().min(30)),
    ));
    Ok(())
}

pub fn parse(parser: &SensorParser, line: &[u8], scratch: &mut Scratch, out: &mut ParsedRecord) {
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, NOW_MS, &mut remote);
    let record = Record {
        topic: "t",
        key: None,
        value: line,
        origin: Origin {
            topic: "t".into(),
            partition: 0,
            offset: 1,
            record_time_ms: NOW_MS,
            index: 0,
        },
    };
    parser.parse(&record, scratch, &mut context, out);
}
