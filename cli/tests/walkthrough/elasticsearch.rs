//! The walk-through with Elasticsearch: 6.8, which upstream was written for, with HDFS beside it; and 7.17.

use std::process::Command;
use std::slice::from_ref;
use std::thread;
use std::time::Instant;

use alidade_testkit::{Elasticsearch, ElasticsearchVersion, Hdfs, eventually, http};
use serde_json::{Value, json};

use crate::access_log::{Fields, check_event, expected_events, fields, in_order, with_dots};
use crate::hdfs::events_in_hdfs;
use crate::one_at_a_time;
use crate::steps::{INDEXED_WITHIN, START_WITHIN, STOP_WITHIN, Walkthrough};

const JSON: Option<&str> = Some("application/json");

/// Everything about the sensor's index.
struct Index<'a> {
    server: &'a Elasticsearch,
}

impl Index<'_> {
    /// The page's `curl -XPUT .../_template/squid_index`, and its look at the outcome.
    fn put_template(&self, query: &str, template: &str) {
        let place = format!("{}/_template/squid_index", self.server.url());
        let put = http::request("PUT", &format!("{place}{query}"), JSON, template.as_bytes());
        let put = put.unwrap();
        assert_eq!(
            put.json(),
            json!({ "acknowledged": true }),
            "{}",
            put.text()
        );
        let installed = http::get(&format!("{place}?pretty")).unwrap().json();
        assert_eq!(
            installed["squid_index"]["index_patterns"],
            json!(["squid_index*"])
        );
    }

    /// Hits of a search, or why there is no answer: a young index has no shard to ask yet.
    fn search(&self, body: &Value) -> Result<Vec<Value>, String> {
        let url = format!("{}/squid_index*/_search", self.server.url());
        let answer = http::request("POST", &url, JSON, body.to_string().as_bytes()).unwrap();
        let hits = answer.json()["hits"]["hits"].as_array().cloned();
        hits.ok_or_else(|| answer.text())
    }

    /// All hits, once there are as many as lines. A look does not refresh: this is what users see.
    fn two_hits(&self, since: Instant) -> Vec<Value> {
        eventually(INDEXED_WITHIN.saturating_sub(since.elapsed()), || {
            let hits = self.search(&json!({ "query": { "match_all": {} } }))?;
            match hits.len() {
                2 => Ok(hits),
                count => Err(format!("{count} documents")),
            }
        })
    }

    /// Guids of what a query string finds.
    fn found_by(&self, query: &str) -> Vec<String> {
        let search = json!({ "query": { "query_string": { "query": query } } });
        let hits = self.search(&search).unwrap();
        hits.iter()
            .map(|hit| hit["_id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The documents have to be those of the page and have the guids of the records.
    fn check_documents(&self, hits: &[Value], guids: &[String], kind: &str) {
        let hours = hours();
        for hit in hits {
            assert_eq!(hit["_type"], kind);
            assert_eq!(hit["_id"], hit["_source"]["guid"]);
            let index = hit["_index"].as_str().unwrap();
            let hour = index.strip_prefix("squid_index_").unwrap_or_default();
            assert!(
                hours.iter().any(|known| known == hour),
                "{index} at {hours:?}"
            );
        }
        let documents: Vec<Fields> = hits
            .iter()
            .map(|hit| fields(hit["_source"].clone()))
            .collect();
        for document in &documents {
            assert!(
                !document.keys().any(|name| name.contains('.')),
                "{document:?}"
            );
        }
        let events = in_order(documents.into_iter().map(with_dots).collect());
        assert_eq!([events[0].len(), events[1].len()], [19, 25]);
        for ((event, expected), guid) in events.into_iter().zip(expected_events()).zip(guids) {
            assert_eq!(&check_event(event, &expected), guid);
        }
    }

    /// What analysts ask: only cnn.com is an alert and has a score.
    fn check_queries(&self, guids: &[String]) {
        let [yahoo, cnn] = guids else {
            panic!("two guids, not {guids:?}");
        };
        for query in [
            "is_alert:true",
            r"threat\:triage\:score:[50 TO *]",
            "is_malicious:malicious",
            "ip_dst_addr:151.101.0.0\\/16",
            "_exists_:is_alert",
            "timestamp:[1571163630000 TO *]",
        ] {
            assert_eq!(self.found_by(query), from_ref(cnn), "{query}");
        }
        assert_eq!(self.found_by("is_malicious:legit"), from_ref(yahoo));
        assert_eq!(self.found_by(r"threat\:triage\:score:>100").len(), 0);

        let url = format!("{}/squid_index*/_search?size=0", self.server.url());
        let aggregations = json!({ "aggs": { "types": {
            "terms": { "field": "source:type" },
            "aggs": { "score": { "sum": { "field": "threat:triage:score", "missing": 0 } } },
        } } });
        let answer = http::request("POST", &url, JSON, aggregations.to_string().as_bytes());
        let buckets = answer.unwrap().json()["aggregations"]["types"]["buckets"].clone();
        assert_eq!(
            buckets,
            json!([{ "key": "squid", "doc_count": 2, "score": { "value": 100.0 } }])
        );
    }
}

/// Now and some minutes ago, for the hour may have changed, as index names have it: `2019.10.15.18`, in UTC.
fn hours() -> [String; 2] {
    ["now", "5 minutes ago"].map(|when| {
        let date = Command::new("date")
            .args(["-u", "-d", when, "+%Y.%m.%d.%H"])
            .output()
            .unwrap();
        String::from_utf8(date.stdout).unwrap().trim().to_owned()
    })
}

#[test]
fn elasticsearch_6_and_hdfs_hold_what_the_page_shows() {
    let _turn = one_at_a_time();
    let (walkthrough, server, hdfs) = thread::scope(|scope| {
        let server = scope.spawn(|| Elasticsearch::start(ElasticsearchVersion::V6).unwrap());
        let hdfs = scope.spawn(|| Hdfs::start().unwrap());
        let walkthrough = Walkthrough::install();
        (walkthrough, server.join().unwrap(), hdfs.join().unwrap())
    });
    walkthrough.note("the servers are up");
    let index = Index { server: &server };
    walkthrough.patch_global("/es.ip", server.url().trim_start_matches("http://"));

    let service = walkthrough.start_maas();
    let model = walkthrough.deploy_model();
    walkthrough.configure_squid();
    let template = walkthrough
        .installation
        .read("examples/squid/elasticsearch/squid_index.6.json");
    index.put_template("", &template);
    let stages = vec![
        walkthrough.start_enrichment(),
        walkthrough.start_indexing("start_elasticsearch_topology.sh", &[], "indexing-ra"),
        walkthrough.start_indexing(
            "start_hdfs_topology.sh",
            &["--fs-uri", &hdfs.uri()],
            "indexing-batch",
        ),
        walkthrough.start_parser(),
    ];

    let sent = walkthrough.send_log();
    let guids = walkthrough.check_enrichments(0);
    let hits = index.two_hits(sent);
    walkthrough.note(&format!("indexed {} ms after", sent.elapsed().as_millis()));
    index.check_documents(&hits, &guids, "squid_doc");
    index.check_queries(&guids);

    let stored = eventually(START_WITHIN, || events_in_hdfs(&hdfs));
    walkthrough.note(&format!("in HDFS {} ms after", sent.elapsed().as_millis()));
    for ((event, expected), guid) in stored.into_iter().zip(expected_events()).zip(&guids) {
        assert_eq!(&check_event(event, &expected), guid);
    }

    walkthrough.stop(stages);
    walkthrough.stop_maas(service, &model);
    walkthrough.installation.assert_nothing_runs();
}

#[test]
fn elasticsearch_7_takes_both_templates_and_stages_run_in_the_background() {
    let _turn = one_at_a_time();
    let (walkthrough, server) = thread::scope(|scope| {
        let server = scope.spawn(|| Elasticsearch::start(ElasticsearchVersion::V7).unwrap());
        (Walkthrough::install(), server.join().unwrap())
    });
    walkthrough.note("the servers are up");
    let index = Index { server: &server };
    walkthrough.patch_global("/es.ip", server.url().trim_start_matches("http://"));

    let service = walkthrough.start_maas();
    let model = walkthrough.deploy_model();
    walkthrough.configure_squid();
    let template = walkthrough
        .installation
        .read("examples/squid/elasticsearch/squid_index.6.json");
    index.put_template("?include_type_name=true", &template);
    let stages = vec![
        walkthrough.start_enrichment(),
        walkthrough.start_indexing("start_elasticsearch_topology.sh", &[], "indexing-ra"),
    ];
    walkthrough.kafka.create_topic("squid", 1).unwrap();
    start_in_background(&walkthrough);

    let sent = walkthrough.send_log();
    let guids = walkthrough.check_enrichments(0);
    let hits = index.two_hits(sent);
    index.check_documents(&hits, &guids, "squid_doc");
    index.check_queries(&guids);
    walkthrough.note("indexed with the page's template");

    let everything = format!("{}/squid_index*", server.url());
    http::request("DELETE", &everything, None, &[]).unwrap();
    let template = walkthrough
        .installation
        .read("examples/squid/elasticsearch/squid_index.json");
    index.put_template("", &template);
    let sent = walkthrough.send_log();
    let guids = walkthrough.check_enrichments(2);
    let hits = index.two_hits(sent);
    index.check_documents(&hits, &guids, "_doc");
    index.check_queries(&guids);
    walkthrough.note("indexed with the template without types");

    stop_in_background(&walkthrough);
    walkthrough.stop(stages);
    remove_model(&walkthrough, &model);
    walkthrough.stop_maas(service, &model);
    walkthrough.installation.assert_nothing_runs();
}

fn start_in_background(walkthrough: &Walkthrough) {
    let start = walkthrough.with_cluster(&["--detach"], &["-s", "squid"]);
    let start: Vec<&str> = start.iter().map(String::as_str).collect();
    let script = "start_parser_topology.sh";
    let installation = &walkthrough.installation;
    assert_eq!(
        installation.run_ok(script, &["status"]),
        "nothing of start_parser_topology runs in the background\n"
    );
    let answer = installation.run_ok(script, &start);
    assert!(
        answer.starts_with("start_parser_topology-squid runs as process "),
        "{answer}"
    );
    let status = installation.run_ok(script, &["status"]);
    assert!(
        status.starts_with("start_parser_topology-squid ACTIVE process "),
        "{status}"
    );
    let again = installation.run(script, &start);
    assert_eq!(again.code, Some(255), "{}", again.output);
    assert!(again.output.contains("runs already"), "{}", again.output);
    walkthrough.note("the parser stage runs in the background");
}

fn stop_in_background(walkthrough: &Walkthrough) {
    let installation = &walkthrough.installation;
    let script = "start_parser_topology.sh";
    let answer = installation.run_ok(script, &["stop", "-s", "squid"]);
    assert_eq!(answer, "start_parser_topology-squid has stopped\n");
    assert_eq!(
        installation.run_ok(script, &["status"]),
        "nothing of start_parser_topology runs in the background\n"
    );
    let lag = walkthrough.kafka.client().lag("squid_parser", "squid");
    assert_eq!(lag.unwrap(), 0);
    let again = installation.run(script, &["stop", "-s", "squid"]);
    assert_eq!(again.code, Some(1), "{}", again.output);
    walkthrough.note("the parser stage has stopped");
}

/// `maas_deploy.sh -mo REMOVE`
fn remove_model(walkthrough: &Walkthrough, url: &str) {
    let quorum = walkthrough.quorum();
    let remove = [
        "-zq", &quorum, "-mo", "REMOVE", "-n", "dga", "-v", "1.0", "-ni", "1",
    ];
    walkthrough.installation.run_ok("maas_deploy.sh", &remove);
    eventually(STOP_WITHIN, || match walkthrough.list_models() {
        listing if listing.is_empty() => Ok(()),
        listing => Err(format!("still listed: {listing}")),
    });
    eventually(STOP_WITHIN, || match http::get(url) {
        Err(_) => Ok(()),
        Ok(_) => Err("the model still answers"),
    });
    walkthrough.note("the model is removed");
}
