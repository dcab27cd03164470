//! Keys of objects that may have any: told of when they are nearly a key that is read.

use alidade_stellar::config_code;
use serde_json::{Map, Value as Json};

use super::known::is_slip;
use crate::Problem;
use crate::json::{JsonDocument, child};

const WRITERS: [&str; 5] = ["elasticsearch", "solr", "hdfs", "kafka", "local"];
const WRITER_KEYS: [&str; 8] = [
    "index",
    "batchSize",
    "batchTimeout",
    "enabled",
    "fieldNameConverter",
    "indexDate",
    "outputPathFunction",
    "setDocumentId",
];
const GLOBAL_KEYS: [&str; 13] = [
    "es.clustername",
    "es.ip",
    "es.port",
    "es.date.format",
    "es.client.settings",
    "fieldValidations",
    "parser.error.topic",
    "geo.hdfs.file",
    "asn.hdfs.file",
    "solr.zookeeper",
    "solr.commitPerBatch",
    "update.hbase.table",
    "update.hbase.cf",
];

/// What `parserConfig` may have for some parser; its other keys are variables of expressions.
const PARSER_KEYS: [&str; 28] = [
    "batchSize",
    "batchTimeout",
    "bro.filter.source.key",
    "bro.filter.source.known.protocols",
    "columns",
    "convertCamelCaseToUnderScore",
    "dateFormat",
    "deviceTimeZone",
    "enabled",
    "fields",
    "filter.query",
    "grokPath",
    "jsonpQuery",
    "kafka.producerConfigs",
    "kafka.topic",
    "kafka.topicField",
    "mapStrategy",
    "messageHeaderRegex",
    "multiLine",
    "nilPolicy",
    "overrideOriginalString",
    "patternLabel",
    "readCharset",
    "recordTypeRegex",
    "separator",
    "timeFields",
    "timestampField",
    "timestampFormat",
];
const STRATEGY_KEYS: [&str; 2] = ["metadataPrefix", "messageField"];

pub(super) fn check_parser(document: &JsonDocument, problems: &mut Vec<Problem>) {
    for (key, known) in [
        ("parserConfig", &PARSER_KEYS[..]),
        ("rawMessageStrategyConfig", &STRATEGY_KEYS),
    ] {
        if let Some(Json::Object(settings)) = document.members().get(key) {
            check(document, &child("", key), settings, known, problems);
        }
    }
}

pub(super) fn check_global(document: &JsonDocument, problems: &mut Vec<Problem>) {
    check(document, "", document.members(), &GLOBAL_KEYS, problems);
}

pub(super) fn check_indexing(document: &JsonDocument, problems: &mut Vec<Problem>) {
    check(document, "", document.members(), &WRITERS, problems);
    for (writer, settings) in document.members() {
        if let Json::Object(settings) = settings {
            let pointer = child("", writer);
            check(document, &pointer, settings, &WRITER_KEYS, problems);
        }
    }
}

fn check(
    document: &JsonDocument,
    pointer: &str,
    members: &Map<String, Json>,
    known: &[&str],
    problems: &mut Vec<Problem>,
) {
    for key in members.keys().filter(|key| !known.contains(&key.as_str())) {
        let Some(meant) = known.iter().find(|known| is_slip(key, known)) else {
            continue;
        };
        let message = format!("nothing reads the key `{key}`");
        problems.push(
            document
                .problem_at_key(&child(pointer, key), config_code::UNKNOWN_KEY, message)
                .with_help(format!("did you mean `{meant}`?"))
                .as_warning(),
        );
    }
}
