use alidade_stellar::Library;

use super::*;
use crate::FieldNameConverter;

fn compile(json: &str) -> Result<SensorIndexing, Vec<alidade_stellar::ConfigProblem>> {
    let global = GlobalIndexingSettings::default();
    IndexingConfig::from_json(json.as_bytes()).unwrap().compile(
        "squid",
        &global,
        &Library::metron(),
    )
}

const WRITERS: [WriterKind; 5] = [
    WriterKind::Elasticsearch,
    WriterKind::Solr,
    WriterKind::Hdfs,
    WriterKind::Kafka,
    WriterKind::Local,
];

#[test]
fn an_empty_document_means_every_default() {
    for json in ["{}", "null", r#"{"elasticsearch":null,"other":5}"#] {
        let compiled = compile(json).unwrap();
        for writer in WRITERS {
            let settings = compiled.settings(writer);
            assert!(settings.enabled && settings.is_default, "{json} {writer:?}");
            assert_eq!(settings.index, "squid");
            assert_eq!(settings.batch_size, 1);
            assert_eq!(settings.linger(), WriterSettings::DEFAULT_LINGER);
            assert_eq!(settings.field_names, FieldNameConverter::Dedot);
            assert!(settings.set_document_id && settings.output_path.is_none());
        }
    }
}

#[test]
fn the_walk_throughs_document_is_understood() {
    let compiled = compile(
        r#"{"hdfs": {"index": "squid", "batchSize": 5, "enabled": true},
            "elasticsearch": {"index": "squid", "batchSize": 5, "enabled": true},
            "solr": {"index": "squid", "batchSize": 5, "enabled": true}}"#,
    )
    .unwrap();
    for writer in [
        WriterKind::Hdfs,
        WriterKind::Elasticsearch,
        WriterKind::Solr,
        WriterKind::Local,
    ] {
        let settings = compiled.settings(writer);
        assert_eq!(settings.batch_size, 5, "{writer:?}");
        assert!(!settings.is_default);
    }
    assert!(compiled.settings(WriterKind::Kafka).is_default);
}

#[test]
fn scalars_are_coerced_and_unknown_keys_ignored() {
    let compiled = compile(
        r#"{"elasticsearch": {"index": 7, "batchSize": "40", "batchTimeout": 3.9, "enabled": "no",
              "fieldNameConverter": "noop", "setDocumentId": 0, "unknown": {"a": []}}}"#,
    )
    .unwrap();
    let settings = compiled.settings(WriterKind::Elasticsearch);
    assert_eq!(settings.index, "7");
    assert_eq!(settings.batch_size, 40);
    assert_eq!(settings.linger().as_secs(), 3);
    assert!(!settings.enabled && !settings.set_document_id);
    assert_eq!(settings.field_names, FieldNameConverter::Noop);
}

#[test]
fn odd_numbers_and_names_do_no_harm() {
    let compiled = compile(
        r#"{"elasticsearch": {"batchSize": -3, "batchTimeout": -1, "fieldNameConverter": "SHOUT"},
            "solr": {"index": ""}, "hdfs": {"batchSize": 0, "outputPathFunction": "  "},
            "kafka": {"batchTimeout": 999999999999}}"#,
    )
    .unwrap();
    let elasticsearch = compiled.settings(WriterKind::Elasticsearch);
    assert_eq!(elasticsearch.batch_size, 1);
    assert_eq!(elasticsearch.linger(), WriterSettings::DEFAULT_LINGER);
    assert_eq!(elasticsearch.field_names, FieldNameConverter::Dedot);
    assert_eq!(compiled.settings(WriterKind::Solr).index, "metron");
    assert!(compiled.settings(WriterKind::Hdfs).output_path.is_none());
    assert_eq!(
        compiled.settings(WriterKind::Kafka).linger().as_secs(),
        3_600
    );
}

