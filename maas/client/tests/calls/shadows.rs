//! Versions that are asked as well, only to count and to compare their answers.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use alidade_event::Value;
use alidade_maas_client::CallerOptions;
use alidade_maas_core::Endpoint;
use alidade_stellar::RemoteCalls;
use alidade_testkit::{Behaviour, FakeModel, eventually};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::support::{Bench, arguments, ready};

const LONG: Duration = Duration::from_secs(20);

fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| PrometheusBuilder::new().install_recorder().unwrap())
}

/// How many shadow calls of version 2.0 of a model have ended so. Models have names of their own in each test.
fn counted(model: &str, outcome: &str) -> usize {
    let text = metrics().render();
    let labels = format!("{{model=\"{model}\",version=\"2.0\",outcome=\"{outcome}\"}} ");
    let start = format!("alidade_maas_shadow_calls_total{labels}");
    let found = text.lines().find_map(|line| line.strip_prefix(&start));
    found.map_or(0, |count| count.parse().unwrap())
}

#[track_caller]
fn wait_for_count(model: &str, outcome: &str, expected: usize) {
    eventually(LONG, || match counted(model, outcome) {
        found if found == expected => Ok(()),
        found => Err(format!("{outcome}: {found}, not {expected}")),
    });
}

struct Shadowed {
    bench: Bench,
    name: &'static str,
    answering: FakeModel,
    shadow: FakeModel,
}

/// Version 1.0 answers, 2.0 shadows every call.
fn shadowed(name: &'static str, endpoint: impl Fn(&FakeModel) -> Endpoint) -> Shadowed {
    metrics();
    let bench = Bench::new(CallerOptions::default());
    let answering = FakeModel::start().unwrap();
    let shadow = FakeModel::start().unwrap();
    bench.register_all([
        (name, "1.0", 2, endpoint(&answering)),
        (name, "2.0", 3, endpoint(&shadow)),
    ]);
    bench.route(name, r#"{"versions":{"2.0":{"shadow":100}}}"#);
    Shadowed {
        bench,
        name,
        answering,
        shadow,
    }
}

fn single(model: &FakeModel) -> Endpoint {
    Endpoint::at(&model.url())
}

impl Shadowed {
    /// The verdicts on hosts, in one batch.
    fn verdicts(&self, version: Option<&str>, hosts: &[String]) -> Vec<String> {
        let mut calls = self.bench.calls();
        let look_up: Vec<Value> = [Some(self.name), version]
            .into_iter()
            .flatten()
            .map(Value::str)
            .collect();
        let mut ask = |host: &String| {
            let endpoint = ready(calls.call("MAAS_GET_ENDPOINT", &look_up));
            let arguments = [endpoint, arguments(&[("host", host)])];
            calls.call("MAAS_MODEL_APPLY", &arguments)
        };
        for host in hosts {
            ask(host);
        }
        calls.perform();
        let mut ask = |host: &String| {
            let endpoint = ready(calls.call("MAAS_GET_ENDPOINT", &look_up));
            let arguments = [endpoint, arguments(&[("host", host)])];
            ready(calls.call("MAAS_MODEL_APPLY", &arguments)).to_json()
        };
        hosts.iter().map(&mut ask).collect()
    }
}

fn hosts(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{prefix}{at}.com")).collect()
}

const MALICIOUS: &str = r#"{"is_malicious":"malicious"}"#;

#[test]
fn answers_of_shadows_are_counted_and_never_used() {
    let model = shadowed("counted", single);
    assert_eq!(model.verdicts(None, &hosts("a", 20)), [MALICIOUS; 20]);
    wait_for_count("counted", "same", 20);
    assert_eq!(model.answering.requests(), 20);
    assert_eq!(model.shadow.requests(), 20);

    // What is known is not asked again, neither here nor there; nor is a call that names a version.
    assert_eq!(model.verdicts(None, &hosts("a", 20)), [MALICIOUS; 20]);
    assert_eq!(
        model.verdicts(Some("1.0"), &hosts("b", 20)),
        [MALICIOUS; 20]
    );

    model
        .shadow
        .set(Behaviour::Answer("{\"other\":1}".to_owned()));
    assert_eq!(model.verdicts(None, &hosts("c", 10)), [MALICIOUS; 10]);
    wait_for_count("counted", "different", 10);
    model.shadow.set(Behaviour::Garbage);
    assert_eq!(model.verdicts(None, &hosts("d", 5)), [MALICIOUS; 5]);
    wait_for_count("counted", "failed", 5);
    assert_eq!(counted("counted", "same"), 20);
    assert_eq!(counted("counted", "dropped"), 0);
    // Its answers are kept nowhere: who asks that version itself gets what it says.
    model.shadow.set(Behaviour::Normal);
    eventually(LONG, || {
        // It was set aside, and gets a single call to show that it is well.
        static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);
        let host = format!("again-{}.com", ATTEMPTS.fetch_add(1, Ordering::Relaxed));
        match model.verdicts(Some("2.0"), &[host]).concat() {
            verdict if verdict == MALICIOUS => Ok(()),
            verdict => Err(verdict),
        }
    });
    assert_eq!(
        model.verdicts(Some("2.0"), &hosts("c", 10)),
        [MALICIOUS; 10]
    );
}

#[test]
fn a_call_that_fails_has_nothing_to_be_compared_with() {
    let model = shadowed("failing", single);
    model.answering.set(Behaviour::Status(404));
    assert_eq!(model.verdicts(None, &hosts("a", 3)), ["null"; 3]);
    model.answering.set(Behaviour::Normal);
    assert_eq!(model.verdicts(None, &hosts("b", 3)), [MALICIOUS; 3]);
    wait_for_count("failing", "same", 3);
    assert_eq!(model.shadow.requests(), 3);
}

#[test]
fn shadows_are_asked_together_where_the_model_can_do_that() {
    let model = shadowed("together", |model| {
        let mut endpoint = Endpoint::at(&model.url());
        let path = "apply_all".to_owned();
        endpoint.functions.insert("apply:batch".to_owned(), path);
        endpoint
    });
    assert_eq!(model.verdicts(None, &hosts("a", 100)), vec![MALICIOUS; 100]);
    wait_for_count("together", "same", 100);
    assert_eq!(model.shadow.batches().iter().sum::<usize>(), 100);
    assert!(model.shadow.requests() < 50, "{:?}", model.shadow.batches());
}

#[test]
fn a_slow_shadow_delays_nothing_and_what_it_cannot_take_is_dropped() {
    let model = shadowed("slow", single);
    model
        .shadow
        .set(Behaviour::Delay(Duration::from_millis(1500)));
    let started = Instant::now();
    let few = model.verdicts(None, &hosts("few", 10));
    let elapsed = started.elapsed();
    assert_eq!(few, [MALICIOUS; 10]);
    assert!(elapsed < Duration::from_millis(1000), "{elapsed:?}");
    assert_eq!(
        model.verdicts(None, &hosts("many", 2500)),
        vec![MALICIOUS; 2500]
    );
    assert_eq!(model.answering.requests(), 2510);
    // More than can wait: 1,024 in the queue, 256 taken out of it and 16 under way, a few of them done by now.
    let dropped = counted("slow", "dropped");
    assert!((500..2500).contains(&dropped), "{dropped}");
    eventually(LONG, || match counted("slow", "same") {
        0 => Err("no shadow has answered".to_owned()),
        _ => Ok(()),
    });
}
