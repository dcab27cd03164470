//! Models that take many calls at once.

use std::time::Duration;

use alidade_event::Value;
use alidade_maas_client::CallerOptions;
use alidade_maas_core::Endpoint;
use alidade_testkit::{Behaviour, FakeModel};

use crate::support::Bench;

/// An endpoint that declares a path for batches.
fn endpoint(model: &FakeModel) -> Endpoint {
    let mut endpoint = Endpoint::at(&model.url());
    endpoint
        .functions
        .insert("apply:batch".to_owned(), "apply_all".to_owned());
    endpoint
}

fn bench(models: &[FakeModel]) -> Bench {
    let bench = Bench::new(CallerOptions {
        timeout: Duration::from_millis(400),
        ..CallerOptions::default()
    });
    for (id, model) in models.iter().enumerate() {
        bench.register("dga", "1.0", id as u64 + 2, endpoint(model));
    }
    bench
}

fn malicious() -> Value {
    Value::str("malicious")
}

#[test]
fn a_whole_batch_is_one_question() {
    let model = FakeModel::start().unwrap();
    let bench = bench(std::slice::from_ref(&model));
    let verdicts = bench.verdicts(&["yahoo.com", "cnn.com", "yahoo.com", "a\"b"]);
    let legit = Value::str("legit");
    assert_eq!(verdicts, [legit.clone(), malicious(), legit, malicious()]);
    assert_eq!(model.batches(), [3], "one question, each host once");
    // What is known already is not asked again.
    assert_eq!(
        bench.verdicts(&["cnn.com", "bbc.com"]),
        [malicious(), malicious()]
    );
    assert_eq!(model.batches(), [3, 1]);
}

#[test]
fn a_large_batch_is_asked_in_parts() {
    let model = FakeModel::start().unwrap();
    let bench = bench(std::slice::from_ref(&model));
    let hosts: Vec<String> = (0..600).map(|number| format!("h{number}.com")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    assert_eq!(bench.verdicts(&hosts), vec![malicious(); 600]);
    let mut batches = model.batches();
    batches.sort_unstable();
    assert_eq!(batches, [88, 256, 256]);
}

#[test]
fn another_instance_answers_for_one_that_fails() {
    let models = [FakeModel::start().unwrap(), FakeModel::start().unwrap()];
    let bench = bench(&models);
    models[0].set(Behaviour::Status(500));
    for round in 0..20 {
        let host = format!("h{round}.com");
        assert_eq!(
            bench.verdicts(&[&host, "cnn.com"]),
            [malicious(), malicious()]
        );
    }
    assert!(models[1].batches().len() >= 20);
}

#[test]
fn an_answer_that_does_not_fit_makes_all_null_and_a_member_that_does_not_only_its_own() {
    let model = FakeModel::start().unwrap();
    let bench = bench(std::slice::from_ref(&model));
    let one_odd = r#"[{"is_malicious": "legit"}, "odd"]"#;
    model.set(Behaviour::Answer(one_odd.to_owned()));
    let mut verdicts = bench.verdicts(&["a.com", "b.com"]);
    verdicts.sort_by_key(|verdict| verdict.is_null());
    assert_eq!(verdicts, [Value::str("legit"), Value::Null]);
    for garbage in ["{}", "[]", "no", r#"[{"is_malicious": "legit"}]"#] {
        model.set(Behaviour::Answer(garbage.to_owned()));
        let hosts = [format!("c{garbage}"), format!("d{garbage}")];
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        assert_eq!(
            bench.verdicts(&hosts),
            [Value::Null, Value::Null],
            "{garbage}"
        );
    }
}
