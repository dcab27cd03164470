//! PUSH, PULL, DUMP and PATCH against a real ZooKeeper, along upstream's integration test of its configuration manager.

mod common;

use std::fs;
use std::path::Path;

use alidade_config::load_configs::{default_compiler, run_async};
use alidade_config::{DocumentId, FolderStore, Store, ZooKeeperStore};
use alidade_testkit::ZooKeeper;
use common::{BATCH_5, BROKEN_RULE, put, squid_folder};
use serde_json::{Value, json};

struct Outcome {
    code: i32,
    out: String,
    err: String,
}

/// Runs the tool; `ZK` in the arguments stands for the server.
async fn tool(server: &ZooKeeper, arguments: &[&str]) -> Outcome {
    let quorum = server.quorum();
    let arguments: Vec<String> = arguments
        .iter()
        .map(|argument| argument.replace("ZK", &quorum))
        .collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run_async(&default_compiler(), &arguments, &mut out, &mut err).await;
    Outcome {
        code,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

async fn succeeds(server: &ZooKeeper, arguments: &[&str]) -> String {
    let outcome = tool(server, arguments).await;
    assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.err);
    outcome.out
}

async fn fails(server: &ZooKeeper, arguments: &[&str]) -> String {
    let outcome = tool(server, arguments).await;
    assert_eq!(outcome.code, 1, "{arguments:?}: {}", outcome.err);
    assert_eq!(outcome.out, "", "{arguments:?}");
    outcome.err
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn stored(server: &ZooKeeper, id: &DocumentId) -> Option<String> {
    let store = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    let document = store.read(id).await.unwrap()?;
    Some(String::from_utf8(document.bytes.to_vec()).unwrap())
}

async fn stored_json(server: &ZooKeeper, id: &DocumentId) -> Value {
    serde_json::from_str(&stored(server, id).await.unwrap()).unwrap()
}

fn squid() -> DocumentId {
    DocumentId::Parser("squid".to_owned())
}

#[tokio::test]
async fn what_is_pushed_is_pulled_byte_for_byte() {
    let server = ZooKeeper::start().unwrap();
    let (input, output) = (folder(), folder());
    squid_folder(input.path()).unwrap();
    put(
        input.path(),
        "global.json",
        "/* kept */ {\"é\" : 1}  // too\n\n",
    )
    .unwrap();
    put(input.path(), "profiler.json", "{\"profiles\": []}").unwrap();
    put(input.path(), "patterns/other", "ignored").unwrap();
    let pushed = tool(
        &server,
        &["--mode", "PUSH", "-i", text_of(input.path()), "-z", "ZK"],
    )
    .await;
    assert_eq!(
        (pushed.code, pushed.out.as_str(), pushed.err.as_str()),
        (0, "", "")
    );

    let target = output.path().join("new/config");
    let pull = ["-m", "PULL", "-o", text_of(&target), "-z", "ZK"];
    assert_eq!(succeeds(&server, &pull).await, "");
    let of = |root: &Path| FolderStore::new(root).read_tree_blocking().unwrap();
    let (sent, got) = (of(input.path()), of(&target));
    assert_eq!(sent.documents.len(), 5);
    for (id, document) in &sent.documents {
        assert_eq!(got.documents[id].bytes, document.bytes, "{id}");
    }

    // Without force nothing is overwritten, not even what comes before the first file that exists.
    fs::remove_file(target.join("global.json")).unwrap();
    let refused = fails(&server, &pull).await;
    assert!(
        refused.starts_with("Unable to overwrite existing file ("),
        "{refused}"
    );
    assert!(
        refused.contains("without the force flag (-f or --force) being set."),
        "{refused}"
    );
    assert!(!target.join("global.json").exists());
    put(&target, "parsers/squid.json", "old").unwrap();
    put(&target, "parsers/mine.json", "{}").unwrap();
    succeeds(
        &server,
        &["-m", "PULL", "-o", text_of(&target), "-z", "ZK", "-f"],
    )
    .await;
    assert_eq!(
        fs::read_to_string(target.join("parsers/squid.json")).unwrap(),
        common::SQUID
    );
    assert!(
        target.join("parsers/mine.json").exists(),
        "what is only here stays"
    );
    assert!(
        fails(&server, &["-m", "PULL", "-z", "ZK"])
            .await
            .contains("Output directory")
    );
}

#[tokio::test]
async fn one_kind_or_one_sensor_is_pushed() {
    let server = ZooKeeper::start().unwrap();
    let input = folder();
    squid_folder(input.path()).unwrap();
    put(input.path(), "indexing/bro.json", BATCH_5).unwrap();
    let input_dir = text_of(input.path());
    let push = ["-m", "PUSH", "-z", "ZK", "-i", input_dir];
    succeeds(
        &server,
        &[&push[..], &["-c", "INDEXING", "-n", "bro"]].concat(),
    )
    .await;
    let bro = DocumentId::Indexing("bro".to_owned());
    let squid_indexing = DocumentId::Indexing("squid".to_owned());
    assert!(stored(&server, &bro).await.is_some());
    assert!(stored(&server, &squid_indexing).await.is_none());
    succeeds(&server, &[&push[..], &["-c", "indexing"]].concat()).await;
    assert!(stored(&server, &squid_indexing).await.is_some());
    assert!(stored(&server, &DocumentId::Global).await.is_none());
    succeeds(
        &server,
        &[&push[..], &["-c", "GLOBAL", "-n", "ignored"]].concat(),
    )
    .await;
    assert!(stored(&server, &DocumentId::Global).await.is_some());
    assert!(stored(&server, &squid()).await.is_none());
    let missing = fails(
        &server,
        &[&push[..], &["-c", "PARSER", "-n", "yaf"]].concat(),
    )
    .await;
    assert_eq!(missing, "Unable to find configuration for yaf\n");
}

#[tokio::test]
async fn one_invalid_document_keeps_all_from_being_written() {
    let server = ZooKeeper::start().unwrap();
    let input = folder();
    squid_folder(input.path()).unwrap();
    put(input.path(), "enrichments/squid.json", BROKEN_RULE).unwrap();
    put(
        input.path(),
        "parsers/bro.json",
        "{\"parserClasName\": \"x\"}",
    )
    .unwrap();
    let refused = fails(
        &server,
        &["-m", "PUSH", "-i", text_of(input.path()), "-z", "ZK"],
    )
    .await;
    assert!(refused.contains("enrichments/squid.json:5:"), "{refused}");
    assert!(
        refused.contains(
            "error[C101]: there is no field `parserClasName` here\n --> parsers/bro.json:1:2"
        ),
        "{refused}"
    );
    assert!(
        refused.contains("did you mean `parserClassName`?"),
        "{refused}"
    );
    assert!(
        refused.ends_with("\n\nNothing was written: 2 documents are not valid.\n"),
        "{refused}"
    );
    let store = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    assert!(store.read_tree().await.unwrap().documents.is_empty());
}

#[tokio::test]
async fn the_wrong_directory_is_told() {
    let server = ZooKeeper::start().unwrap();
    let input = folder();
    put(input.path(), "squid.json", "{}").unwrap();
    let refused = fails(
        &server,
        &["-m", "PUSH", "-i", text_of(input.path()), "-z", "ZK"],
    )
    .await;
    assert!(
        refused.starts_with("There is nothing to push: "),
        "{refused}"
    );
    let missing = fails(&server, &["-m", "PUSH", "-i", "/no/such/dir", "-z", "ZK"]).await;
    assert_eq!(
        missing,
        "Input directory: /no/such/dir does not exist or is not a directory.\n"
    );
    let missing = fails(&server, &["-m", "PUSH", "-z", "ZK"]).await;
    assert_eq!(
        missing,
        "Input directory is required when performing a PUSH operation.\n"
    );
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let server = ZooKeeper::start().unwrap();
    let input = folder();
    squid_folder(input.path()).unwrap();
    let dir = text_of(input.path());
    succeeds(
        &server,
        &["-m", "PUSH", "-z", "ZK", "-i", dir, "-c", "GLOBAL"],
    )
    .await;
    succeeds(
        &server,
        &["-m", "PUSH", "-z", "ZK", "-i", dir, "-c", "INDEXING"],
    )
    .await;
    put(input.path(), "indexing/squid.json", "{}").unwrap();
    let told = succeeds(&server, &["-m", "PUSH", "-z", "ZK", "-i", dir, "--dry-run"]).await;
    assert_eq!(
        told,
        "global is the same already\nparsers/squid would be created\nindexing/squid would be changed\nenrichments/squid would be created\n"
    );
    assert!(stored(&server, &squid()).await.is_none());
}

#[tokio::test]
async fn a_dump_has_upstreams_text() {
    let server = ZooKeeper::start().unwrap();
    let input = folder();
    put(input.path(), "global.json", "{ \"g\": 1 }").unwrap();
    put(input.path(), "parsers/b.json", "{\"parserConfig\": {}}\n").unwrap();
    put(input.path(), "parsers/a.json", "{}").unwrap();
    put(input.path(), "enrichments/e.json", "{}").unwrap();
    put(input.path(), "indexing/i.json", "{}").unwrap();
    put(input.path(), "profiler.json", "{}").unwrap();
    succeeds(
        &server,
        &["-m", "PUSH", "-z", "ZK", "-i", text_of(input.path())],
    )
    .await;
    assert_eq!(
        succeeds(&server, &["-m", "DUMP", "-z", "ZK"]).await,
        "GLOBAL Config: global\n{ \"g\": 1 }\nPARSER Config: a\n{}\nPARSER Config: b\n{\"parserConfig\": {}}\n\n\
         INDEXING Config: i\n{}\nENRICHMENT Config: e\n{}\nPROFILER Config: profiler\n{}\n"
    );
    assert_eq!(
        succeeds(
            &server,
            &["-m", "dump", "-z", "ZK", "-c", "PARSER", "-n", "a"]
        )
        .await,
        "PARSER Config: a\n{}\n"
    );
    assert_eq!(
        succeeds(&server, &["-m", "DUMP", "-z", "ZK", "-c", "GLOBAL"]).await,
        "GLOBAL Config: global\n{ \"g\": 1 }\n"
    );
    let missing = fails(
        &server,
        &["-m", "DUMP", "-z", "ZK", "-c", "PARSER", "-n", "missing"],
    )
    .await;
    assert_eq!(missing, "there is no configuration parsers/missing\n");

    let store = ZooKeeperStore::connect(&server.quorum()).await.unwrap();
    store.delete(&DocumentId::Profiler).await.unwrap();
    assert_eq!(
        succeeds(&server, &["-m", "DUMP", "-z", "ZK", "-c", "PROFILER"]).await,
        ""
    );
    store.write(&squid(), b"{\"nope\": 1}").await.unwrap();
    let outcome = tool(&server, &["-m", "DUMP", "-z", "ZK", "-c", "PARSER"]).await;
    assert_eq!(outcome.code, 1);
    assert!(
        outcome
            .out
            .ends_with("PARSER Config: squid\n{\"nope\": 1}\n"),
        "{}",
        outcome.out
    );
    assert!(
        outcome.err.contains("there is no field `nope` here"),
        "{}",
        outcome.err
    );
}

#[tokio::test]
async fn patches_change_the_stored_document() {
    let server = ZooKeeper::start().unwrap();
    let input = folder();
    squid_folder(input.path()).unwrap();
    succeeds(
        &server,
        &["-m", "PUSH", "-z", "ZK", "-i", text_of(input.path())],
    )
    .await;
    let patch = ["-m", "PATCH", "-z", "ZK"];
    let global = [&patch[..], &["-c", "GLOBAL"]].concat();
    let with = |more: &[&'static str]| [&global[..], more].concat();

    succeeds(
        &server,
        &with(&["-pm", "ADD", "-pk", "/b", "-pv", "{ \"c\": [1, {}] }"]),
    )
    .await;
    let expected = "{\n  \"a\" : 1,\n  \"b\" : {\n    \"c\" : [ 1, { } ]\n  }\n}";
    assert_eq!(
        stored(&server, &DocumentId::Global).await.unwrap(),
        expected
    );
    succeeds(&server, &with(&["-pk", "b/c/-", "-pv", "\"\"bar\"\""])).await;
    succeeds(&server, &with(&["-pm", "REMOVE", "-pk", "/a"])).await;
    succeeds(&server, &with(&["-pm", "REMOVE", "-pk", "/never"])).await;
    assert_eq!(
        stored_json(&server, &DocumentId::Global).await,
        json!({"b": {"c": [1, {}, "bar"]}})
    );

    let file = put(
        input.path(),
        "patch.json",
        r#"[ {"op": "test", "path": "/sensorTopic", "value": "squid"},
             {"op": "replace", "path": "/sensorTopic", "value": "proxy"},
             {"op": "ADD", "path": "/parserConfig/batchSize", "value": 5} ]"#,
    )
    .unwrap();
    let parser = [
        &patch[..],
        &["-c", "PARSER", "-n", "squid", "-pf", text_of(&file)],
    ]
    .concat();
    let told = succeeds(&server, &[&parser[..], &["--dry-run"]].concat()).await;
    assert!(
        told.starts_with("parsers/squid would be changed\n{\n"),
        "{told}"
    );
    assert_eq!(stored(&server, &squid()).await.unwrap(), common::SQUID);
    succeeds(&server, &parser).await;
    let patched = stored_json(&server, &squid()).await;
    assert_eq!(patched["sensorTopic"], "proxy");
    assert_eq!(patched["parserConfig"]["batchSize"], 5);
    let again = fails(&server, &parser).await;
    assert_eq!(
        again,
        "operation 1 of the patch (test /sensorTopic): value did not match; nothing was changed\n"
    );
}

#[tokio::test]
async fn a_patch_that_cannot_be_is_refused() {
    let server = ZooKeeper::start().unwrap();
    let input = folder();
    squid_folder(input.path()).unwrap();
    succeeds(
        &server,
        &["-m", "PUSH", "-z", "ZK", "-i", text_of(input.path())],
    )
    .await;
    let patch = ["-m", "PATCH", "-z", "ZK"];
    let refusal = async |more: &[&str]| fails(&server, &[&patch[..], more].concat()).await;

    assert_eq!(
        refusal(&["-pk", "/a", "-pv", "1"]).await,
        "Patch requires config type\n"
    );
    assert!(
        refusal(&["-c", "PARSER", "-pk", "/a", "-pv", "1"])
            .await
            .contains("requires the name")
    );
    assert!(refusal(&["-c", "GLOBAL"]).await.contains("-pf"));
    assert!(
        refusal(&["-c", "GLOBAL", "-pk", "/a"])
            .await
            .contains("-pv")
    );
    let mode = refusal(&["-c", "GLOBAL", "-pm", "REPLACE", "-pk", "/a", "-pv", "1"]).await;
    assert!(
        mode.starts_with("Patch mode not supported: REPLACE"),
        "{mode}"
    );
    let missing = refusal(&["-c", "PARSER", "-n", "yaf", "-pk", "/a", "-pv", "1"]).await;
    assert_eq!(missing, "there is no configuration parsers/yaf\n");
    let unknown = refusal(&["-c", "PARSER", "-n", "squid", "-pk", "/nope", "-pv", "1"]).await;
    assert!(
        unknown.contains("there is no field `nope` here"),
        "{unknown}"
    );
    let whole = refusal(&["-c", "GLOBAL", "-pk", "", "-pv", "[]"]).await;
    assert!(whole.contains("must be an object"), "{whole}");
    let path = refusal(&[
        "-c",
        "ENRICHMENT",
        "-n",
        "../global",
        "-pk",
        "/a",
        "-pv",
        "1",
    ])
    .await;
    assert!(path.contains("cannot be the name of a sensor"), "{path}");
    let file = refusal(&["-c", "GLOBAL", "-pf", "/no/such/file"]).await;
    assert!(
        file.starts_with("cannot read the patch file /no/such/file"),
        "{file}"
    );
    assert_eq!(stored(&server, &squid()).await.unwrap(), common::SQUID);
}

#[tokio::test]
async fn help_and_usage_errors_have_their_exit_codes() {
    let call = async |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run_async(&default_compiler(), &arguments, &mut out, &mut err).await;
        (
            code,
            String::from_utf8(out).unwrap(),
            String::from_utf8(err).unwrap(),
        )
    };
    let (code, out, err) = call(&["-h"]).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("usage: configuration_manager\n"), "{out}");
    for bad in [
        &["-m", "PUSH"][..],
        &[],
        &["-m", "PUSH", "-z", "q", "--nope"],
        &["-m", "X", "-z", "q"],
    ] {
        let (code, out, err) = call(bad).await;
        assert_eq!((code, out.as_str()), (255, ""), "{bad:?}");
        assert!(err.starts_with("Unable to parse args: "), "{err}");
        assert!(err.contains("usage: configuration_manager"), "{err}");
    }
    let port = alidade_testkit::free_port().unwrap();
    let quorum = format!("127.0.0.1:{port}");
    let (code, _, err) = call(&["-m", "DUMP", "-z", &quorum]).await;
    assert_eq!(code, 1);
    assert!(err.contains("cannot reach ZooKeeper"), "{err}");
}

