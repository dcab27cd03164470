use std::sync::{Arc, OnceLock};

use alidade_config::json::{JsonDocument, to_pretty};
use alidade_config::{Compiler, DocumentId, Problem, RawDocument, RawTree, validate};
use alidade_parsers::BuiltInPatterns;
use alidade_stellar::Library;
use serde_json::Value as Json;

use super::{Target, Violation, promise};
use crate::{Observed, Random};

pub const TARGET: Target = Target {
    name: "configuration",
    run,
    seeds,
    generate: Some(write_document),
    words,
};

const ENRICHMENT: &str = r#"{
  // both stages
  "enrichment": {
    "fieldMap": {
      "geo": ["ip_src_addr"],
      "stellar": {"config": {"numbers": ["n := 1 + a", "m := MAP_GET('x', _)"], "host": "URL_TO_HOST(url)"}}
    },
    "fieldToTypeMap": {"ip_src_addr": ["playful"]}, "config": {}
  },
  "threatIntel": {
    "fieldMap": {"stellar": {"config": ["is_alert := n > 2"]}},
    "fieldToTypeMap": {},
    "triageConfig": {
      "riskLevelRules": [
        {"name": "r", "comment": "c", "rule": "n > 1 and exists(a)", "score": "10 + n", "reason": "FORMAT('%s', a)"},
        {"rule": "false", "score": 1.5}
      ],
      "aggregator": "MAX", "aggregationConfig": {"negativeValuesTrumpConf": true}
    }
  },
  "configuration": {"x": 1}
}"#;
const INDEXING: &str = r#"{"elasticsearch": {"index": "squid", "batchSize": 5, "enabled": true, "fieldNameConverter": "DEDOT"},
 "hdfs": {"index": "squid", "batchSize": "7", "enabled": false, "outputPathFunction": "FORMAT('%s', a)"}, "solr": {}}"#;
const GLOBAL: &str = r#"{"es.clustername": "metron", "es.ip": ["node1:9200"], "parser.error.topic": "indexing",
 "fieldValidations": [{"input": ["ip_src_addr"], "validation": "IP", "config": {"type": "IPV4"}},
  {"validation": "STELLAR", "config": {"condition": "exists(a) and LENGTH(a) < 10"}}],
 "geo.hdfs.file": "/x", /* old */ "profiler.client.period.duration": "15"}"#;
const PROFILER: &str = r#"{"profiles": [{"profile": "p", "foreach": "ip_src_addr", "onlyif": "exists(a)", "init": {"s": "STATS_INIT()"},
 "update": {"s": "STATS_ADD(s, n)"}, "result": {"profile": "s", "triage": {"mean": "STATS_MEAN(s)"}}, "expires": 10,
 "groupBy": ["DAY_OF_WEEK()"]}], "timestampField": "timestamp"}"#;

fn seeds() -> Vec<Vec<u8>> {
    let cases = include_str!("../../../parsers/tests/data/parse.jsonl");
    let mut documents: Vec<String> = cases
        .lines()
        .filter_map(|line| {
            let case: Json = serde_json::from_str(line).ok()?;
            Some(to_pretty(case.pointer("/input/config")?))
        })
        .collect();
    documents.sort_unstable();
    documents.dedup();
    documents.extend([ENRICHMENT, INDEXING, GLOBAL, PROFILER].map(str::to_owned));
    documents.into_iter().map(String::into_bytes).collect()
}

fn words() -> Vec<String> {
    let words = [
        "\"fieldTransformations\": [",
        "\"transformation\": \"STELLAR\"",
        "\"transformation\": \"REMOVE\"",
        "\"transformation\": \"SELECT\"",
        "\"transformation\": \"REGEX_SELECT\"",
        "\"transformation\": \"IP_PROTOCOL\"",
        "\"parserConfig\": {",
        "\"filterClassName\": \"STELLAR\"",
        "\"rawMessageStrategy\": \"ENVELOPE\"",
        "\"config\": {",
        "\"input\": ",
        "\"output\": ",
        "\"condition\": ",
        "\"aggregator\": \"MEAN\"",
        "\"score\": ",
        "\"rule\": ",
        "\"enabled\": false",
        "\"batchSize\": ",
        "//",
        "/*",
        "*/",
        "\\u0000",
        "null",
        "[",
        "{",
        "]",
        "}",
        "\\\"",
        "\"",
        ",",
        ":",
        "1e999",
        "\"\"",
        "\"'\\n'\"",
        "\"x := \"",
        "\"validation\": \"DATE\"",
    ];
    words.map(str::to_owned).to_vec()
}

