//! The walk-through with Solr instead of Elasticsearch.

use std::time::Instant;

use alidade_testkit::{Solr, eventually, http};
use serde_json::{Value, json};

use crate::access_log::{Fields, check_event, expected_events, fields, in_order};
use crate::one_at_a_time;
use crate::steps::{INDEXED_WITHIN, Walkthrough};

/// The page's collection, with the config set of the examples.
fn create_collection(walkthrough: &Walkthrough, solr: &Solr) {
    let installation = &walkthrough.installation;
    let schema = installation.read("examples/squid/solr/schema.xml");
    let config = installation.read("examples/squid/solr/solrconfig.xml");
    let files = [("schema.xml", schema.as_str()), ("solrconfig.xml", &config)];
    solr.upload_config_set("squid", &files).unwrap();
    let query = "action=CREATE&name=squid&collection.configName=squid&numShards=1";
    let answer = http::get(&format!("{}/admin/collections?{query}", solr.url())).unwrap();
    assert_eq!(
        answer.json()["responseHeader"]["status"],
        0,
        "{}",
        answer.text()
    );
    walkthrough.note("the collection is there");
}

fn select(solr: &Solr, query: &str) -> Vec<Fields> {
    let url = format!("{}/squid/select?q={query}&rows=10", solr.url());
    let answer = http::get(&url).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json()["response"]["docs"].clone();
    let mut documents: Vec<Fields> = found
        .as_array()
        .unwrap()
        .iter()
        .cloned()
        .map(fields)
        .collect();
    for document in &mut documents {
        document.remove("_version_");
    }
    documents
}

fn two_documents(solr: &Solr, since: Instant) -> Vec<Fields> {
    eventually(INDEXED_WITHIN.saturating_sub(since.elapsed()), || {
        let documents = select(solr, "*:*");
        match documents.len() {
            2 => Ok(in_order(documents)),
            count => Err(format!("{count} documents")),
        }
    })
}

/// As the event, without its nulls, and with `is_alert` as the truth value that the schema makes of it.
fn as_stored(mut event: Fields) -> Fields {
    event.retain(|_, value| !value.is_null());
    if let Some(alert) = event.get_mut("is_alert") {
        *alert = Value::Bool(alert == "true");
    }
    if let Some(score) = event.get_mut("threat.triage.rules.0.score") {
        *score = json!(100.0);
    }
    event
}

#[test]
fn solr_holds_what_the_page_shows() {
    let _turn = one_at_a_time();
    let walkthrough = Walkthrough::install();
    let solr = Solr::start(&walkthrough.zookeeper).unwrap();
    walkthrough.note("the servers are up");
    walkthrough.patch_global("/solr.zookeeper", solr.zookeeper());
    create_collection(&walkthrough, &solr);

    let service = walkthrough.start_maas();
    let model = walkthrough.deploy_model();
    walkthrough.configure_squid();
    let stages = vec![
        walkthrough.start_enrichment(),
        walkthrough.start_indexing("start_solr_topology.sh", &[], "indexing-ra"),
        walkthrough.start_parser(),
    ];

    let sent = walkthrough.send_log();
    let guids = walkthrough.check_enrichments(0);
    let documents = two_documents(&solr, sent);
    walkthrough.note(&format!("indexed {} ms after", sent.elapsed().as_millis()));
    assert_eq!([documents[0].len(), documents[1].len()], [19, 22]);
    for ((document, expected), guid) in documents.into_iter().zip(expected_events()).zip(&guids) {
        assert_eq!(&check_event(document, &as_stored(expected)), guid);
    }
    for query in [
        "is_alert:true",
        "threat.triage.score:%5B50%20TO%20*%5D",
        "is_malicious:malicious",
        "url:cnn.com",
    ] {
        let found = select(&solr, query);
        assert_eq!(found.len(), 1, "{query}");
        assert_eq!(found[0]["guid"], guids[1], "{query}");
    }

    walkthrough.stop(stages);
    walkthrough.stop_maas(service, &model);
    walkthrough.installation.assert_nothing_runs();
}
