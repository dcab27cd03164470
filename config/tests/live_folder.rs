//! A live configuration that follows a folder.

mod common;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use alidade_config::load_configs::default_compiler;
use alidade_config::{ConfigError, DocumentId, FolderStore, Live, LiveOptions, validate};
use common::{
    BATCH_5, BATCH_7, BROKEN_RULE, RULE, batch_size, follow, put, squid_folder, wait_for,
};

fn enrichment(sensor: &str) -> DocumentId {
    DocumentId::Enrichment(sensor.to_owned())
}

#[tokio::test]
async fn a_change_is_applied_and_what_did_not_change_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    let live = follow(FolderStore::new(folder.path())).await;
    let before = live.current();
    assert_eq!(before.version, 1);
    assert!(before.refusals.is_empty(), "{:?}", before.refusals);
    assert_eq!(batch_size(&before, "squid"), Some(5));
    let mut changed = live.changed();

    put(folder.path(), "indexing/squid.json", BATCH_7).unwrap();
    let after = wait_for(&live, "the change", |snapshot| snapshot.version == 2).await;
    assert_eq!(batch_size(&after, "squid"), Some(7));
    assert!(Arc::ptr_eq(
        &before.parsers["squid"],
        &after.parsers["squid"]
    ));
    assert!(Arc::ptr_eq(
        &before.enrichments["squid"],
        &after.enrichments["squid"]
    ));
    assert!(Arc::ptr_eq(&before.global, &after.global));
    assert_eq!(
        batch_size(&before, "squid"),
        Some(5),
        "a held snapshot never changes"
    );
    assert_eq!(*changed.borrow_and_update(), 2);
}

#[tokio::test]
async fn a_broken_document_is_refused_alone_and_its_former_version_stays() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    let live = follow(FolderStore::new(folder.path())).await;
    let before = live.current();

    put(folder.path(), "enrichments/squid.json", BROKEN_RULE).unwrap();
    put(folder.path(), "indexing/squid.json", BATCH_7).unwrap();
    let after = wait_for(&live, "the refusal", |snapshot| {
        !snapshot.refusals.is_empty()
    })
    .await;
    assert_eq!(
        batch_size(&after, "squid"),
        Some(7),
        "the others are applied"
    );
    assert!(Arc::ptr_eq(
        &before.enrichments["squid"],
        &after.enrichments["squid"]
    ));
    let refusal = &after.refusals[&enrichment("squid")];
    assert_eq!(
        refusal.kept_version,
        before.applied.get(&enrichment("squid")).copied()
    );
    assert_eq!(refusal.problems[0].line, Some(5));
    assert_eq!(
        refusal.problems[0].pointer,
        "/threatIntel/triageConfig/riskLevelRules/0/rule"
    );
    assert_eq!(live.last_refusals().len(), 1);

    put(folder.path(), "enrichments/squid.json", RULE).unwrap();
    let mended = wait_for(&live, "the mending", |snapshot| {
        snapshot.refusals.is_empty()
    })
    .await;
    assert!(Arc::ptr_eq(
        &before.enrichments["squid"],
        &mended.enrichments["squid"]
    ));
    assert_eq!(
        mended.version, after.version,
        "the same parts are the same version"
    );
}

#[tokio::test]
async fn a_half_written_document_waits_until_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    let live = follow(FolderStore::new(folder.path())).await;
    let half = &BATCH_7[..BATCH_7.len() / 2];
    put(folder.path(), "indexing/squid.json", half).unwrap();
    let refused = wait_for(&live, "the refusal", |snapshot| {
        !snapshot.refusals.is_empty()
    })
    .await;
    assert_eq!(batch_size(&refused, "squid"), Some(5));
    put(folder.path(), "indexing/squid.json", BATCH_7).unwrap();
    wait_for(&live, "the rest", |snapshot| {
        batch_size(snapshot, "squid") == Some(7)
    })
    .await;
}

#[tokio::test]
async fn a_sensor_that_was_never_valid_is_missing_and_said_so() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    put(folder.path(), "enrichments/bro.json", "{\"enrichmnt\": {}}").unwrap();
    let live = follow(FolderStore::new(folder.path())).await;
    let snapshot = live.current();
    assert!(snapshot.enrichment("squid").is_some());
    assert!(snapshot.enrichment("bro").is_none());
    let problem = &snapshot.refusals[&enrichment("bro")].problems[0];
    assert_eq!(
        problem.to_string(),
        "error[C101]: there is no field `enrichmnt` here\n --> enrichments/bro.json:1:2\n  |\n1 | {\"enrichmnt\": {}}\n  |  ^^^^^^^^^^^ no such key\n  = field: /enrichmnt\n  = help: did you mean `enrichment`?"
    );
}

