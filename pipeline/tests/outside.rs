//! Requests that expressions make, against a server that answers in every way it should not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alidade_event::{NumberStyle, Value, read_value};
use alidade_pipeline::{BatchCalls, Outside, RestClient};
use alidade_stellar::{RemoteCalls, RemoteOutcome};
use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{get, post};
use tokio::runtime::Runtime;

struct Service {
    address: String,
    asked: Arc<AtomicUsize>,
    runtime: Runtime,
}

fn start() -> Service {
    let runtime = Runtime::new().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let seen = move |uri: Uri, headers: HeaderMap| {
        counted.fetch_add(1, Ordering::Relaxed);
        let user = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let answer = serde_json::json!({"query": uri.query(), "user": user});
        async move { answer.to_string() }
    };
    let router = Router::new()
        .route("/seen", get(seen))
        .route(
            "/echo",
            post(|body: String| async move { format!("{{\"got\":{body}}}") }),
        )
        .route(
            "/slow",
            get(|| async { tokio::time::sleep(Duration::from_secs(30)).await }),
        )
        .route(
            "/gone",
            get(|| async { (StatusCode::NOT_FOUND, "{\"no\":1}") }),
        )
        .route("/empty", get(|| async { "" }))
        .route("/list", get(|| async { "[1]" }))
        .route("/large", get(|| async { "x".repeat(9 << 20) }));
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap().to_string();
    runtime.spawn(async move { axum::serve(listener, router).await });
    Service {
        address,
        asked,
        runtime,
    }
}

impl Service {
    fn outside(&self) -> Outside {
        Outside::new(
            None,
            RestClient::new(self.runtime.handle().clone()),
            Arc::default(),
        )
    }

    fn url(&self, path: &str) -> Value {
        Value::str(&format!("http://{}{path}", self.address))
    }
}

fn json(text: &str) -> Value {
    read_value(text.as_bytes(), NumberStyle::Jackson).unwrap()
}

/// Asks as a stage does: notes the call down, makes it, asks again.
fn answer(outside: &mut Outside, function: &'static str, arguments: &[Value]) -> String {
    outside.begin_batch();
    match outside.call(function, arguments) {
        RemoteOutcome::Failed(why) => return format!("failed: {why}"),
        RemoteOutcome::Ready(value) => return value.to_json(),
        RemoteOutcome::Pending => {}
    }
    outside.perform();
    match outside.call(function, arguments) {
        RemoteOutcome::Ready(value) => value.to_json(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_are_made_once_for_a_batch_with_what_the_settings_say() {
    let service = start();
    let mut outside = service.outside();
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "open sesame\n").unwrap();
    let settings = json(&format!(
        r#"{{"basic.auth.user": "ali", "basic.auth.password.path": "{}"}}"#,
        password.path().display()
    ));
    let arguments = [service.url("/seen"), settings, json(r#"{"q": "a b"}"#)];
    let answer = answer(&mut outside, "REST_GET", &arguments);
    assert_eq!(
        answer,
        r#"{"query":"q=a+b","user":"Basic YWxpOm9wZW4gc2VzYW1l"}"#.replace('/', "\\/")
    );

    let arguments = [service.url("/seen")];
    outside.begin_batch();
    for _ in 0..3 {
        assert!(matches!(
            outside.call("REST_GET", &arguments),
            RemoteOutcome::Pending
        ));
    }
    outside.perform();
    assert!(matches!(
        outside.call("REST_GET", &arguments),
        RemoteOutcome::Ready(Value::Map(_))
    ));
    assert_eq!(service.asked.load(Ordering::Relaxed), 2, "one call each");

    let posted = self::answer(
        &mut outside,
        "REST_POST",
        &[service.url("/echo"), json(r#"{"a": 1}"#)],
    );
    assert_eq!(posted, r#"{"got":{"a":1}}"#);
}

#[test]
fn whatever_the_service_does_the_call_has_a_value() {
    let service = start();
    let mut outside = service.outside();
    let down = json(r#"{"error.value.override": "down", "timeout": 300}"#);
    for path in ["/slow", "/gone", "/list", "/large", "/nothing"] {
        let arguments = [service.url(path), down.clone()];
        assert_eq!(
            answer(&mut outside, "REST_GET", &arguments),
            r#""down""#,
            "{path}"
        );
    }
    let nobody = Value::str("http://127.0.0.1:1/");
    assert_eq!(answer(&mut outside, "REST_GET", &[nobody]), "null");
    let allowed = json(r#"{"response.codes.allowed": [200, 404]}"#);
    assert_eq!(
        answer(&mut outside, "REST_GET", &[service.url("/gone"), allowed]),
        r#"{"no":1}"#
    );
    let empty = json(r#"{"empty.content.override": {"none": true}}"#);
    assert_eq!(
        answer(&mut outside, "REST_GET", &[service.url("/empty"), empty]),
        r#"{"none":true}"#
    );
}

#[test]
fn a_closed_batch_keeps_its_answers_and_asks_nothing_new() {
    let service = start();
    let mut outside = service.outside();
    let known = [service.url("/seen")];
    assert_ne!(answer(&mut outside, "REST_GET", &known), "null");
    outside.close();
    assert!(matches!(
        outside.call("REST_GET", &known),
        RemoteOutcome::Ready(Value::Map(_))
    ));
    let down = json(r#"{"error.value.override": "down"}"#);
    match outside.call("REST_GET", &[service.url("/other"), down]) {
        RemoteOutcome::Ready(value) => assert_eq!(value, Value::str("down")),
        other => panic!("{other:?}"),
    }
    outside.begin_batch();
    assert!(matches!(
        outside.call("REST_GET", &known),
        RemoteOutcome::Pending
    ));
}

#[test]
fn an_expression_at_fault_is_told_and_nothing_is_asked() {
    let service = start();
    let mut outside = service.outside();
    for (arguments, part) in [
        (vec![Value::str("no url")], "not a URL"),
        (
            vec![service.url("/seen"), json(r#"{"timeout": "soon"}"#)],
            "`timeout`",
        ),
    ] {
        let answer = answer(&mut outside, "REST_GET", &arguments);
        assert!(
            answer.starts_with("failed: ") && answer.contains(part),
            "{answer}"
        );
    }
    assert_eq!(service.asked.load(Ordering::Relaxed), 0);
    // Without models and databases their functions yield nothing, and nothing fails.
    let endpoint = outside.call("MAAS_GET_ENDPOINT", &[Value::str("dga")]);
    assert!(matches!(endpoint, RemoteOutcome::Ready(Value::Null)));
    assert_eq!(
        answer(&mut outside, "GEO_GET", &[Value::str("8.8.8.8")]),
        "{}"
    );
}
