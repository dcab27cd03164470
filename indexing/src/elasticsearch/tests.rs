use std::time::Duration;

use reqwest::Url;

use super::*;
use crate::testing::{FakeServer, Reply, Seen, defaults, item, pending, squid_item, write};
use crate::{Clock, FieldNameConverter, Pending, Scope, SystemClock, WriterSettings};

const V6: &str = r#"{"version":{"number":"6.8.23"}}"#;
const V7: &str = r#"{"version":{"number":"7.17.9"}}"#;

/// A server of a version that answers bulk requests as told.
fn server(root: &'static str, bulk: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> FakeServer {
    FakeServer::start(move |seen| match seen.line.as_str() {
        line if line.starts_with("GET / ") => Reply::json(200, root),
        line if line.starts_with("GET /_template") => {
            Reply::json(200, r#"{"t":{"index_patterns":["squid_index*"]}}"#)
        }
        line if line.starts_with("GET /_index_template") => Reply::json(200, "{}"),
        line if line.starts_with("POST /_bulk") => bulk(seen),
        line => Reply::json(400, format!("unexpected {line}")),
    })
}

fn all_done(seen: &Seen) -> Reply {
    let count = seen.body.lines().count() / 2;
    let items = vec![r#"{"index":{"status":201}}"#; count].join(",");
    Reply::json(200, format!(r#"{{"errors":false,"items":[{items}]}}"#))
}

fn settings(ports: &[u16]) -> ElasticsearchGlobal {
    let hosts = ports
        .iter()
        .map(|port| Url::parse(&format!("http://127.0.0.1:{port}")).unwrap());
    let mut settings = ElasticsearchGlobal {
        hosts: hosts.collect(),
        ..ElasticsearchGlobal::default()
    };
    settings.client.connect_timeout = Duration::from_millis(500);
    settings.client.request_timeout = Duration::from_millis(500);
    settings
}

async fn writer(ports: &[u16]) -> ElasticsearchWriter {
    ElasticsearchWriter::new(&settings(ports)).await.unwrap()
}

fn items(count: i64) -> Vec<Pending> {
    (0..count)
        .map(|offset| pending(squid_item(offset)))
        .collect()
}

async fn outcomes(writer: &mut ElasticsearchWriter, items: &[Pending]) -> Vec<Outcome> {
    write(writer, items, &defaults("squid"), SystemClock.now()).await
}

fn body(items: &[Pending], settings: &WriterSettings, is_typed: bool) -> String {
    let batch = Batch {
        sensor: &items[0].item.sensor,
        items,
        settings,
        now: SystemClock.now(),
    };
    String::from_utf8(bulk_body::bulk_body(&batch, is_typed, &Default::default())).unwrap()
}

#[test]
fn a_bulk_body_has_two_lines_for_each_item() {
    let two = items(2);
    assert_eq!(
        body(&two, &defaults("squid"), false),
        concat!(
            r#"{"index":{"_index":"squid_index_2019.10.15.18","_id":"g0"}}"#,
            "\n",
            r#"{"source:type":"squid","guid":"g0","n":0}"#,
            "\n",
            r#"{"index":{"_index":"squid_index_2019.10.15.18","_id":"g1"}}"#,
            "\n",
            r#"{"source:type":"squid","guid":"g1","n":1}"#,
            "\n",
        )
    );
}

#[test]
fn a_bulk_body_follows_the_settings() {
    let mut settings = defaults("squid");
    settings.set_document_id = false;
    settings.field_names = FieldNameConverter::Noop;
    settings.index = "other".into();
    assert_eq!(
        body(&items(1), &settings, true),
        concat!(
            r#"{"index":{"_index":"other_index_2019.10.15.18","_type":"squid_doc"}}"#,
            "\n",
            r#"{"source.type":"squid","guid":"g0","n":0}"#,
            "\n",
        )
    );
}

#[test]
fn a_hostile_sensor_cannot_break_out_of_its_line() {
    let hostile = "a\"}}\n{\"delete\":{";
    let items = [pending(item(hostile, 1, r#"{"guid":"x\"\n{"}"#))];
    let text = body(&items, &defaults(hostile), true);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(
        text.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );
}

#[test]
fn each_item_keeps_the_index_of_its_first_attempt() {
    let mut two = items(2);
    two[1].first_tried_ms += 3_600_000;
    let text = body(&two, &defaults("squid"), false);
    assert!(
        text.contains("squid_index_2019.10.15.18") && text.contains("squid_index_2019.10.15.19")
    );
}

#[tokio::test]
async fn types_are_for_old_servers_only() {
    for (root, is_typed) in [(V6, true), (V7, false)] {
        let server = server(root, all_done);
        let mut writer = writer(&[server.port]).await;
        assert_eq!(
            outcomes(&mut writer, &items(3)).await,
            vec![Outcome::Done; 3]
        );
        let sent = server.bodies("POST /_bulk").remove(0);
        assert_eq!(sent.contains(r#""_type":"squid_doc""#), is_typed);
        let bulk = server
            .seen()
            .into_iter()
            .find(|seen| seen.line.starts_with("POST"))
            .unwrap();
        assert!(
            bulk.headers.contains("application/x-ndjson"),
            "{}",
            bulk.headers
        );
    }
}

#[tokio::test]
async fn a_server_without_a_root_page_is_recognised() {
    for (nodes, health, is_typed) in [
        (r#"{"nodes":{"a":{"version":"6.8.23"}}}"#, "", Some(true)),
        (r#"{"nodes":{"a":{"version":"8.17.0"}}}"#, "", Some(false)),
        ("no", r#"{"status":"green"}"#, Some(false)),
        ("no", "no", None),
    ] {
        let server = FakeServer::start(move |seen| match seen.line.as_str() {
            line if line.starts_with("GET /_nodes") => Reply::json(200, nodes),
            line if line.starts_with("GET /_cluster/health") => Reply::json(200, health),
            line if line.starts_with("POST /_bulk") => all_done(seen),
            _ => Reply::json(400, "no handler"),
        });
        let mut writer = writer(&[server.port]).await;
        let outcome = outcomes(&mut writer, &items(1)).await.remove(0);
        assert_eq!(
            outcome == Outcome::Done,
            is_typed.is_some(),
            "{nodes}: {outcome:?}"
        );
        let typed = server
            .bodies("POST /_bulk")
            .first()
            .map(|body| body.contains("_type"));
        assert_eq!(typed, is_typed);
    }
}

#[tokio::test]
async fn each_item_has_its_own_outcome() {
    let server = server(V7, |_| {
        Reply::json(
            200,
            r#"{"errors":true,"items":[{"index":{"status":201}},
               {"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"no long"}}},
               {"index":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"full"}}}]}"#,
        )
    });
    let mut writer = writer(&[server.port]).await;
    let expected = [
        Outcome::Done,
        Outcome::Refuse(Cause::sensor("no long")),
        Outcome::Retry(Cause::sensor("full")),
    ];
    assert_eq!(outcomes(&mut writer, &items(3)).await, expected);
}

fn all_retry(outcomes: &[Outcome]) -> Cause {
    let causes: Vec<&Cause> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Retry(cause) if cause.scope == Scope::Store => Some(cause),
            _ => None,
        })
        .collect();
    assert_eq!(causes.len(), outcomes.len(), "{outcomes:?}");
    causes[0].clone()
}

#[tokio::test]
async fn a_request_that_fails_is_tried_again_as_a_whole() {
    let replies: [fn() -> Reply; 6] = [
        || Reply::Answer(503, "retry-after: 7\r\n", "busy".to_owned()),
        || Reply::Cut,
        || Reply::json(200, "\u{0}garbage"),
        || Reply::json(200, "{}"),
        || Reply::Answer(200, "content-encoding: gzip\r\n", "not gzip".to_owned()),
        || Reply::Stall(Duration::from_millis(1_500)),
    ];
    for (at, reply) in replies.into_iter().enumerate() {
        let server = server(V7, move |_| reply());
        let mut writer = writer(&[server.port]).await;
        let cause = all_retry(&outcomes(&mut writer, &items(2)).await);
        assert_eq!(
            cause.wait,
            (at == 0).then_some(Duration::from_secs(7)),
            "{cause:?}"
        );
        assert!(!cause.message.is_empty());
    }
}

#[tokio::test]
async fn a_request_that_something_in_it_spoils_is_suspect() {
    let server = server(V7, |_| Reply::json(400, "id is too long"));
    let mut writer = writer(&[server.port]).await;
    let many = outcomes(&mut writer, &items(2)).await;
    assert!(
        many.iter()
            .all(|outcome| matches!(outcome, Outcome::Suspect(_))),
        "{many:?}"
    );
    let one = outcomes(&mut writer, &items(1)).await;
    assert!(matches!(&one[..], [Outcome::Refuse(cause)] if cause.message.contains("too long")));
}

/// A port where nobody listens.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn nobody_there_is_a_reason_to_wait() {
    let mut writer = writer(&[closed_port()]).await;
    let cause = all_retry(&outcomes(&mut writer, &items(2)).await);
    assert!(cause.message.contains("no connection"), "{cause:?}");
}

#[tokio::test]
async fn hosts_take_turns_and_a_dead_one_is_left_out() {
    let (one, two) = (server(V7, all_done), server(V7, all_done));
    let mut writer = writer(&[one.port, closed_port(), two.port]).await;
    for _ in 0..6 {
        assert_eq!(outcomes(&mut writer, &items(1)).await, [Outcome::Done]);
    }
    let (first, second) = (one.bodies("POST").len(), two.bodies("POST").len());
    assert_eq!(first + second, 6);
    assert!(first >= 2 && second >= 2, "{first} {second}");
}

#[tokio::test]
async fn refused_credentials_are_waited_for_and_explained() {
    let server = FakeServer::start(|_| Reply::json(401, "{}"));
    let mut writer = writer(&[server.port]).await;
    let cause = all_retry(&outcomes(&mut writer, &items(1)).await);
    assert!(cause.message.contains("xpack.username"), "{cause:?}");
}

#[tokio::test]
async fn credentials_come_from_the_file_and_are_sent() {
    let server = server(V7, all_done);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "secret\n").unwrap();
    let mut settings = settings(&[server.port]);
    settings.client.user = Some("metron".into());
    settings.client.password_file = file.to_str().map(Str::new);
    let mut writer = ElasticsearchWriter::new(&settings).await.unwrap();
    assert_eq!(outcomes(&mut writer, &items(1)).await, [Outcome::Done]);
    // metron:secret
    let expected = "basic bWV0cm9uOnNlY3JldA==".to_ascii_lowercase();
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.headers.to_ascii_lowercase().contains(&expected))
    );
}

#[tokio::test]
async fn no_host_is_a_configuration_problem() {
    let error = ElasticsearchWriter::new(&ElasticsearchGlobal::default())
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("es.ip"), "{error}");
}

#[tokio::test]
async fn templates_are_looked_at_once_for_each_index() {
    let server = server(V7, all_done);
    let mut writer = writer(&[server.port]).await;
    for _ in 0..3 {
        outcomes(&mut writer, &items(1)).await;
    }
    assert_eq!(server.bodies("GET /_template").len(), 1);
}

#[tokio::test]
async fn a_template_is_installed_in_the_servers_form() {
    let page = br#"{"template":"squid_index*","mappings":{"squid_doc":{"properties":{"a":{"type":"ip"}}}}}"#;
    for (root, expected) in [
        (
            V6,
            r#"{"template":"squid_index*","mappings":{"squid_doc":{"properties":{"a":{"type":"ip"}}}}}"#,
        ),
        (
            V7,
            r#"{"mappings":{"properties":{"a":{"type":"ip"}}},"index_patterns":["squid_index*"]}"#,
        ),
    ] {
        let server = FakeServer::start(move |seen| match seen.line.starts_with("GET / ") {
            true => Reply::json(200, root),
            false => Reply::json(200, r#"{"acknowledged":true}"#),
        });
        install_template(&settings(&[server.port]), "squid_index", page)
            .await
            .unwrap();
        let sent: serde_json::Value =
            serde_json::from_str(&server.bodies("PUT /_template/squid_index ").remove(0)).unwrap();
        assert_eq!(
            sent,
            serde_json::from_str::<serde_json::Value>(expected).unwrap()
        );
    }
}

#[tokio::test]
async fn a_template_that_is_refused_says_why() {
    let server = FakeServer::start(|seen| match seen.line.starts_with("GET / ") {
        true => Reply::json(200, V7),
        false => Reply::json(400, "unknown setting"),
    });
    let settings = settings(&[server.port]);
    for (name, body, reason) in [
        ("squid_index", "{}", "unknown setting"),
        ("squid_index", "[1]", "not a JSON object"),
        ("../x", "{}", "no name"),
        ("", "{}", "no name"),
    ] {
        let error = install_template(&settings, name, body.as_bytes())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}