#[test]
fn what_cannot_be_coerced_is_named_with_its_place() {
    for (json, path) in [
        (r#"{"hdfs": {"batchSize": "many"}}"#, "/hdfs/batchSize"),
        (r#"{"hdfs": {"batchSize": {}}}"#, "/hdfs/batchSize"),
        (r#"{"solr": {"enabled": "perhaps"}}"#, "/solr/enabled"),
        (r#"{"solr": {"enabled": 2}}"#, "/solr/enabled"),
        (
            r#"{"elasticsearch": {"index": ["a"]}}"#,
            "/elasticsearch/index",
        ),
        (
            r#"{"elasticsearch": {"indexDate": "soon"}}"#,
            "/elasticsearch/indexDate",
        ),
        (r#"{"elasticsearch": []}"#, "/elasticsearch"),
        (
            r#"{"hdfs": {"outputPathFunction": "FORMAT('uid-%s',"}}"#,
            "/hdfs/outputPathFunction",
        ),
        (r#"[]"#, ""),
    ] {
        let problems = compile(json).unwrap_err();
        assert_eq!(problems.len(), 1, "{json}: {problems:?}");
        assert_eq!(problems[0].path, path, "{json}");
    }
    assert!(IndexingConfig::from_json(b"{").is_err());
}

#[test]
fn a_local_section_stands_on_its_own() {
    let compiled =
        compile(r#"{"elasticsearch": {"batchSize": 5}, "local": {"index": "other"}}"#).unwrap();
    let local = compiled.settings(WriterKind::Local);
    assert_eq!((local.index.as_str(), local.batch_size), ("other", 1));
}

#[test]
fn the_global_default_of_document_ids_is_overridden_by_the_sensor() {
    let text = br#"{"indexing.writer.elasticsearch.setDocumentId": false}"#;
    let global = GlobalIndexingSettings::from_json(text).unwrap();
    assert!(!WriterSettings::default_for("squid", &global).set_document_id);
    let config = IndexingConfig::from_json(br#"{"elasticsearch":{"setDocumentId":true}}"#).unwrap();
    let compiled = config
        .compile("squid", &global, &Library::metron())
        .unwrap();
    assert!(compiled.settings(WriterKind::Elasticsearch).set_document_id);
}

#[test]
fn an_index_name_has_the_date_of_its_moment() {
    let settings = WriterSettings::default_for("squid", &GlobalIndexingSettings::default());
    let name = settings.index_name(1_571_163_632_536, &DateFormat::default());
    assert_eq!(name, "squid_index_2019.10.15.18");
}

#[test]
fn the_moment_of_an_index_can_be_chosen() {
    let item = crate::testing::item("squid", 3, r#"{"timestamp":"1571163632536"}"#);
    let pending = crate::Pending {
        item,
        first_tried_ms: 99,
        failures: 0,
    };
    let mut settings = WriterSettings::default_for("squid", &GlobalIndexingSettings::default());
    for (date, expected) in [
        (IndexDate::Flush, 99),
        (IndexDate::Record, pending.item.origin.record_time_ms),
        (IndexDate::Event, 1_571_163_632_536),
    ] {
        settings.index_date = date;
        assert_eq!(settings.index_time_ms(&pending), expected, "{date:?}");
    }
    for timestamp in ["\"soon\"", "null", "1e400", "9223372036854775807", "{}"] {
        let mut odd = pending.clone();
        let json = format!(r#"{{"timestamp":{timestamp}}}"#);
        if let Ok(event) =
            alidade_event::Event::read_json(json.as_bytes(), alidade_event::NumberStyle::Simple)
        {
            odd.item.event = event;
            assert_eq!(settings.index_time_ms(&odd), 99, "{timestamp}");
        }
    }
}

#[test]
fn hdfs_settings_have_defaults_and_bounds() {
    let defaults = HdfsGlobal::default();
    assert_eq!(defaults.root, "/apps/metron/indexing/indexed");
    assert_eq!(
        (defaults.max_file_bytes, defaults.max_open_files),
        (128 << 20, 500)
    );
    let text =
        br#"{"indexing.writer.hdfs.root":"file:///x","indexing.writer.hdfs.maxFileBytes":"10",
        "indexing.writer.hdfs.maxOpenFiles":0,"indexing.writer.hdfs.idleSeconds":0}"#;
    let hdfs = GlobalIndexingSettings::from_json(text).unwrap().hdfs;
    assert_eq!(
        (hdfs.root.as_str(), hdfs.max_file_bytes, hdfs.max_open_files),
        ("file:///x", 10, 1)
    );
    assert_eq!(hdfs.idle.as_secs(), 1);
}

#[test]
fn a_path_function_gives_a_folder_or_says_why_not() {
    let config = r#"{"hdfs": {"outputPathFunction": "FORMAT('uid-%s', uid)"}}"#;
    let compiled = compile(config).unwrap();
    let path = compiled
        .settings(WriterKind::Hdfs)
        .output_path
        .clone()
        .unwrap();
    let event = |json| crate::testing::item("squid", 1, json).event;
    assert_eq!(path.folder(&event(r#"{"uid":1}"#), 0).unwrap(), "uid-1");

    let field = |json| {
        let path = OutputPath::compile("uid", "/x", &Library::metron())
            .unwrap()
            .unwrap();
        path.folder(&event(json), 0)
    };
    assert_eq!(field(r#"{"uid":"a/b"}"#).unwrap(), "a/b");
    assert_eq!(field("{}").unwrap(), "", "nothing stands for the root");
    assert!(field(r#"{"uid":5}"#).unwrap_err().contains("not a text"));

    let remote = "MAP_GET('x', MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga'), {'host': uid}))";
    let problems = OutputPath::compile(remote, "/x", &Library::metron()).unwrap_err();
    assert!(
        problems[0].message.contains("another process"),
        "{problems:?}"
    );
    let failing = OutputPath::compile("1 / nothing", "/x", &Library::metron())
        .unwrap()
        .unwrap();
    assert!(
        failing
            .folder(&event("{}"), 0)
            .unwrap_err()
            .contains("fails")
    );
}
