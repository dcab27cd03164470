use std::time::Duration;

use alidade_indexing::elasticsearch::{ElasticsearchWriter, install_template};
use alidade_indexing::{ElasticsearchGlobal, GlobalIndexingSettings};
use alidade_testkit::{Elasticsearch, ElasticsearchVersion, http};
use serde_json::Value;

use crate::common::{CNN, Came, YAHOO, dispatcher, drain, event, index, items, offer};

const PAGE_TEMPLATE: &str =
    include_str!("../../../examples/squid/elasticsearch/squid_index.6.json");
const TEMPLATE: &str = include_str!("../../../examples/squid/elasticsearch/squid_index.json");
const INDEX: &str = "squid_index_2019.10.15.18";

fn settings(server: &Elasticsearch) -> ElasticsearchGlobal {
    let global = format!(
        r#"{{"es.ip": "{}", "es.client.settings": {{"socket.timeout.millis": 5000}}}}"#,
        server.url()
    );
    let global = GlobalIndexingSettings::from_json(global.as_bytes());
    global.expect("global settings").elasticsearch
}

fn get(server: &Elasticsearch, path: &str) -> Value {
    let answer = http::get(&format!("{}{path}", server.url())).unwrap();
    assert!(answer.is_success(), "{path}: {}", answer.text());
    answer.json()
}

/// Guids that a query in Lucene's syntax finds.
fn found(server: &Elasticsearch, query: &str) -> Vec<String> {
    let refresh = format!("{}/squid_index*/_refresh", server.url());
    http::request("POST", &refresh, None, &[]).unwrap();
    let answer = get(server, &format!("/squid_index*/_search?size=100&q={query}"));
    let hits = answer["hits"]["hits"].as_array().unwrap().iter();
    let mut guids: Vec<String> = hits
        .map(|hit| hit["_id"].as_str().unwrap().to_owned())
        .collect();
    guids.sort();
    guids
}

