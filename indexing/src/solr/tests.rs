use std::time::Duration;

use super::*;
use crate::testing::{FakeServer, Reply, defaults, pending, squid_item, write};
use crate::{Clock, Pending, Scope, SystemClock};

const OK: &str = r#"{"responseHeader":{"status":0}}"#;

fn settings(port: u16) -> SolrGlobal {
    SolrGlobal {
        urls: vec![Url::parse(&format!("http://127.0.0.1:{port}/solr")).unwrap()],
        request_timeout: Duration::from_millis(500),
        ..SolrGlobal::default()
    }
}

fn items(count: i64) -> Vec<Pending> {
    (0..count)
        .map(|offset| pending(squid_item(offset)))
        .collect()
}

async fn outcomes(settings: &SolrGlobal, count: i64) -> Vec<Outcome> {
    let mut writer = SolrWriter::new(settings).unwrap();
    write(
        &mut writer,
        &items(count),
        &defaults("squid"),
        SystemClock.now(),
    )
    .await
}

#[tokio::test]
async fn a_batch_is_one_update_with_a_commit() {
    let server = FakeServer::start(|_| Reply::json(200, OK));
    assert_eq!(
        outcomes(&settings(server.port), 2).await,
        vec![Outcome::Done; 2]
    );
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(
        seen[0]
            .line
            .starts_with("POST /solr/squid/update?wt=json&commit=true&waitSearcher=true "),
        "{}",
        seen[0].line
    );
    let expected =
        r#"[{"guid":"g0","source.type":"squid","n":0},{"guid":"g1","source.type":"squid","n":1}]"#;
    assert_eq!(seen[0].body, expected);
}

#[test]
fn commits_follow_the_settings() {
    let mut settings = settings(1);
    let shown = |settings: &SolrGlobal| {
        let url = Url::parse("http://a/solr").unwrap();
        address(&url, &["squid", "update"], &commit_parameters(settings)).to_string()
    };
    settings.soft_commit = true;
    settings.wait_searcher = false;
    assert_eq!(
        shown(&settings),
        "http://a/solr/squid/update?wt=json&softCommit=true&waitSearcher=false"
    );
    settings.commit_per_batch = false;
    assert_eq!(shown(&settings), "http://a/solr/squid/update?wt=json");
    settings.commit_within = Some(Duration::from_secs(2));
    assert_eq!(
        shown(&settings),
        "http://a/solr/squid/update?wt=json&commitWithin=2000"
    );
}

#[test]
fn a_hostile_collection_stays_a_name() {
    let url = Url::parse("http://a/solr").unwrap();
    let shown = address(&url, &["../admin/x?y=1#", "update"], &[]).to_string();
    assert!(
        shown.starts_with("http://a/solr/..%2Fadmin%2Fx%3Fy=1%23/update"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_missing_collection_is_refused_and_one_that_loads_is_waited_for() {
    for (collections, is_refused) in [
        (r#"{"collections":["bro"]}"#, true),
        (r#"{"collections":["squid"]}"#, false),
    ] {
        let server = FakeServer::start(move |seen| match seen.line.as_str() {
            line if line.contains("action=LIST&") => Reply::json(200, collections),
            line if line.contains("action=LISTALIASES") => Reply::json(200, r#"{"aliases":{}}"#),
            _ => Reply::json(404, "<html>"),
        });
        let found = outcomes(&settings(server.port), 2).await;
        let refused = found
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Refuse(_)));
        assert_eq!(refused.count(), if is_refused { 2 } else { 0 }, "{found:?}");
    }
}

#[tokio::test]
async fn failures_of_the_node_are_reasons_to_wait() {
    let replies: [fn() -> Reply; 5] = [
        || Reply::json(503, "busy"),
        || Reply::Cut,
        || Reply::json(200, "garbage"),
        || Reply::json(401, ""),
        || Reply::Stall(Duration::from_millis(1_500)),
    ];
    for reply in replies {
        let server = FakeServer::start(move |_| reply());
        for outcome in outcomes(&settings(server.port), 2).await {
            let Outcome::Retry(cause) = outcome else {
                panic!("{outcome:?}");
            };
            assert_eq!(cause.scope, Scope::Store);
        }
    }
}

#[tokio::test]
async fn an_update_with_a_wrong_document_is_suspect_and_the_document_alone_is_refused() {
    let server = FakeServer::start(|_| {
        Reply::json(
            400,
            r#"{"responseHeader":{"status":400},"error":{"msg":"[doc=g1]"}}"#,
        )
    });
    let many = outcomes(&settings(server.port), 3).await;
    assert!(
        many.iter()
            .all(|outcome| matches!(outcome, Outcome::Suspect(_)))
    );
    let one = outcomes(&settings(server.port), 1).await;
    assert!(matches!(&one[..], [Outcome::Refuse(cause)] if cause.message.contains("[doc=g1]")));
}
