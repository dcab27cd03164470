//! Upstream's answers to expressions with functions of the shell.
//!
//! `data/stellar.jsonl` holds one case a line: `{"id", "input": {"expr"}, "expected": {"result", "type"}}`, where the type is
//! the short name of a Java class.

use std::sync::Arc;

use alidade_parsers::BuiltInPatterns;
use alidade_shell::{Outcome, Services, Session, install};
use alidade_stellar::Library;
use serde_json::Value as Json;
use tokio::runtime::Runtime;

#[test]
fn the_answers_are_upstreams() {
    let runtime = Runtime::new().unwrap();
    let services = Services::new(runtime.handle().clone(), None, Arc::new(BuiltInPatterns));
    let services = Arc::new(services);
    let library = install(Library::metron(), &services);
    let session = Session::new(library, services, alidade_event::Value::Null);
    let cases: Vec<Json> = include_str!("data/stellar.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(cases.len() >= 3);
    for case in cases {
        let expression = case["input"]["expr"].as_str().unwrap();
        let Outcome::Value(value) = session.answer(expression).outcome else {
            panic!("{case}: {:?}", session.answer(expression));
        };
        assert_eq!(value.to_serde(), case["expected"]["result"], "{case}");
        assert_eq!(value.type_name(), case["expected"]["type"], "{case}");
    }
}