async fn indexes_the_walk_through(server: &Elasticsearch, template: &str, kind: &str) {
    let settings = settings(server);
    install_template(&settings, "squid_index", template.as_bytes())
        .await
        .unwrap();
    let wrong = event("wrong", "ip_src_addr", "\"not an address\"");
    let neighbour = event("neighbour", "ip_src_addr", "\"10.0.0.1\"");
    let events = [YAHOO, CNN, &wrong, &neighbour];

    let mut dispatcher = dispatcher(ElasticsearchWriter::new(&settings).await.unwrap());
    let came = index(&mut dispatcher, items(&events)).await;
    assert_eq!((came.done, came.left), (vec![0, 1, 3], 0));
    assert_eq!(came.dead.len(), 1);
    assert!(came.dead[0].1.contains("ip_src_addr"), "{:?}", came.dead);

    let (yahoo, cnn) = (
        "9d19f502-0770-4ca1-9eeb-d0bcbb0942c7",
        "69254e10-bed9-4743-ba8b-d3c01c29430d",
    );
    assert_eq!(found(server, "*:*"), [cnn, yahoo, "neighbour"]);
    assert_eq!(
        found(server, "threat%5C:triage%5C:score:%5B50%20TO%20*%5D"),
        [cnn]
    );
    assert_eq!(found(server, "is_alert:true"), [cnn]);
    assert_eq!(
        found(server, "source%5C:type:squid%20AND%20is_malicious:legit"),
        [yahoo]
    );
    let document = get(server, &format!("/{INDEX}/{kind}/{cnn}"));
    let source = document["_source"].as_object().unwrap();
    assert_eq!(source.len(), 25);
    assert_eq!(source["threat:triage:score"], 100.0);
    assert_eq!(source["threat:triage:rules:0:name"], Value::Null);
    assert_eq!(source["url"], "http://cnn.com/");
    let yahoo = get(server, &format!("/{INDEX}/{kind}/{yahoo}"));
    assert_eq!(yahoo["_source"].as_object().unwrap().len(), 19);

    let mapping = get(server, &format!("/{INDEX}/_mapping"));
    let mapping = &mapping[INDEX]["mappings"];
    let properties = if kind == "_doc" {
        &mapping["properties"]
    } else {
        &mapping[kind]["properties"]
    };
    for (field, expected) in [
        ("timestamp", "date"),
        ("source:type", "keyword"),
        ("ip_src_addr", "ip"),
        ("threat:triage:score", "float"),
        ("parallelenricher:splitter:begin:ts", "date"),
        ("metron_alert", "nested"),
    ] {
        assert_eq!(properties[field]["type"], expected, "{field}");
    }

    // A replay by another process changes nothing.
    let mut again = crate::common::dispatcher(ElasticsearchWriter::new(&settings).await.unwrap());
    let came = index(&mut again, items(&events)).await;
    assert_eq!((came.done.len(), came.dead.len()), (3, 1));
    assert_eq!(found(server, "*:*").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn version_6_with_the_pages_template() {
    let server = Elasticsearch::start(ElasticsearchVersion::V6).unwrap();
    indexes_the_walk_through(&server, PAGE_TEMPLATE, "squid_doc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_6_with_the_current_template() {
    let server = Elasticsearch::start(ElasticsearchVersion::V6).unwrap();
    indexes_the_walk_through(&server, TEMPLATE, "squid_doc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_7_with_the_pages_template_and_a_crash() {
    let server = Elasticsearch::start(ElasticsearchVersion::V7).unwrap();
    indexes_the_walk_through(&server, PAGE_TEMPLATE, "_doc").await;
    outlives_a_crash(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_7_with_the_current_template() {
    let server = Elasticsearch::start(ElasticsearchVersion::V7).unwrap();
    indexes_the_walk_through(&server, TEMPLATE, "_doc").await;
    refuses_only_what_is_wrong(&server).await;
}

/// Items that come while the server is down are kept, and written when it is back.
async fn outlives_a_crash(server: &Elasticsearch) {
    let mut dispatcher = dispatcher(ElasticsearchWriter::new(&settings(server)).await.unwrap());
    server.kill();
    let (one, two) = (event("during1", "n", "1"), event("during2", "n", "2"));
    offer(&mut dispatcher, items(&[&one, &two]));
    let came = drain(&mut dispatcher, Duration::from_secs(2)).await;
    assert_eq!(
        came,
        Came {
            left: 2,
            ..Came::default()
        }
    );
    assert!(dispatcher.pressure().is_some());
    server.start_again().unwrap();
    let came = drain(&mut dispatcher, Duration::from_secs(90)).await;
    assert_eq!((came.done, came.left), (vec![0, 1], 0));
    assert_eq!(found(server, "guid:during*"), ["during1", "during2"]);
}

/// Documents that Elasticsearch answers in unusual ways: none of them holds up or spoils its neighbours.
async fn refuses_only_what_is_wrong(server: &Elasticsearch) {
    let hostile = [
        event(&"x".repeat(600), "n", "1"),
        event("", "n", "1"),
        event("empty-name", "", "1"),
        event("spaces", " ", "1"),
        event("same", "a.b", r#"1, "a:b": 2"#),
        event(
            "deep",
            "n",
            &format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100)),
        ),
        event("object", "n", r#"{"x":1}"#),
        r#"{"source.type":"Bad/Index*Name","guid":"index"}"#.to_owned(),
        event("last", "n", "1"),
    ];
    let events: Vec<&str> = hostile.iter().map(String::as_str).collect();
    let mut dispatcher = dispatcher(ElasticsearchWriter::new(&settings(server)).await.unwrap());
    let came = index(&mut dispatcher, items(&events)).await;
    assert_eq!(came.left, 0, "{came:?}");
    assert_eq!(came.done.len() + came.dead.len(), events.len());
    for fine in [0, 1, 4, 8] {
        assert!(came.done.contains(&fine), "{fine}: {came:?}");
    }
    assert!(came.dead.iter().any(|(offset, _)| *offset == 7), "{came:?}");
    assert_eq!(found(server, "guid:last"), ["last"]);
}
