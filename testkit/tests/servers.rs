//! Every other server, started for real and used.

use alidade_testkit::{Elasticsearch, ElasticsearchVersion, http};
use serde_json::json;

fn index_and_get(version: ElasticsearchVersion, number: &str, kind: &str) {
    let elasticsearch = Elasticsearch::start(version).unwrap();
    let url = elasticsearch.url();
    assert_eq!(http::get(&url).unwrap().json()["version"]["number"], number);

    let document = json!({ "full_hostname": "cnn.com", "threat:triage:score": 100.0 });
    let place = format!("{url}/squid_index/{kind}/guid1");
    let body = document.to_string();
    let indexed = http::request("PUT", &place, Some("application/json"), body.as_bytes()).unwrap();
    assert_eq!(indexed.status, 201, "{}", indexed.text());

    elasticsearch.kill();
    elasticsearch.start_again().unwrap();
    // The shard may be opened a moment after the node.
    let health = format!("{url}/_cluster/health/squid_index?wait_for_status=yellow");
    assert_eq!(http::get(&health).unwrap().status, 200);
    assert_eq!(http::get(&place).unwrap().json()["_source"], document);
}

#[test]
fn elasticsearch_6_keeps_documents_over_a_crash() {
    index_and_get(ElasticsearchVersion::V6, "6.8.23", "squid_doc");
}

#[test]
fn elasticsearch_7_keeps_documents_over_a_crash() {
    index_and_get(ElasticsearchVersion::V7, "7.17.9", "_doc");
}
