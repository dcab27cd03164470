use alidade_config::FolderStore;
use alidade_parsers::BuiltInPatterns;

use super::*;
use crate::functions::testing::{Called, call, quoted};

struct Bench {
    _folder: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
    services: Services,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store: Arc<dyn Store> = Arc::new(FolderStore::new(folder.path()));
        let services = Services::new(
            runtime.handle().clone(),
            Some(store),
            Arc::new(BuiltInPatterns),
        );
        Bench {
            _folder: folder,
            _runtime: runtime,
            services,
        }
    }

    fn get(&self, arguments: &[&str]) -> Called {
        call(arguments, |call| get(call, &self.services))
    }

    fn put(&self, arguments: &[&str]) -> Called {
        call(arguments, |call| put(call, &self.services))
    }
}

#[test]
fn what_was_put_is_what_comes_back() {
    let bench = Bench::new();
    let text = "// kept\n{ \"elasticsearch\": {\"batchSize\": 5} }\n";
    let put = bench.put(&[r#""INDEXING""#, &quoted(text), r#""squid""#]);
    assert_eq!(put.value(), "null");
    assert_eq!(bench.get(&[r#""indexing""#, r#""squid""#]).text(), text);
    assert_eq!(bench.put(&[r#""GLOBAL""#, "null"]).value(), "null");
    assert_eq!(bench.get(&[r#""GLOBAL""#, "false"]).value(), "null");
    assert_eq!(
        bench.put(&[r#""GLOBAL""#, r#""{\"a\": 1}""#]).value(),
        "null"
    );
    assert_eq!(bench.get(&[r#""GLOBAL""#]).value(), r#""{\"a\": 1}""#);
}

#[test]
fn a_minimal_document_stands_for_one_that_is_not_there() {
    let bench = Bench::new();
    for (kind, sensor) in [
        (r#""GLOBAL""#, None),
        (r#""PROFILER""#, None),
        (r#""ENRICHMENT""#, Some(r#""s""#)),
        (r#""INDEXING""#, Some(r#""s""#)),
    ] {
        let mut arguments = vec![kind];
        arguments.extend(sensor);
        let minimal = bench.get(&arguments).value();
        assert!(minimal.starts_with(r#""{"#), "{minimal}");
        assert_eq!(
            bench
                .get(&[arguments.as_slice(), &["true"]].concat())
                .value(),
            minimal
        );
        assert_eq!(
            bench
                .get(&[arguments.as_slice(), &["false"]].concat())
                .value(),
            "null"
        );
        // It is valid as it is, and comes back as it is.
        let mut arguments = vec![kind, minimal.as_str()];
        arguments.extend(sensor);
        assert_eq!(bench.put(&arguments).value(), "null");
        let mut arguments = vec![kind];
        arguments.extend(sensor);
        assert_eq!(
            bench
                .get(&[arguments.as_slice(), &["false"]].concat())
                .value(),
            minimal
        );
    }
    let minimal = bench.get(&[r#""PARSER""#, r#""s""#]).value();
    assert!(minimal.contains("fieldTransformations"), "{minimal}");
}

#[test]
fn an_invalid_document_is_refused_with_its_problems() {
    let bench = Bench::new();
    let rule = r#""{\"threatIntel\": {\"triageConfig\": {\"riskLevelRules\": [{\"rule\": \"x ==\", \"score\": 1}]}}}""#;
    let error = bench.put(&[r#""ENRICHMENT""#, rule, r#""squid""#]).error();
    assert!(error.contains("enrichments/squid.json:1:"), "{error}");
    assert!(error.contains("nothing was written"), "{error}");
    assert_eq!(
        bench
            .get(&[r#""ENRICHMENT""#, r#""squid""#, "false"])
            .value(),
        "null"
    );
    let error = bench.put(&[r#""GLOBAL""#, r#""foo bar""#]).error();
    assert!(error.contains("global.json:1:"), "{error}");
    let error = bench
        .put(&[r#""PARSER""#, r#""{\"parserClasName\": 1}""#, r#""s""#])
        .error();
    assert!(error.contains("did you mean `parserClassName`?"), "{error}");
}

#[test]
fn what_is_asked_for_must_be_clear() {
    let bench = Bench::new();
    for (arguments, part) in [
        (vec![r#""PARSERS""#], "there is no configuration type"),
        (vec!["null"], "argument 1 must be text, not null"),
        (vec![r#""PARSER""#], "give its name as argument 2"),
        (
            vec![r#""PARSER""#, "false"],
            "argument 2 must be the name of a sensor",
        ),
        (
            vec![r#""PARSER""#, r#""../x""#],
            "cannot be the name of a sensor",
        ),
    ] {
        let error = bench.get(&arguments).error();
        assert!(error.contains(part), "{error}");
    }
    let mut bench = bench;
    bench.services.store = None;
    let error = bench.get(&[r#""GLOBAL""#]).error();
    assert!(error.contains("-z host:port"), "{error}");
}
