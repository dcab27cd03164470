use std::collections::HashMap;
use std::sync::OnceLock;

use alidade_event::{Event, NumberStyle};
use alidade_parsers::{
    GlobalParserSettings, ParsedRecord, Scratch, SensorParser, SensorParserConfig,
};
use serde_json::Value as Json;

use super::grok::parse;
use super::{Target, Violation, promise, sources};
use crate::Observed;
use crate::scope::NOW_MS;

/// The input is the number of a sensor in its first line, and a record of that sensor.
pub const TARGET: Target = Target {
    name: "records",
    run,
    seeds,
    generate: None,
    words,
};

/// The sensors of the parsers' own tests, and a record of each case.
struct Cases {
    sensors: Vec<SensorParser>,
    records: Vec<(usize, Vec<u8>)>,
}

fn cases() -> &'static Cases {
    static CASES: OnceLock<Cases> = OnceLock::new();
    CASES.get_or_init(read_cases)
}

fn read_cases() -> Cases {
    let text = include_str!("../../../parsers/tests/data/parse.jsonl");
    let mut numbers: HashMap<String, Option<usize>> = HashMap::new();
    let mut cases = Cases {
        sensors: Vec::new(),
        records: Vec::new(),
    };
    for line in text.lines() {
        let Ok(case) = serde_json::from_str::<Json>(line) else {
            continue;
        };
        let Some(input) = case.get("input") else {
            continue;
        };
        let Some(record) = input.get("line").and_then(Json::as_str) else {
            continue;
        };
        let key = ["sensor", "config", "global", "patterns"].map(|name| input.get(name));
        let key = format!("{key:?}");
        let number = *numbers.entry(key).or_insert_with(|| {
            let sensor = compile(input)?;
            cases.sensors.push(sensor);
            Some(cases.sensors.len() - 1)
        });
        if let Some(number) = number {
            cases.records.push((number, record.as_bytes().to_vec()));
        }
    }
    cases
}

fn compile(input: &Json) -> Option<SensorParser> {
    let config: SensorParserConfig = serde_json::from_value(input.get("config")?.clone()).ok()?;
    let library = sources::library();
    let global = match input.get("global") {
        Some(global) => GlobalParserSettings::compile(global, library).ok()?,
        None => GlobalParserSettings::default(),
    };
    let mut patterns: HashMap<String, String> = HashMap::new();
    for (path, text) in input
        .get("patterns")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
    {
        patterns.insert(path.clone(), text.as_str()?.to_owned());
    }
    let sensor = input.get("sensor")?.as_str()?;
    SensorParser::compile(sensor, &config, &global, library, &patterns).ok()
}

fn seeds() -> Vec<Vec<u8>> {
    let records = cases().records.iter();
    let inputs =
        records.map(|(sensor, record)| [format!("{sensor}\n").as_bytes(), record].concat());
    inputs.collect()
}

fn words() -> Vec<String> {
    let words = [
        "CEF:0|a|b|c|d|e|1|",
        "LEEF:2.0|a|b|c|d|^|",
        "\\=",
        "\\|",
        " act=",
        "<34>",
        "<165>1 ",
        "%ASA-6-302013: ",
        "[",
        "]",
        "2019-10-15T18:20:20.000Z",
        "Oct  5 18:20:20",
        "1467011157.401",
        "10.1.2.3",
        "fe80::1",
        "|",
        ",",
        "\"",
        "\"\"",
        "{\"",
        "\":",
        "null",
        "{}",
        "[]",
        "\\u0000",
        "https://a.b.c/d?e=f#g",
        "TCP_MISS/200",
        "\t",
        "\n",
        "\r\n",
        "é",
        "-",
        "=",
        "0x1F",
        "[a@1 b=\"c\\]\"]",
        "\u{feff}",
        "#",
        "#fields\t",
        "(",
        "tcp",
        "%20",
        "&",
        "\\n",
        "2019-02-30 25:61:61",
        "999999999999999",
    ];
    words.map(str::to_owned).to_vec()
}

fn run(input: &[u8], observed: &mut Observed) -> Result<(), Violation> {
    let at = input.iter().position(|byte| *byte == b'\n');
    let (number, record) = input.split_at(at.unwrap_or(0));
    let record = record.strip_prefix(b"\n").unwrap_or(record);
    let number: usize = String::from_utf8_lossy(number).trim().parse().unwrap_or(0);
    let sensors = &cases().sensors;
    let number = number % sensors.len().max(1);
    let Some(sensor) = sensors.get(number) else {
        return Err(Violation("no sensor of this target compiles".to_owned()));
    };
    let mut scratch = Scratch::default();
    let mut first = ParsedRecord::default();
    parse(sensor, record, &mut scratch, &mut first);
    observed.note((number, first.events.len().min(4), first.errors.len().min(4)));
    check(sensor, record, &first, observed)?;
    for event in &first.events {
        observed.note((number, event.len().min(40)));
    }
    // What an earlier record left in the scratch memory must not show.
    let mut second = ParsedRecord::default();
    parse(sensor, record, &mut scratch, &mut second);
    promise(texts(&first) == texts(&second), || {
        format!("{:?} and the next time {:?}", texts(&first), texts(&second))
    })
}

fn texts(record: &ParsedRecord) -> Vec<String> {
    let errors = record.errors.iter().map(|error| format!("{error:?}"));
    record
        .events
        .iter()
        .map(Event::to_json)
        .chain(errors)
        .collect()
}

/// Every record leaves something, and whatever it leaves can be written and read.
pub fn check(
    sensor: &SensorParser,
    record: &[u8],
    parsed: &ParsedRecord,
    observed: &mut Observed,
) -> Result<(), Violation> {
    let count = parsed.events.len() + parsed.errors.len() + parsed.dropped.len();
    promise(count + parsed.pending.len() > 0, || {
        format!(
            "{} leaves nothing of {} bytes",
            sensor.sensor(),
            record.len()
        )
    })?;
    for event in &parsed.events {
        check_readable(event)?;
    }
    for error in &parsed.errors {
        check_readable(&error.to_event(NOW_MS, Some("host"), "guid"))?;
        let cause = error.cause.as_deref().or(error.message.as_deref());
        observed.note_message(cause.unwrap_or_default());
    }
    for dropped in &parsed.dropped {
        observed.note(dropped.as_str());
    }
    Ok(())
}

fn check_readable(event: &Event) -> Result<(), Violation> {
    let text = event.to_json();
    let again = Event::read_json(text.as_bytes(), NumberStyle::Simple);
    let again = again.map_err(|error| Violation(format!("{error}: {text}")))?;
    promise(again.len() == event.len(), || {
        format!(
            "{} of {} fields come back from {text}",
            again.len(),
            event.len()
        )
    })
}
