//! Calls that name no version, shared out among versions.

use alidade_event::{Event, NumberStyle, Value};
use alidade_maas_client::{CallerOptions, ModelCalls};
use alidade_maas_core::Endpoint;
use alidade_stellar::{Context, Library, Program, compile};
use alidade_testkit::{Behaviour, FakeModel};

use crate::support::{Bench, origin};

const ANY_VERSION: &str =
    "MAP_GET('v', MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga'), {'host': host}))";
const VERSION_1_1: &str =
    "MAP_GET('v', MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga', '1.1'), {'host': host}))";

/// A model that answers with its version.
fn version(bench: &Bench, version: &str, id: u64) -> FakeModel {
    let model = FakeModel::start().unwrap();
    model.set(Behaviour::Answer(format!("{{\"v\":\"{version}\"}}")));
    bench.register("dga", version, id, Endpoint::at(&model.url()));
    model
}

fn evaluate(
    program: &Program,
    calls: &mut ModelCalls,
    offset: i64,
) -> Result<Value, alidade_stellar::EvalError> {
    let global = Value::Null;
    let event = format!("{{\"host\":\"h{offset}.com\"}}");
    let event = Event::read_json(event.as_bytes(), NumberStyle::Jackson).unwrap();
    calls.begin_event(&origin(offset));
    program.evaluate(&event, &mut Context::new(&global, 0, calls))
}

/// The versions that answer the records at these places, one batch, as a stage does it. No record may wait twice.
fn answers(bench: &Bench, expression: &str, offsets: std::ops::Range<i64>) -> Vec<String> {
    let program = compile(expression, &Library::metron()).unwrap();
    let mut calls = bench.calls();
    calls.begin_batch();
    for offset in offsets.clone() {
        let outcome = evaluate(&program, &mut calls, offset);
        assert!(matches!(outcome, Err(error) if error.is_pending()));
    }
    calls.perform();
    let answers = offsets
        .map(|offset| evaluate(&program, &mut calls, offset).unwrap())
        .map(|value| value.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(calls.noted(), 0, "nothing is asked a second time");
    answers
}

fn count(answers: &[String], version: &str) -> usize {
    answers.iter().filter(|answer| *answer == version).count()
}

#[test]
fn a_weight_set_while_calls_flow_is_taken_up() {
    let bench = Bench::new(CallerOptions::default());
    let old = version(&bench, "1.0", 2);
    let canary = version(&bench, "1.1", 3);
    let without = answers(&bench, ANY_VERSION, 0..200);
    assert_eq!(count(&without, "1.1"), 200);
    assert_eq!((old.requests(), canary.requests()), (0, 200));

    bench.route("dga", r#"{"versions":{"1.1":{"weight":10}}}"#);
    let mut with = Vec::new();
    for batch in 1..11 {
        with.extend(answers(&bench, ANY_VERSION, batch * 200..(batch + 1) * 200));
    }
    // 200 are expected, with a deviation of 13; five of these either way.
    let to_canary = count(&with, "1.1");
    assert!((133..267).contains(&to_canary), "{to_canary}");
    assert_eq!(count(&with, "1.0"), 2000 - to_canary);
    assert_eq!(canary.requests(), 200 + to_canary, "each is asked once");
    assert_eq!(old.requests(), 2000 - to_canary);

    // Calls that name a version are never rerouted.
    bench.route("dga", r#"{"versions":{"1.1":{"weight":0}}}"#);
    let named = answers(&bench, VERSION_1_1, 5000..5100);
    assert_eq!(count(&named, "1.1"), 100);
    assert_eq!(count(&answers(&bench, ANY_VERSION, 6000..6100), "1.0"), 100);

    bench.route("dga", "{}");
    assert_eq!(count(&answers(&bench, ANY_VERSION, 7000..7100), "1.1"), 100);
}

#[test]
fn a_canary_that_fails_leaves_its_share_to_the_others() {
    let bench = Bench::new(CallerOptions::default());
    let _old = version(&bench, "1.0", 2);
    bench.route("dga", r#"{"versions":{"1.1":{"weight":50}}}"#);
    bench.register("dga", "1.1", 3, Endpoint::at("http://127.0.0.1:1"));
    let program = compile(ANY_VERSION, &Library::metron()).unwrap();
    let mut calls = bench.calls();
    let mut outcomes = |offsets: std::ops::Range<i64>| {
        calls.begin_batch();
        for offset in offsets.clone() {
            // Its value comes below.
            let _ = evaluate(&program, &mut calls, offset);
        }
        calls.perform();
        let outcomes = offsets.map(|offset| evaluate(&program, &mut calls, offset).unwrap());
        outcomes.filter(Value::is_null).count()
    };
    let lost = outcomes(0..100);
    assert!((25..75).contains(&lost), "{lost}");
    // Set aside now, for a second at least.
    assert_eq!(outcomes(100..200), 0);
}