#[tokio::test]
async fn a_deleted_document_goes_and_a_new_one_comes() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    let live = follow(FolderStore::new(folder.path())).await;
    fs::remove_file(folder.path().join("parsers/squid.json")).unwrap();
    put(folder.path(), "enrichments/bro.json", "{}").unwrap();
    let after = wait_for(&live, "the removal", |snapshot| snapshot.parsers.is_empty()).await;
    assert!(after.enrichment("bro").is_some(), "both in one step");
    assert_eq!(after.version, 2);
}

#[tokio::test]
async fn a_refused_global_keeps_the_former_one() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    let live = follow(FolderStore::new(folder.path())).await;
    put(folder.path(), "global.json", "{\"a\": 2,}").unwrap();
    let after = wait_for(&live, "the refusal", |snapshot| {
        !snapshot.refusals.is_empty()
    })
    .await;
    assert_eq!(after.global.members["a"], 1);
    let parser = after.parsers["squid"].clone();

    put(folder.path(), "global.json", "{\"a\": 3}").unwrap();
    let after = wait_for(&live, "the change", |snapshot| {
        snapshot.global.members["a"] == 3
    })
    .await;
    assert!(after.refusals.is_empty());
    assert!(
        !Arc::ptr_eq(&parser, &after.parsers["squid"]),
        "parsers see the new global"
    );

    fs::remove_file(folder.path().join("global.json")).unwrap();
    let after = wait_for(&live, "the removal", |snapshot| {
        snapshot.global.members.is_empty()
    })
    .await;
    assert!(after.parser("squid").is_some());
}

#[tokio::test]
async fn an_invalid_global_at_the_start_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    put(folder.path(), "global.json", "[]").unwrap();
    let store = Arc::new(FolderStore::new(folder.path()));
    let started = Live::start(store, LiveOptions::new(default_compiler())).await;
    let Err(error @ ConfigError::InvalidGlobal(_)) = started else {
        panic!("it started");
    };
    assert_eq!(
        error.to_string(),
        "the global configuration is not valid: global.json:1:1: the document must be an object, not an array [C002]; a configuration stands between { and }"
    );
}

#[tokio::test]
async fn following_ends_with_the_last_clone() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    let live = follow(FolderStore::new(folder.path())).await;
    let store = Arc::downgrade(live.store());
    let clone = live.clone();
    drop(live);
    assert!(clone.current().parser("squid").is_some());
    drop(clone);
    for _ in 0..100 {
        if store.strong_count() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the folder is still followed");
}

#[test]
fn all_problems_of_all_documents_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    put(folder.path(), "global.json", "{").unwrap();
    put(folder.path(), "enrichments/squid.json", BROKEN_RULE).unwrap();
    put(
        folder.path(),
        "indexing/squid.json",
        "{\"elasticsearch\": 5}",
    )
    .unwrap();
    put(folder.path(), "indexing/bro.json", BATCH_5).unwrap();
    put(folder.path(), "profiler.json", "{\"profiels\": []}").unwrap();
    let tree = FolderStore::new(folder.path())
        .read_tree_blocking()
        .unwrap();
    let problems = validate(&tree, &default_compiler()).unwrap_err();
    let mut documents: Vec<String> = problems
        .iter()
        .map(|problem| problem.document.to_string())
        .collect();
    documents.sort();
    documents.dedup();
    assert_eq!(
        documents,
        ["enrichments/squid", "global", "indexing/squid", "profiler"]
    );
    let text = problems
        .iter()
        .find(|problem| problem.document == "indexing/squid");
    assert_eq!(
        text.unwrap().to_string(),
        "error[C102]: the settings of the writer \"elasticsearch\" must be an object\n --> indexing/squid.json:1:19\n  |\n1 | {\"elasticsearch\": 5}\n  |                   ^ the wrong type\n  = field: /elasticsearch\n  = help: write for example {\"batchSize\": 5, \"enabled\": true}"
    );
}
