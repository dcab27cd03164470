use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{alidade, assert_screen, here, repository};

#[test]
fn the_shipped_tests_pass() {
    for arguments in [
        &["test"][..],
        &["test", "config/zookeeper"],
        &["test", "examples/squid/config"],
    ] {
        let ran = alidade(&repository(), arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{}{}", ran.out, ran.err);
        assert!(ran.out.ends_with(", 0 failed\n"), "{}", ran.out);
    }
    let one = alidade(
        &repository(),
        &["test", "config/zookeeper", "--sensor", "snort"],
    );
    assert!(
        one.out.ends_with("2 tests in 1 file: 2 passed, 0 failed\n"),
        "{}",
        one.out
    );
}

fn put(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The configuration of the walk-through with tests of ours.
fn with_tests(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "global.json",
        "parsers/squid.json",
        "enrichments/squid.json",
    ] {
        let shipped = repository().join("examples/squid/config").join(name);
        put(
            folder.path(),
            &format!("config/{name}"),
            &fs::read_to_string(shipped).unwrap(),
        );
    }
    for (name, text) in files {
        put(folder.path(), &format!("config/tests/{name}"), text);
    }
    folder
}

const LINE: &str =
    "1571163632.536 106 127.0.0.1 TCP_MISS/301 539 GET http://cnn.com/ - DIRECT/151.101.1.67 -";

/// Every way in which a test can fail.
fn failing() -> String {
    format!(
        r#"[
  {{ "name": "wrong values", "input": "{LINE}",
    "models": [{{ "model": "dga", "args": {{ "host": "yahoo.com" }}, "answer": {{ "is_malicious": "malicious" }} }}],
    "expect": {{ "full_hostname": "yahoo.com", "bytes": "539", "method": null, "threat.triage.score": 100 }} }},
  {{ "name": "an error that is not expected", "input": "no line of squid", "expect": {{ "method": "GET" }} }},
  {{ "name": "another error is expected", "input": "no line of squid", "expectError": "disk full" }},
  {{ "name": "no error comes", "input": "{LINE}", "expectError": "disk full" }},
  {{ "name": "it is not dropped", "input": "{LINE}", "expectDropped": true }},
  {{ "name": "more than is expected", "message": {{ "a": 1, "b": {{ "c": [1.0] }} }}, "expectExactly": {{ "a": 1 }} }},
  {{ "name": "this one passes", "message": {{ "a": 1, "b": {{ "c": [1.0] }} }}, "expectExactly": {{ "b": {{ "c": [1] }}, "a": 1 }} }},
  {{ "name": "a misspelt key", "inptu": "{LINE}", "expect": {{}} }}
]
"#
    )
}

#[test]
fn failures_are_shown_field_by_field() {
    let folder = with_tests(&[
        ("squid/failing.json", &failing()),
        (
            "nobody/first.json",
            r#"{"name": "a sensor without a parser", "input": "x", "expect": {}}"#,
        ),
    ]);
    let ran = alidade(folder.path(), &["test", "config"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
    assert_screen(&here().join("failing_tests.txt"), &ran.out);

    let ran = alidade(folder.path(), &["test", "config", "--format", "json"]);
    assert_eq!(ran.code, Some(1));
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (&report["passed"], &report["failed"]),
        (&1.into(), &8.into())
    );
    let first = &report["cases"][1];
    assert_eq!(first["file"], "tests/squid/failing.json");
    assert_eq!(first["differences"][0]["field"], "full_hostname");
    assert_eq!(first["differences"][0]["got"], "cnn.com");
    assert_eq!(report["cases"][8]["problem"]["line"], 11);
}

#[test]
fn the_clock_and_the_global_configuration_of_a_test_hold() {
    let parser = r#"{
  "parserClassName": "org.apache.metron.parsers.json.JSONMapParser",
  "filterClassName": "STELLAR",
  "parserConfig": { "filter.query": "exists(a)", "jsonpQuery": "$.list" },
  "fieldTransformations": [
    { "transformation": "STELLAR", "output": ["where"], "config": { "where": "TO_UPPER('here')" } }
  ]
}"#;
    let tests = r#"[
  { "name": "two messages of one record", "now": "2026-01-31T12:00:00Z",
    "input": "{\"list\": [{\"a\": 1}, {\"a\": 2}]}",
    "expect": [{ "a": 1, "timestamp": 1769860800000 }, { "a": 2 }] },
  { "name": "the same time on every day", "input": "{\"list\": [{\"a\": 1}]}", "expect": { "timestamp": 1577836800000 } },
  { "name": "filtered", "input": "{\"list\": [{\"b\": 1}]}", "expectDropped": "filtered" },
  { "name": "a validation of the global configuration", "input": "{\"list\": [{\"a\": \"x\"}]}",
    "global": { "fieldValidations": [{ "input": ["a"], "validation": "INTEGER" }] },
    "expectError": "parser_invalid" },
  { "name": "a global configuration that is refused", "input": "{\"list\": [{\"a\": \"x\"}]}",
    "global": { "fieldValidations": [{ "input": ["a"], "validation": "INTEGERS" }] },
    "expect": {} }
]"#;
    let folder = with_tests(&[("json/first.json", tests)]);
    put(folder.path(), "config/parsers/json.json", parser);
    let ran = alidade(folder.path(), &["test", "config", "-s", "json"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    let words: Vec<&str> = lines
        .iter()
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(
        words,
        ["ok", "ok", "ok", "ok", "FAIL", "", "5"],
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("is refused: there is no validation `INTEGERS`"),
        "{}",
        ran.out
    );
}

#[test]
fn a_document_that_is_refused_fails_its_tests() {
    let folder = with_tests(&[(
        "squid/first.json",
        &format!(r#"{{"name": "a line", "input": "{LINE}", "expect": {{}}}}"#),
    )]);
    put(
        folder.path(),
        "config/parsers/squid.json",
        "{\"parserClassName\": \"Grok\"}",
    );
    let ran = alidade(folder.path(), &["test", "config"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out.contains("error[C104]: there is no parser `Grok`"),
        "{}",
        ran.out
    );
}

#[test]
fn a_folder_without_tests_is_told() {
    let folder = with_tests(&[]);
    let ran = alidade(folder.path(), &["test", "config"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(
        ran.err.contains("there is no test in config"),
        "{}",
        ran.err
    );
    assert_eq!(
        alidade(folder.path(), &["test", "config", "--color"]).code,
        Some(255)
    );
}
