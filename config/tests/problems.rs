//! The texts that tell what is wrong with a document, and the offline check.

mod common;

use std::sync::Arc;

use alidade_config::check::{self, Format, Options};
use alidade_config::load_configs::default_compiler;
use alidade_config::{DocumentId, ExtraValidator, FolderStore, Problem, validate};
use alidade_stellar::ConfigProblem;
use common::{BROKEN_RULE, SQUID, put, squid_folder};
use serde_json::{Map, Value};

fn problems_of(name: &str, text: &str) -> Vec<Problem> {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), name, text).unwrap();
    let tree = FolderStore::new(folder.path())
        .read_tree_blocking()
        .unwrap();
    validate(&tree, &default_compiler()).unwrap_err()
}

#[test]
fn a_stellar_error_is_shown_at_its_line_and_column() {
    let text = SQUID.replace("URL_TO_HOST(url)", "URL_TO_HOST(url, \\\"x\\\") +");
    let problems = problems_of("parsers/squid.json", &text);
    let shown = problems[0].to_string();
    assert!(shown.starts_with("error[S0"), "{shown}");
    assert!(shown.contains("--> parsers/squid.json:14:"), "{shown}");
    let excerpt = "14 |         \"full_hostname\": \"URL_TO_HOST(url, \\\"x\\\") +\"";
    assert!(shown.contains(excerpt), "{shown}");
    assert!(
        shown.contains("= field: /fieldTransformations/0/config/full_hostname"),
        "{shown}"
    );
}

#[test]
fn the_mark_stands_under_the_fault() {
    let text = SQUID.replace("URL_TO_HOST(url)", "NO_SUCH_FUNCTION(url)");
    let problems = problems_of("parsers/squid.json", &text);
    let problem = &problems[0];
    assert_eq!((problem.line, problem.column), (Some(14), Some(27)));
    let excerpt = problem.excerpt.as_ref().unwrap();
    let marked: String = excerpt
        .text
        .chars()
        .skip(excerpt.marked.start)
        .take(16)
        .collect();
    assert_eq!(marked, "NO_SUCH_FUNCTION");
}

#[test]
fn a_parser_that_does_not_exist_is_named_with_those_that_do() {
    let text = SQUID.replace("parsers.GrokParser", "parsers.Grokker");
    let shown = problems_of("parsers/squid.json", &text)[0].to_string();
    assert!(
        shown.starts_with(
            "error[C104]: there is no parser `org.apache.metron.parsers.Grokker`\n --> parsers/squid.json:2:22"
        ),
        "{shown}"
    );
    assert!(shown.contains("GrokParser"), "{shown}");
}

#[test]
fn a_bad_field_validation_refuses_the_global() {
    let text =
        "{\n  \"fieldValidations\": [\n    { \"input\": \"a\", \"validation\": \"IPX\" }\n  ]\n}";
    let problems = problems_of("global.json", text);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].line, Some(3), "{}", problems[0]);
    assert!(
        problems[0].pointer.starts_with("/fieldValidations/0"),
        "{}",
        problems[0]
    );
}

#[test]
fn a_time_limit_that_is_no_number_refuses_the_global() {
    for bad in ["0", "-5", "\"soon\"", "true", "[]"] {
        let text = format!("{{\n  \"stellar.evaluation.time.limit.ms\": {bad}\n}}");
        let problems = problems_of("global.json", &text);
        assert_eq!(problems.len(), 1, "{bad}");
        assert_eq!(problems[0].line, Some(2), "{}", problems[0]);
    }
}

#[test]
fn pattern_files_beside_the_documents_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let own = SQUID
        .replace("/patterns/squid", "/patterns/own")
        .replace("SQUID_DELIMITED", "OWN");
    put(folder.path(), "parsers/squid.json", &own).unwrap();
    let store = FolderStore::new(folder.path());
    let missing = validate(&store.read_tree_blocking().unwrap(), &default_compiler()).unwrap_err();
    assert_eq!(
        missing[0].pointer, "/parserConfig/grokPath",
        "{}",
        missing[0]
    );
    put(
        folder.path(),
        "patterns/own",
        "OWN %{NUMBER:timestamp} %{NOTSPACE:url}\n",
    )
    .unwrap();
    let snapshot = validate(&store.read_tree_blocking().unwrap(), &default_compiler()).unwrap();
    assert!(snapshot.parser("squid").is_some());
}