/// An expression somewhere in a document.
fn write_document(random: &mut Random) -> Vec<u8> {
    let expression = super::sources::write_expression(random);
    let expression = String::from_utf8_lossy(&expression);
    let documents = [ENRICHMENT, INDEXING, GLOBAL, PROFILER];
    let document = random.word(&documents);
    let places = [
        "1 + a",
        "URL_TO_HOST(url)",
        "n > 1 and exists(a)",
        "10 + n",
        "FORMAT('%s', a)",
        "exists(a)",
    ];
    let mut quoted = Json::from(&*expression).to_string();
    quoted.pop();
    let quoted = quoted.get(1..).unwrap_or_default();
    let places: Vec<_> = places
        .iter()
        .filter(|place| document.contains(**place))
        .collect();
    let place = random.pick(&places).map_or("a", |place| **place);
    document.replacen(place, quoted, 1).into_bytes()
}

fn compiler() -> &'static Compiler {
    static COMPILER: OnceLock<Compiler> = OnceLock::new();
    COMPILER.get_or_init(|| Compiler::new(Library::metron(), Arc::new(BuiltInPatterns)))
}

fn run(input: &[u8], observed: &mut Observed) -> Result<(), Violation> {
    let lines = input.iter().filter(|byte| **byte == b'\n').count() + 1;
    let sensor = || "s".to_owned();
    let document = match JsonDocument::parse(DocumentId::Parser(sensor()), input) {
        Ok(document) => document,
        Err(problem) => {
            return check_problems(&[*problem], lines, observed);
        }
    };
    check_problems(&document.warnings(), lines, observed)?;
    let members = Json::Object(document.members().clone());
    let pretty = to_pretty(&members);
    let again = JsonDocument::parse(document.name(), pretty.as_bytes());
    let again =
        again.map_err(|problem| Violation(format!("printed and then refused: {problem}")))?;
    promise(again.members() == document.members(), || {
        format!("{members} is printed as {pretty}")
    })?;
    for id in [
        DocumentId::Global,
        DocumentId::Parser(sensor()),
        DocumentId::Enrichment(sensor()),
        DocumentId::Indexing(sensor()),
        DocumentId::Profiler,
    ] {
        let mut tree = RawTree::default();
        tree.documents
            .insert(id.clone(), RawDocument::new(input, 1));
        observed.note(("kind", id.kind()));
        match validate(&tree, compiler()) {
            Ok(snapshot) => {
                observed.note(("valid", id.kind()));
                let warnings: Vec<Problem> = snapshot.warnings().cloned().collect();
                check_problems(&warnings, lines, observed)?;
            }
            Err(problems) => {
                promise(!problems.is_empty(), || {
                    "refused without a reason".to_owned()
                })?;
                check_problems(&problems, lines, observed)?;
            }
        }
    }
    Ok(())
}

/// A problem can be shown, and its place is in the document.
fn check_problems(
    problems: &[Problem],
    lines: usize,
    observed: &mut Observed,
) -> Result<(), Violation> {
    for problem in problems {
        promise(!problem.to_string().is_empty(), || {
            "an empty problem".to_owned()
        })?;
        promise(!problem.one_line().contains('\n'), || {
            format!("several lines as one: {:?}", problem.one_line())
        })?;
        promise(
            problem.line.is_none_or(|line| (1..=lines).contains(&line)),
            || format!("line {:?} of {lines}", problem.line),
        )?;
        if let Some(excerpt) = &problem.excerpt {
            let characters = excerpt.text.chars().count();
            promise(excerpt.marked.end <= characters + 1, || {
                format!("marks {:?} of {characters} characters", excerpt.marked)
            })?;
        }
        observed.note_message(&problem.message);
    }
    Ok(())
}
