//! The documents that come with the program are valid, without a single warning that is not known.

mod common;

use std::path::{Path, PathBuf};

use alidade_config::load_configs::default_compiler;
use alidade_config::{FolderStore, Snapshot, validate};

fn at_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn snapshot_of(path: &str) -> Snapshot {
    let tree = FolderStore::new(at_root(path))
        .read_tree_blocking()
        .unwrap();
    match validate(&tree, &default_compiler()) {
        Ok(snapshot) => snapshot,
        Err(problems) => {
            let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{path}:\n{}", texts.join("\n\n"));
        }
    }
}

#[test]
fn the_tree_that_is_pushed_is_valid() {
    let snapshot = snapshot_of("config/zookeeper");
    let parsed: Vec<&str> = snapshot.parsers.keys().map(String::as_str).collect();
    let shipped = "asa bro jsonMap jsonMapQuery jsonMapWrappedQuery leef snort squid syslog3164 syslog5424 websphere yaf";
    assert_eq!(parsed.join(" "), shipped);
    assert_eq!(snapshot.global.parser_error_topic(), Some("indexing"));
    let indexed: Vec<&String> = snapshot.indexing.keys().collect();
    assert_eq!(
        indexed,
        ["asa", "bro", "error", "snort", "websphere", "yaf"]
    );
    assert!(
        snapshot.enrichment("squid").is_none(),
        "the walk-through makes it"
    );
    // Only adapters without a database behind them are warned of.
    for warning in snapshot.warnings() {
        assert_eq!(warning.code, "C111", "{warning}");
    }
}

#[test]
fn the_walk_through_is_valid() {
    let snapshot = snapshot_of("examples/squid/config");
    assert_eq!(snapshot.warnings().count(), 0);
    let squid = snapshot.parser("squid").unwrap();
    let output = &squid.config.field_transformations[0].output;
    assert_eq!(
        output,
        &[
            "full_hostname",
            "domain_without_subdomains",
            "is_malicious",
            "is_alert"
        ]
    );
    assert_eq!(common::batch_size(&snapshot, "squid"), Some(5));
    assert!(snapshot.enrichment("squid").is_some());
}

#[test]
fn the_sample_logs_are_squid_lines() {
    let two = std::fs::read_to_string(at_root("examples/squid/access.log")).unwrap();
    let lines: Vec<&str> = two.lines().collect();
    assert_eq!(
        lines,
        [
            "1571163620.277 192 127.0.0.1 TCP_MISS/301 366 GET http://yahoo.com/ - DIRECT/72.30.35.10 text/html",
            "1571163632.536 106 127.0.0.1 TCP_MISS/301 539 GET http://cnn.com/ - DIRECT/151.101.1.67 -",
        ]
    );
    let many = std::fs::read_to_string(at_root("examples/squid/access-sample.log")).unwrap();
    assert!(many.lines().count() >= 50);
    for line in many.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words.len(), 10, "{line}");
        let (seconds, millis) = words[0].split_once('.').unwrap();
        assert_eq!((seconds.len(), millis.len()), (10, 3), "{line}");
    }
}
