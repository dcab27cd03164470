//! What is told of documents that are valid each for itself.

mod common;

use alidade_config::FolderStore;
use alidade_config::check::{self, Format, Options};
use alidade_config::load_configs::default_compiler;
use common::{SQUID, put};
use serde_json::Value;

/// `code file:line:column message; help` of everything that is found.
async fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        put(folder.path(), name, text).unwrap();
    }
    let store = FolderStore::new(folder.path());
    let options = Options {
        format: Format::Json,
        deny_warnings: false,
    };
    let mut out = Vec::new();
    check::run(&store, &default_compiler(), options, &mut out)
        .await
        .unwrap();
    let outcome: Value = serde_json::from_slice(&out).unwrap();
    let problems = outcome["problems"].as_array().unwrap();
    let text = |problem: &Value, key: &str| problem[key].as_str().unwrap_or_default().to_owned();
    let shown = problems.iter().map(|problem| {
        format!(
            "{} {}:{}:{} {}; {}",
            text(problem, "code"),
            text(problem, "document"),
            problem["line"],
            problem["column"],
            text(problem, "message"),
            text(problem, "help"),
        )
    });
    shown.collect()
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_misspelt_field_is_told_and_an_unknown_one_is_not() {
    let parser = SQUID.replace("URL_TO_HOST(url)", "URL_TO_HOST(TO_LOWER(ulr))");
    assert_eq!(
        findings(&[("parsers/squid.json", &parser)]).await,
        [
            "C201 parsers/squid:14:48 nothing gives a field `ulr` to this expression; did you mean `url`?"
        ]
    );
    let parser = SQUID.replace("URL_TO_HOST(url)", "URL_TO_HOST(something_of_my_own)");
    assert_eq!(findings(&[("parsers/squid.json", &parser)]).await, NOTHING);
    assert_eq!(findings(&[("parsers/squid.json", SQUID)]).await, NOTHING);
}

#[tokio::test]
async fn the_order_of_expressions_is_looked_at() {
    let parser = SQUID
        .replace("[\"full_hostname\"]", "[\"domain\", \"full_hostname\"]")
        .replace(
            "\"full_hostname\": \"URL",
            "\"domain\": \"DOMAIN_REMOVE_SUBDOMAINS(full_hostname)\",\n\"full_hostname\": \"URL",
        );
    assert_eq!(
        findings(&[("parsers/squid.json", &parser)]).await,
        [
            "C203 parsers/squid:14:45 `full_hostname` is computed only after this expression; move this expression behind that of `full_hostname`"
        ]
    );
}

const ENRICHMENT: &str = r#"{
  "enrichment": {
    "fieldMap": {
      "host": ["ip_src_adr", "ip_dst_addr"],
      "stellar": {"config": {
        "first": {"size": "bytes", "net": "{'internal': true}"},
        "late": "JOIN([full_hostnam, size], '')"
      }}
    },
    "config": {"limit": 5}
  },
  "threatIntel": {
    "fieldMap": {"stellar": {"config": ["is_alert := netts.internal", "big := size > limit"]}},
    "config": {"watched": []},
    "triageConfig": {"riskLevelRules": [
      {"rule": "big and full_hostname in watched", "score": "enrichments.host.x + limitt", "reason": "metod"},
      {"rule": "net.internal and guid != null and threat.triage.score > 1 and sise > 1", "score": 1}
    ]}
  },
  "configuration": {"site": "a"}
}"#;

#[tokio::test]
async fn an_enrichment_is_read_with_its_parser() {
    let found = findings(&[
        ("parsers/squid.json", SQUID),
        ("enrichments/squid.json", ENRICHMENT),
    ])
    .await;
    assert_eq!(
        found,
        [
            "C202 enrichments/squid:4:16 nothing gives a field `ip_src_adr`; did you mean `ip_src_addr`?",
            "C201 enrichments/squid:7:24 nothing gives a field `full_hostnam` to this expression; did you mean `full_hostname`?",
            "C201 enrichments/squid:16:103 nothing gives a field `metod` to this expression; did you mean `method`?",
            "C201 enrichments/squid:17:79 nothing gives a field `sise` to this expression; did you mean `size`?",
        ]
    );
    // Without the parser any field may come; only the document's own names are compared.
    let found = findings(&[("enrichments/squid.json", ENRICHMENT)]).await;
    assert_eq!(
        found,
        [
            "C201 enrichments/squid:17:79 nothing gives a field `sise` to this expression; did you mean `size`?",
        ]
    );
}

