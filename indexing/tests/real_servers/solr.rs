use alidade_indexing::{GlobalIndexingSettings, SolrGlobal, solr::SolrWriter};
use alidade_testkit::{Solr, ZooKeeper, http};
use serde_json::Value;

use crate::common::{CNN, YAHOO, dispatcher, dispatcher_with, event, index, items};

const SCHEMA: &str = include_str!("../../../examples/squid/solr/schema.xml");
const CONFIG: &str = include_str!("../../../examples/squid/solr/solrconfig.xml");

fn settings(global: String) -> SolrGlobal {
    GlobalIndexingSettings::from_json(global.as_bytes())
        .expect("global settings")
        .solr
}

fn create_squid(solr: &Solr) {
    solr.upload_config_set(
        "squid",
        &[("schema.xml", SCHEMA), ("solrconfig.xml", CONFIG)],
    )
    .unwrap();
    let create = "action=CREATE&name=squid&collection.configName=squid&numShards=1&replicationFactor=1&waitForFinalState=true";
    let answer = http::get(&format!("{}/admin/collections?{create}", solr.url())).unwrap();
    assert!(answer.is_success(), "{}", answer.text());
}

fn found(solr: &Solr, query: &str) -> Vec<Value> {
    let answer = http::get(&format!(
        "{}/squid/select?rows=100&sort=guid%20asc&q={query}",
        solr.url()
    ))
    .unwrap();
    assert!(answer.is_success(), "{}", answer.text());
    answer.json()["response"]["docs"]
        .as_array()
        .unwrap()
        .clone()
}

fn guids(documents: &[Value]) -> Vec<&str> {
    documents
        .iter()
        .map(|document| document["guid"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_in_solr() {
    let zookeeper = ZooKeeper::start().unwrap();
    let solr = Solr::start(&zookeeper).unwrap();
    create_squid(&solr);
    let by_zookeeper = settings(format!(r#"{{"solr.zookeeper": "{}"}}"#, solr.zookeeper()));

    let wrong = event("wrong", "bytes", "\"not a number\"");
    let long = event("long", "padding", &format!("\"{}\"", "x".repeat(100_000)));
    let odd = event(
        "odd",
        "list",
        r#"["a", null, {"set": 1}], "x": {"set": null}"#,
    );
    let events = [YAHOO, CNN, &wrong, &long, &odd];
    let mut dispatcher = dispatcher(SolrWriter::new(&by_zookeeper).unwrap());
    let came = index(&mut dispatcher, items(&events)).await;
    assert_eq!((came.done, came.left), (vec![0, 1, 3, 4], 0));
    assert_eq!(came.dead.len(), 1);
    assert!(came.dead[0].1.contains("bytes"), "{:?}", came.dead);

    let (yahoo, cnn) = (
        "9d19f502-0770-4ca1-9eeb-d0bcbb0942c7",
        "69254e10-bed9-4743-ba8b-d3c01c29430d",
    );
    assert_eq!(guids(&found(&solr, "*:*")), [cnn, yahoo, "long", "odd"]);
    let alerts = found(&solr, "threat.triage.score:%5B50%20TO%20*%5D");
    assert_eq!(guids(&alerts), [cnn]);
    let alert = &alerts[0];
    assert_eq!(alert["source.type"], "squid");
    assert_eq!(alert["is_alert"], true);
    assert_eq!(alert["threat.triage.rules.0.score"], 100.0);
    assert_eq!(
        alert["parallelenricher.splitter.begin.ts"],
        1_571_163_635_000_i64
    );
    assert!(alert.get("threat.triage.rules.0.name").is_none());
    assert_eq!(guids(&found(&solr, "is_malicious:legit")), [yahoo]);

    // A replay, this time over a fixed address and with soft commits.
    let by_url = settings(format!(
        r#"{{"solr.url": "{}", "solr.commit.soft": true}}"#,
        solr.url()
    ));
    let mut again = crate::common::dispatcher(SolrWriter::new(&by_url).unwrap());
    let came = index(&mut again, items(&events)).await;
    assert_eq!((came.done.len(), came.dead.len()), (4, 1));
    assert_eq!(found(&solr, "*:*").len(), 4);

    let mut elsewhere = dispatcher_with(SolrWriter::new(&by_zookeeper).unwrap(), |settings| {
        settings.index = "no_such_collection".into();
    });
    let came = index(&mut elsewhere, items(&[YAHOO])).await;
    assert_eq!((came.done.len(), came.left), (0, 0));
    assert!(
        came.dead[0].1.contains("no_such_collection"),
        "{:?}",
        came.dead
    );
}