struct NoBatches;

impl ExtraValidator for NoBatches {
    fn validate(&self, document: &DocumentId, members: &Map<String, Value>) -> Vec<ConfigProblem> {
        let is_batched = members
            .values()
            .any(|writer| writer.get("batchSize").is_some());
        if !matches!(document, DocumentId::Indexing(_)) || !is_batched {
            return Vec::new();
        }
        vec![ConfigProblem::new(
            "/elasticsearch/batchSize",
            "no batches today",
        )]
    }
}

#[test]
fn a_further_check_can_be_passed_in() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    let tree = FolderStore::new(folder.path())
        .read_tree_blocking()
        .unwrap();
    let compiler = default_compiler().with_extra_validator(Arc::new(NoBatches));
    let problems = validate(&tree, &compiler).unwrap_err();
    assert_eq!(
        problems[0].one_line(),
        "indexing/squid.json:1:53: no batches today [C100] (field /elasticsearch/batchSize); give a value that the message allows"
    );
}

#[tokio::test]
async fn the_check_prints_every_problem_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    squid_folder(folder.path()).unwrap();
    let store = FolderStore::new(folder.path());
    let root = folder.path().display().to_string();
    let checked = async |format, deny_warnings| {
        let mut out = Vec::new();
        let options = Options {
            format,
            deny_warnings,
        };
        let code = check::run(&store, &default_compiler(), options, &mut out)
            .await
            .unwrap();
        (code, String::from_utf8(out).unwrap().replace(&root, "DIR"))
    };
    let (code, text) = checked(Format::Text, false).await;
    assert_eq!(
        (code, text.as_str()),
        (0, "folder DIR: 4 documents, 0 errors, 0 warnings\n")
    );

    put(folder.path(), "enrichments/squid.json", BROKEN_RULE).unwrap();
    put(folder.path(), "indexing/squid.json", "{} trailing").unwrap();
    let (code, text) = checked(Format::Text, false).await;
    assert_eq!(code, 1);
    assert!(text.contains("enrichments/squid.json:5:"), "{text}");
    assert!(
        text.contains(
            "warning[C005]: the text after the document is ignored\n --> indexing/squid.json:1:4\n"
        ),
        "{text}"
    );
    assert!(
        text.ends_with(
            "folder DIR: 4 documents, 1 error, 1 warning\n`alidade explain S001` tells more\n\
             a document with an error may have more findings that show when it is mended\n"
        ),
        "{text}"
    );
    let (code, text) = checked(Format::Json, false).await;
    let outcome: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, 1);
    assert_eq!(outcome["errors"], 1);
    assert_eq!(outcome["problems"][0]["document"], "enrichments/squid");
    let problem = &outcome["problems"][0];
    assert_eq!(problem["line"], 5);
    assert_eq!(problem["code"], "S001");
    for key in [
        "severity",
        "column",
        "end_column",
        "pointer",
        "message",
        "label",
        "help",
    ] {
        assert!(!problem[key].is_null(), "{key}: {problem}");
    }

    put(folder.path(), "enrichments/squid.json", "{}").unwrap();
    assert_eq!(
        checked(Format::Text, false).await.0,
        0,
        "a warning does not fail"
    );
    assert_eq!(
        checked(Format::Text, true).await.0,
        1,
        "unless it is denied"
    );

    let empty = tempfile::tempdir().unwrap();
    let mut out = Vec::new();
    let store = FolderStore::new(empty.path());
    let options = Options {
        format: Format::Text,
        deny_warnings: false,
    };
    let code = check::run(&store, &default_compiler(), options, &mut out)
        .await
        .unwrap();
    assert_eq!(code, 1);
    assert!(
        String::from_utf8(out)
            .unwrap()
            .starts_with("there is no configuration document in folder")
    );
}