#[tokio::test]
async fn warnings_alike_are_one_line_and_the_tests_beside_are_left_alone() {
    let server = ZooKeeper::start().unwrap();
    let input = folder();
    let stored = r#"{"enrichment": {"fieldMap": {"hbaseEnrichment": ["ip_src_addr"]}}}"#;
    for sensor in ["asa", "bro", "snort"] {
        put(input.path(), &format!("enrichments/{sensor}.json"), stored).unwrap();
    }
    put(input.path(), "tests/bro/first.json", "no test at all").unwrap();
    let push = ["-m", "PUSH", "-z", "ZK", "-i", text_of(input.path())];
    let pushed = tool(&server, &push).await;
    assert_eq!((pushed.code, pushed.out.as_str()), (0, ""));
    let lines: Vec<&str> = pushed.err.lines().collect();
    assert_eq!(lines.len(), 2, "{}", pushed.err);
    assert!(
        lines[0].starts_with("warning: enrichments/asa.json:1:49: not built yet"),
        "{}",
        lines[0]
    );
    assert!(
        lines[0].ends_with("also at enrichments/bro.json:1:49, enrichments/snort.json:1:49"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].starts_with("3 documents written to ZooKeeper "),
        "{}",
        lines[1]
    );
    assert!(lines[1].ends_with(", 3 warnings"), "{}", lines[1]);
    let dumped = succeeds(&server, &["-m", "DUMP", "-z", "ZK"]).await;
    assert!(!dumped.contains("no test at all"), "{dumped}");
}