#[tokio::test]
async fn keys_and_names_of_documents_that_may_have_any_are_compared() {
    let found = findings(&[
        (
            "global.json",
            "{\"es.ipp\": \"a\", \"my.own\": 1, \"a\": 1, \"a\": 2}",
        ),
        ("parsers/squid.json", SQUID),
        ("enrichments/squit.json", "{}"),
        (
            "indexing/squid.json",
            "{\"hdsf\": {\"batchsize\": 5}, \"hdfs\": {\"batchsize\": 5}}",
        ),
        ("indexing/error.json", "{}"),
    ])
    .await;
    assert_eq!(
        found,
        [
            "C204 enrichments/squit:null:null no parser document is there for the sensor `squit`; did you mean `squid`, which has a parser?",
            "C101 global:1:2 nothing reads the key `es.ipp`; did you mean `es.ip`?",
            "C006 global:1:38 the key \"a\" stands twice in this object; remove the one that is not meant",
            "C101 indexing/squid:1:2 nothing reads the key `hdsf`; did you mean `hdfs`?",
            "C101 indexing/squid:1:11 nothing reads the key `batchsize`; did you mean `batchSize`?",
            "C101 indexing/squid:1:37 nothing reads the key `batchsize`; did you mean `batchSize`?",
        ]
    );
}

#[tokio::test]
async fn lists_of_transformations_are_read_too() {
    let parser = r#"{
  "parserClassName": "CSVParser",
  "parserConfig": {"columns": "method,host", "filter.query": "hosst == 'a'", "seperator": ";", "mine": 1},
  "filterClassName": "STELLAR",
  "fieldTransformations": [
    {"transformation": "REMOVE", "input": "metod", "config": {"condition": "lost == 'x'"}},
    {"transformation": "RENAME", "config": {"hosts": "machine"}},
    {"transformation": "SELECT", "output": ["machine", "mehtod"]},
    {"transformation": "REGEX_SELECT", "input": "machines", "output": "kind", "config": {"a": "b"}}
  ]
}"#;
    assert_eq!(
        findings(&[("parsers/web.json", parser)]).await,
        [
            "C201 parsers/web:3:63 nothing gives a field `hosst` to this expression; did you mean `host`?",
            "C101 parsers/web:3:78 nothing reads the key `seperator`; did you mean `separator`?",
            "C202 parsers/web:6:43 nothing gives a field `metod`; did you mean `method`?",
            "C201 parsers/web:6:77 nothing gives a field `lost` to this expression; did you mean `host`?",
            "C202 parsers/web:7:54 nothing gives a field `hosts`; did you mean `host`?",
            "C202 parsers/web:8:56 nothing gives a field `mehtod`; did you mean `method`?",
            "C202 parsers/web:9:49 nothing gives a field `machines`; did you mean `machine`?",
        ]
    );
}

#[tokio::test]
async fn the_shipped_documents_give_no_warning_of_this_kind() {
    for root in ["../config/zookeeper", "../examples/squid/config"] {
        let store = FolderStore::new(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root));
        let options = Options {
            format: Format::Json,
            deny_warnings: false,
        };
        let mut out = Vec::new();
        check::run(&store, &default_compiler(), options, &mut out)
            .await
            .unwrap();
        let outcome: Value = serde_json::from_slice(&out).unwrap();
        for problem in outcome["problems"].as_array().unwrap() {
            assert_eq!(problem["code"], "C111", "{root}: {problem}");
        }
    }
}
