//! `alidade quickstart`: no servers at all.

use std::fs;
use std::time::Duration;

use crate::access_log::LINES;
use crate::installation::Installation;
use crate::one_at_a_time;

#[test]
fn the_quickstart_shows_both_lines_and_leaves_nothing() {
    let _turn = one_at_a_time();
    let installation = Installation::new();
    let shown = installation.run_ok("run-alidade", &["quickstart", "--exit-after-demo"]);
    for line in LINES {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let (records, documents) = shown
        .split_once("After enrichment and triage")
        .unwrap_or_else(|| panic!("no documents in {shown}"));
    // Field names are padded.
    let has = |text: &str, name: &str, value: &str| {
        text.lines()
            .filter(|line| {
                let mut words = line.split_whitespace();
                words.next() == Some(name) && words.next() == Some(value)
            })
            .count()
    };
    for text in [records, documents] {
        assert_eq!(has(text, "is_malicious", "\"legit\""), 1, "{text}");
        assert_eq!(has(text, "is_malicious", "\"malicious\""), 1, "{text}");
        assert_eq!(has(text, "is_alert", "\"true\""), 1, "{text}");
        assert_eq!(
            has(text, "domain_without_subdomains", "\"cnn.com\""),
            1,
            "{text}"
        );
    }
    // The index writes colons where events have dots.
    assert_eq!(
        has(documents, "threat:triage:score", "100.0"),
        1,
        "{documents}"
    );
    assert_eq!(
        has(documents, "threat:triage:rules:0:score", "100"),
        1,
        "{documents}"
    );
    installation.assert_nothing_runs();
    let left: Vec<_> = fs::read_dir(installation.path("tmp"))
        .unwrap()
        .flatten()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_quickstart_ends_cleanly_when_it_is_interrupted() {
    let _turn = one_at_a_time();
    let installation = Installation::new();
    let folder = installation.path("demo").display().to_string();
    let mut quickstart = installation.start("run-alidade", &["quickstart", "--dir", &folder]);
    quickstart
        .wait_for_line("Ctrl-C ends it.", Duration::from_secs(60))
        .unwrap();
    quickstart.terminate();
    let status = quickstart.wait(Duration::from_secs(30)).unwrap();
    assert_eq!(status.code(), Some(0), "{}", quickstart.log());
    installation.assert_nothing_runs();
    assert!(
        installation
            .path("demo/config/parsers/squid.json")
            .is_file()
    );
}
